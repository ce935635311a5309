import pino from 'pino';
import { expect, it } from 'vitest';
import { Events } from '../../src/observability/events.ts';
import { logJobs } from '../../src/observability/job-log.ts';

it('says of a cancelled job which it was, and nothing of what it holds', () => {
  const lines: string[] = [];
  const events = new Events();
  logJobs(events, pino({ base: null, timestamp: false }, { write: (line: string) => void lines.push(line) }));
  events.emit('job.cancelled', {
    queue: 'email',
    job: 'send-welcome',
    jobId: '7',
    correlationId: 'c-1',
    attempt: 1,
    seconds: 0,
    envelope: {
      type: 'welcome',
      data: { email: 'ada@example.com' },
      meta: { key: 'k', correlationId: 'c-1' },
    },
  });
  expect(lines.map((line): unknown => JSON.parse(line))).toEqual([
    {
      level: 30,
      msg: 'job cancelled',
      queue: 'email',
      job: 'send-welcome',
      jobId: '7',
      correlationId: 'c-1',
      attempt: 1,
      ms: 0,
    },
  ]);
});
