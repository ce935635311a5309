import { afterAll, beforeAll, expect, it } from 'vitest';
import { openBackend } from '../../src/backend/index.ts';
import { createWorld, type World } from '../support/world.ts';

const windowMs = 1_000;
const max = 5;

let world: World;
beforeAll(async () => {
  world = await createWorld();
});
afterAll(() => world.close());

it('a queue’s limit holds over the workers of several processes together', async () => {
  const open = () =>
    openBackend({ kind: 'postgres', redisUrl: undefined, databaseUrl: world.databaseUrl, workers: 1 });
  const backends = [await open(), await open()];
  const began: number[] = [];
  const done = Promise.withResolvers<void>();
  const workers = backends.map((backend, at) =>
    backend.worker(
      'email',
      async () => {
        began.push(Date.now());
        if (began.length === 4 * max) done.resolve();
      },
      {
        name: `w-${at}`,
        concurrency: 10,
        lockDurationMs: 30_000,
        maxStalls: 1,
        keepCompleted: {},
        keepFailed: {},
        limit: { max, durationMs: windowMs },
      },
    ),
  );
  const queue = backends[0]?.queue('email');
  await queue?.addBulk(Array.from({ length: 4 * max }, (_, at) => ({ name: 'x', data: { at } })));
  for (const worker of workers) void worker.run();
  await done.promise;
  // However slow the machine: any job begins at least a window after the one `2 * max` before it.
  for (const [at, time] of began.entries()) {
    const earlier = began[at - 2 * max];
    if (earlier !== undefined) expect(time - earlier).toBeGreaterThanOrEqual(windowMs * 0.9);
  }
  await Promise.all(workers.map((worker) => worker.close()));
  await queue?.close();
  await Promise.all(backends.map((backend) => backend.close()));
});
