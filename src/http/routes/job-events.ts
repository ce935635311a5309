import { z } from 'zod';
import { messageOf } from '../../errors/classify.ts';
import type { JobControl } from '../../queue/job-control.ts';
import type { JobView } from '../../queue/job-view.ts';
import { type JobChange, JobWatch, type WatchMark } from '../../queue/job-watch.ts';
import { jobMask, maskJob } from '../../queue/masking/index.ts';
import type { EventStreams } from '../event-stream.ts';
import { readableJob, seesInClear } from '../own-jobs.ts';
import { type Route, route } from '../route.ts';
import { jobAddress } from '../schemas/jobs.ts';

const resumption = z.object({
  'Last-Event-ID': z
    .string()
    .max(200)
    .optional()
    .describe('The id of the last event that was read; what came after it follows'),
});

/** A job as it happens, as server-sent events. */
export function jobEventRoutes(jobs: JobControl, streams: EventStreams): Route[] {
  const watch = new JobWatch(jobs);

  const events = route({
    method: 'get',
    path: '/jobs/{queue}/{job}/events',
    tag: 'Jobs',
    permission: 'jobs.read-own',
    summary: 'Watch a job until it ends',
    description: `Server-sent events, whichever process runs the job:

| event | data |
| --- | --- |
| \`state\` | \`{ state, attempts }\` |
| \`progress\` | \`{ percent, message? }\` |
| \`log\` | \`{ index, line }\`: a line that its processor has logged |
| \`end\` | \`{ job }\` with its result or failure; \`{ job: null }\` when its queue has forgotten it. Nothing follows |

A comment comes every 15 seconds. When the connection breaks, or the server drains, connect again with \`Last-Event-ID\`, as browsers do by themselves: any server goes on after that event.`,
    params: jobAddress,
    headers: resumption,
    answers: { 200: { contentType: 'text/event-stream', description: 'The events' } },
    errors: ['JOB_NOT_FOUND', 'UNKNOWN_QUEUE', 'RATE_LIMITED', 'QUEUE_UNAVAILABLE'],
    async handle({ params, headers, principal, response, log }) {
      const job = await readableJob(jobs, principal, params.queue, params.job);
      const shown = seesInClear(principal, job.addedBy) ? (change: JobChange) => change : maskedChange(job);
      const stream = streams.open(response, principal);
      const after = readMark(headers['Last-Event-ID']);
      try {
        for await (const { change, mark } of watch.changes(params.queue, params.job, stream.signal, after)) {
          await stream.send(change.kind, writeMark(mark), dataOf(shown(change)));
        }
      } catch (error) {
        // The answer has begun, so its end is all that can be said; whoever comes back hears what is wrong.
        log.warn(
          { queue: params.queue, jobId: params.job, reason: messageOf(error) },
          'A stream of events broke off',
        );
      } finally {
        stream.close();
      }
      return undefined;
    },
  });

  return [events];
}

/** What happens to a job, as those see it who may not see everything. */
function maskedChange(job: JobView): (change: JobChange) => JobChange {
  const { text } = jobMask(job);
  return (change) => {
    switch (change.kind) {
      case 'state':
        return change;
      case 'progress': {
        const { percent, message } = change.progress;
        return message === undefined ? change : { ...change, progress: { percent, message: text(message) } };
      }
      case 'log':
        return { ...change, line: text(change.line) };
      case 'end':
        return { ...change, job: change.job === undefined ? undefined : maskJob(change.job) };
    }
  };
}

function dataOf(change: JobChange): unknown {
  switch (change.kind) {
    case 'state':
      return { state: change.state, attempts: change.attempts };
    case 'progress':
      return change.progress;
    case 'log':
      return { index: change.index, line: change.line };
    case 'end':
      return { job: change.job ?? null };
  }
}

function writeMark({ lines, line, state, progress }: WatchMark): string {
  return [lines, line, state, progress].join('~');
}

/** A mark that is none of ours begins anew: better told twice than not at all. */
function readMark(id: string | undefined): WatchMark | undefined {
  const [lines = '', line, state, progress, ...more] = (id ?? '').split('~');
  if (!/^\d{1,9}$/.test(lines) || line === undefined || state === undefined) return undefined;
  if (progress === undefined || more.length > 0) return undefined;
  return { lines: Number(lines), line, state, progress };
}
