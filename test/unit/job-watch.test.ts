import { describe, expect, test } from 'vitest';
import type { JobView } from '../../src/queue/job-view.ts';
import { type JobChange, JobWatch, type WatchMark } from '../../src/queue/job-watch.ts';

const base: JobView = {
  id: '1',
  queue: 'email',
  name: 'send-welcome',
  state: 'waiting',
  progress: { percent: 0 },
  attempts: { made: 0, max: 3 },
  payload: {},
  correlationId: undefined,
  addedBy: undefined,
  result: undefined,
  failure: undefined,
  createdAt: new Date(0),
  startedAt: undefined,
  finishedAt: undefined,
  logs: [],
};

/** A job that shows each of these in turn, then stays as the last. */
function showing(...views: readonly (Partial<JobView> | undefined)[]) {
  let reads = 0;
  return {
    reads: () => reads,
    find: async () => {
      const view = views[Math.min(reads, views.length - 1)];
      reads += 1;
      return view === undefined ? undefined : { ...base, ...view };
    },
  };
}

async function watched(watch: JobWatch, after?: WatchMark, enough = Number.POSITIVE_INFINITY) {
  const ending = new AbortController();
  const changes: JobChange[] = [];
  let mark = after;
  for await (const marked of watch.changes('email', '1', ending.signal, after)) {
    changes.push(marked.change);
    mark = marked.mark;
    if (changes.length >= enough) ending.abort();
  }
  return { changes, mark };
}

const kinds = (changes: readonly JobChange[]) => changes.map(({ kind }) => kind);

describe('watching a job', () => {
  test('tells where it stands, then each change once, and ends with the job', async () => {
    const completed = { state: 'completed', progress: { percent: 100 }, result: { ok: true } } as const;
    const jobs = showing(
      {},
      {},
      { state: 'active', logs: ['a'] },
      { state: 'active', logs: ['a', 'b'], progress: { percent: 40, message: 'rows' } },
      { ...completed, logs: ['a', 'b'] },
    );
    const { changes } = await watched(new JobWatch(jobs));
    expect(changes).toEqual([
      { kind: 'progress', progress: { percent: 0 } },
      { kind: 'state', state: 'waiting', attempts: { made: 0, max: 3 } },
      { kind: 'log', index: 0, line: 'a' },
      { kind: 'state', state: 'active', attempts: { made: 0, max: 3 } },
      { kind: 'log', index: 1, line: 'b' },
      { kind: 'progress', progress: { percent: 40, message: 'rows' } },
      { kind: 'progress', progress: { percent: 100 } },
      { kind: 'state', state: 'completed', attempts: { made: 0, max: 3 } },
      { kind: 'end', job: { ...base, ...completed, logs: ['a', 'b'] } },
    ]);
  });

  test('goes on after a mark with what is new', async () => {
    const first = await watched(new JobWatch(showing({ state: 'active', logs: ['a', 'b'] })), undefined, 4);
    expect(kinds(first.changes)).toEqual(['log', 'log', 'progress', 'state']);
    const jobs = showing(
      { state: 'active', logs: ['a', 'b', 'c'] },
      { state: 'failed', attempts: { made: 1, max: 1 }, logs: ['a', 'b', 'c'] },
    );
    const { changes } = await watched(new JobWatch(jobs), first.mark);
    expect(changes.slice(0, -1)).toEqual([
      { kind: 'log', index: 2, line: 'c' },
      { kind: 'state', state: 'failed', attempts: { made: 1, max: 1 } },
    ]);
  });

  test('tells what is new of a log whose first lines are no longer kept', async () => {
    const first = await watched(new JobWatch(showing({ logs: ['a', 'b', 'c'] })), undefined, 5);
    const { changes } = await watched(
      new JobWatch(showing({ logs: ['b', 'c', 'd'] }, { state: 'completed', logs: ['b', 'c', 'd'] })),
      first.mark,
    );
    expect(changes.filter(({ kind }) => kind === 'log')).toEqual([{ kind: 'log', index: 3, line: 'd' }]);
  });

  test('does not tell of a moment in which the store does not know the state', async () => {
    const { changes } = await watched(
      new JobWatch(showing({}, { state: 'unknown' }, { state: 'cancelled' })),
    );
    expect(kinds(changes)).toEqual(['progress', 'state', 'state', 'end']);
  });

  test('ends when the queue has forgotten the job', async () => {
    const { changes } = await watched(new JobWatch(showing({}, undefined)));
    expect(changes.at(-1)).toEqual({ kind: 'end', job: undefined });
  });

  test('ends when its signal is aborted, reads once for all who watch, and counts them', async () => {
    const jobs = showing({});
    const watch = new JobWatch(jobs);
    const ending = new AbortController();
    const seen = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const changes: JobChange[] = [];
        for await (const { change } of watch.changes('email', '1', ending.signal)) {
          changes.push(change);
          if (changes.length === 2 && watch.watchers === 20) ending.abort();
        }
        return changes.length;
      }),
    );
    expect(seen).toEqual(seen.map(() => 2));
    expect(jobs.reads()).toBeLessThan(20);
    expect(watch.watchers).toBe(0);
  });

  test('passes on that the store is away', async () => {
    const watch = new JobWatch({ find: () => Promise.reject(new Error('away')) });
    await expect(watched(watch)).rejects.toThrow('away');
    expect(watch.watchers).toBe(0);
  });
});
