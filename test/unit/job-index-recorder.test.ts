import { describe, expect, it } from 'vitest';
import { Allowance } from '../../src/job-index/allowance.ts';
import { keepsItsJobs, LeftBehind } from '../../src/job-index/left-jobs.ts';
import { JobRecorder } from '../../src/job-index/recorder.ts';
import { Events } from '../../src/observability/events.ts';

const failure = { code: 'UNKNOWN', message: 'It broke.', stack: undefined } as const;

/** A recorder whose clock stands still until it is moved, and what it hears of. */
function listen(options: { readonly mostJobs?: number } = {}) {
  const time = { now: 1_000_000 };
  const events = new Events();
  const recorder = new JobRecorder(events, {
    mask: (_queue, _job, payload) => payload,
    keeps: (queue) => queue === 'email',
    clock: () => time.now,
    mostASecond: 10,
    mostAtOnce: 2,
    ...options,
  });
  const job = (jobId: string, queue = 'email') => ({
    queue,
    job: 'send-welcome',
    jobId,
    correlationId: 'c-1',
    addedAt: new Date(time.now),
  });
  const add = (jobId: string, queue?: string, over: { dueAt?: Date; priority?: number } = {}) =>
    events.emit('job.added', {
      ...job(jobId, queue),
      dueAt: undefined,
      maxAttempts: 3,
      envelope: { type: 'welcome', data: { name: jobId }, meta: { key: jobId, correlationId: 'c-1' } },
      bytes: 100,
      ...over,
    });
  const run = (jobId: string, queue?: string) => {
    const identity = { ...job(jobId, queue), attempt: 1 };
    events.emit('job.started', { ...identity, waitSeconds: 0.5 });
    events.emit('job.completed', { ...identity, seconds: 0.1 });
  };
  const noted = () => recorder.drain(100).map(({ jobId }) => jobId);
  return { time, events, recorder, job, add, run, noted };
}

describe('the recorder of the job index', () => {
  it('notes so many jobs a second, and counts those that it leaves to their queue', () => {
    const { time, recorder, add, noted } = listen();
    for (const id of ['1', '2', '3', '4']) add(id);
    time.now += 500;
    expect(recorder.takeLeft()).toEqual([{ queue: 'email', jobs: 2, sorted: false, forMs: 500 }]);
    expect(recorder.takeLeft()).toEqual([]);
    add('5');
    expect(noted()).toEqual(['1', '2', '5']);
  });

  it('notes whatever happens to a job of which it holds something', () => {
    const { recorder, add, run } = listen();
    add('1');
    add('2');
    run('1');
    run('3');
    expect(recorder.drain(10)).toMatchObject([
      { jobId: '1', state: 'completed', waitMs: 500 },
      { jobId: '2', state: 'waiting' },
    ]);
    expect(recorder.takeLeft()).toMatchObject([{ jobs: 1 }]);
  });

  it('leaves all others, too, until it is written down that some were left', () => {
    const { time, recorder, add, run, noted } = listen();
    for (const id of ['1', '2', '3']) add(id);
    time.now += 60_000;
    // It may be one whose add was left.
    run('3');
    add('4');
    expect(noted()).toEqual(['1', '2']);
    expect(recorder.takeLeft()).toMatchObject([{ jobs: 3 }]);
    run('5');
    expect(noted()).toEqual(['5']);
    expect(recorder.takeLeft()).toEqual([]);
  });

  it('notes every job of a queue that keeps none', () => {
    const { recorder, add, run, noted } = listen();
    for (const id of ['1', '2', '3', '4', '5']) add(id, 'story-enhancement');
    run('6', 'story-enhancement');
    expect(noted()).toEqual(['1', '2', '3', '4', '5', '6']);
    expect(recorder.takeLeft()).toEqual([]);
  });

  it('notes every failure and all that people do, since no queue remembers them', () => {
    const { recorder, events, job, add } = listen();
    for (const id of ['1', '2']) add(id);
    recorder.drain(10);
    const attempt = { attempt: 1, seconds: 0.1 };
    events.emit('job.retried', { ...job('3'), ...attempt, failure });
    events.emit('job.waiting', { ...job('4'), ...attempt, failure, delayMs: 5 });
    events.emit('job.dead_lettered', { ...job('5'), ...attempt, failure, deadLetterId: 'x' });
    events.emit('job.requeued', { ...job('6'), attempt: 1, at: new Date() });
    const envelope = {
      type: 'welcome',
      data: 'Ada',
      meta: { key: 'k', correlationId: 'c-7', addedBy: 'shop' },
    };
    events.emit('job.cancelled', { ...job('7'), attempt: 1, seconds: 0, envelope });
    expect(recorder.drain(10)).toMatchObject([
      { jobId: '3', state: 'delayed', tries: [{ outcome: 'retried' }] },
      { jobId: '4', tries: [{ outcome: 'waiting' }] },
      { jobId: '5', state: 'failed' },
      { jobId: '6', state: 'waiting' },
      // Its queue has it no more, so this is all that anybody will ever know of it.
      {
        jobId: '7',
        state: 'cancelled',
        owner: 'shop',
        correlationId: 'c-7',
        payload: expect.stringContaining('Ada'),
      },
    ]);
    expect(recorder.takeLeft()).toEqual([]);
  });

  it('tells at once when it begins to leave jobs, and again after a time in which it left none', () => {
    const { recorder, add } = listen();
    let told = 0;
    recorder.whenLeft(() => {
      told += 1;
    });
    for (const id of ['1', '2', '3', '4']) add(id);
    expect(told).toBe(1);
    recorder.takeLeft();
    add('5');
    expect(told).toBe(1);
    recorder.takeLeft();
    recorder.takeLeft();
    add('6');
    expect(told).toBe(2);
  });

  it('says when some wait in no order of time', () => {
    const { time, recorder, add } = listen();
    for (const id of ['1', '2', '3']) add(id);
    add('4', 'email', { priority: 3 });
    expect(recorder.takeLeft()).toMatchObject([{ sorted: true }]);
    add('5', 'email', { dueAt: new Date(time.now + 1) });
    expect(recorder.takeLeft()).toMatchObject([{ sorted: true }]);
    add('6');
    expect(recorder.takeLeft()).toMatchObject([{ sorted: false }]);
  });

  it('leaves what it has no room for to a queue that keeps it, and drops the rest', () => {
    const { time, recorder, add } = listen({ mostJobs: 1 });
    add('1');
    time.now += 60_000;
    add('2');
    expect(recorder.dropped).toBe(0);
    expect(recorder.takeLeft()).toMatchObject([{ jobs: 1 }]);
    add('3', 'sync');
    expect(recorder.dropped).toBe(1);
  });
});

describe('what was left', () => {
  it('is told from its beginning on when it could not be written the first time', () => {
    const left = new LeftBehind();
    left.add('email', 1_000, 1, true);
    const taken = left.take(3_000);
    left.add('email', 4_000, 1, false);
    left.add('sync', 4_500, 1, false);
    left.restore(taken, 5_000);
    expect(left.take(6_000)).toEqual([
      { queue: 'email', jobs: 2, sorted: true, forMs: 3_000 },
      { queue: 'sync', jobs: 1, sorted: false, forMs: 1_500 },
    ]);
  });

  it('is left to queues alone that keep their jobs by time', () => {
    expect(keepsItsJobs('email')).toBe(true);
    expect(keepsItsJobs('story-enhancement')).toBe(false);
    expect(keepsItsJobs('no-such-queue')).toBe(false);
  });
});

describe('an allowance', () => {
  it('grows with time up to its most, and with no clock that goes back', () => {
    const allowance = new Allowance(10, 2);
    const taken = (now: number) => {
      let count = 0;
      while (allowance.take(now)) count += 1;
      return count;
    };
    expect(taken(1_000)).toBe(2);
    expect(taken(1_099)).toBe(0);
    expect(taken(1_100)).toBe(1);
    expect(taken(60_000)).toBe(2);
    expect(taken(1_000)).toBe(0);
    expect(taken(1_100)).toBe(1);
  });
});
