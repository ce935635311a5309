import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { openBackend } from '../../src/backend/index.ts';
import { welcome } from '../contract/platform/open.ts';
import { platformSuite } from '../contract/platform.ts';
import { openPlatform } from '../support/platform.ts';
import { createWorld, type World } from '../support/world.ts';

const open = ({ databaseUrl }: World) =>
  openBackend({ kind: 'postgres', redisUrl: undefined, databaseUrl, workers: 8 });

platformSuite('postgres', async () => {
  const world = await createWorld();
  return { open: () => open(world), close: () => world.close() };
});

describe('queues in PostgreSQL', () => {
  let world: World;
  beforeEach(async () => {
    world = await createWorld();
  });
  afterEach(() => world.close());

  test('look many keyed jobs up a few at a time, so that connections are left for others', async () => {
    const backend = await open(world);
    let reading = 0;
    let most = 0;
    const platform = await openPlatform({
      backend: {
        ...backend,
        queue(name) {
          const queue = backend.queue(name);
          const getJob = queue.getJob.bind(queue);
          return Object.assign(queue, {
            async getJob(id: string) {
              reading += 1;
              most = Math.max(most, reading);
              return getJob(id).finally(() => {
                reading -= 1;
              });
            },
          });
        },
      },
    });
    const job = (at: number) => ({
      name: 'send-welcome' as const,
      payload: welcome,
      options: { idempotencyKey: `many-${at}` },
    });
    const jobs = Array.from({ length: 300 }, (_, at) => job(at));
    try {
      const half = await platform.queues.addJobs('email', jobs.slice(0, 150));
      expect(half.every(({ created }) => created)).toBe(true);
      const all = await platform.queues.addJobs('email', jobs);
      expect(all.map(({ created }) => created)).toEqual(jobs.map((_, at) => at >= 150));
      expect(most).toBeGreaterThan(0);
      expect(most).toBeLessThanOrEqual(8);
    } finally {
      await platform.close();
    }
  });

  test('tell a job that it was given to another worker, and nothing of its run is recorded', async () => {
    const reasons: unknown[] = [];
    const platform = await openPlatform({
      backend: await open(world),
      processors: {
        email: {
          'send-welcome': ({ signal }) =>
            new Promise((_resolve, reject) => {
              signal.addEventListener('abort', () => {
                reasons.push(signal.reason);
                reject(signal.reason);
              });
            }),
        },
      },
      // Its lock is renewed twice in this time.
      lockDurationMs: 1_000,
    });
    try {
      const started = platform.next('job.started');
      const waiting = platform.next('job.waiting');
      const { id } = await platform.queues.addJob('email', 'send-welcome', welcome);
      await started;
      const muchLater = Date.now() + 3_600_000;
      await world.pool.query(
        `update bullmq.job set lock_token = 'another', locked_until_ms = $1 where id = $2`,
        [muchLater, id],
      );
      expect((await waiting).failure).toMatchObject({
        code: 'JOB_ABORTED',
        message: 'The job was given to another worker.',
      });
      expect(reasons).toMatchObject([{ code: 'JOB_ABORTED' }]);
      await platform.stopWorkers();
      const { rows } = await world.pool.query(
        'select state, lock_token, attempts_made from bullmq.job where id = $1',
        [id],
      );
      expect(rows).toEqual([{ state: 'active', lock_token: 'another', attempts_made: 0 }]);
    } finally {
      await platform.close();
    }
  });
});
