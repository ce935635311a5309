import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { openBackend } from '../../src/backend/index.ts';
import type { Backend } from '../../src/backend/port.ts';
import { openRedisBackend } from '../../src/backend/redis.ts';
import { openPlatform, type Platform, until } from '../support/platform.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { createWorld } from '../support/world.ts';

/** A store behind a line that can be cut, and the same store without it. */
interface Line {
  readonly proxy: TcpProxy;
  /** Through the line. */
  open(): Promise<Backend>;
  /** Around it, to see what is really there. */
  direct(): Promise<Backend>;
  close(): Promise<void>;
}

/** What a caller may have to wait for an answer while the store is away. */
const patienceMs = 30_000;

const settled = [() => true, () => false] as const;

const welcome = (name: string) => ({
  type: 'welcome' as const,
  data: { userId: 'user-1', email: 'ada@example.com', name },
});

function outageSuite(kind: string, openLine: () => Promise<Line>): void {
  describe(`while ${kind} is away`, () => {
    let line: Line;
    let platform: Platform;
    /** Names of the welcomed, in the order of their jobs. */
    let welcomed: string[];
    let gate: PromiseWithResolvers<void> | undefined;
    let observer: Platform;

    beforeEach(async () => {
      line = await openLine();
      welcomed = [];
      gate = undefined;
      platform = await openPlatform({ backend: await line.open(), lockDurationMs: 1_500 });
      observer = await openPlatform({ backend: await line.direct() });
    });
    afterEach(async () => {
      gate?.resolve();
      await line.proxy.resume();
      await platform.close();
      await observer.close();
      await line.close();
    });

    const work = () =>
      platform
        .openWorkers({
          email: {
            'send-welcome': async ({ data }) => {
              await gate?.promise;
              welcomed.push(
                typeof data === 'object' && data !== null && 'name' in data ? String(data.name) : '',
              );
              return { status: 'sent', provider: 'test' };
            },
          },
        })
        .start();
    const add = (name: string) => platform.queues.addJob('email', 'send-welcome', welcome(name));

    /** Recorded as done, that is: else a cut right after would have it done again. */
    const done = ({ id }: { readonly id: string }) =>
      until(
        `job ${id} is completed`,
        async () => (await observer.queues.job('email', id))?.state === 'completed',
      );

    async function expectUnavailable(adding: () => Promise<unknown>): Promise<void> {
      const began = performance.now();
      // The second where it was on its way already: nobody can say then what became of it.
      const code = expect.stringMatching(/^(QUEUE_UNAVAILABLE|REQUEST_TIMEOUT)$/);
      await expect(adding()).rejects.toMatchObject({ code, status: 503 });
      expect(performance.now() - began).toBeLessThan(patienceMs);
    }

    /** Progress is what counts: a worker may be connected and deaf. */
    async function works(name: string): Promise<void> {
      await until(`${name} is added`, () => add(name).then(...settled), 40_000);
      await until(`${name} is done`, async () => welcomed.includes(name), 40_000);
    }

    test('adds are refused and nothing is added; after it jobs are added and taken again', {
      timeout: 90_000,
    }, async () => {
      await work();
      await done(await add('before'));
      await line.proxy.cut();
      await expectUnavailable(() => add('lost'));
      // One alone, many at once, in bulk, with a key, and to a queue that was never used before.
      await Promise.all([
        expectUnavailable(() =>
          Promise.any(Array.from({ length: 20 }, () => add('lost'))).catch((error: AggregateError) => {
            throw error.errors[0];
          }),
        ),
        expectUnavailable(() =>
          platform.queues.addJobs('email', [{ name: 'send-welcome', payload: welcome('lost') }]),
        ),
        expectUnavailable(() =>
          platform.queues.addJob('email', 'send-welcome', welcome('lost'), { idempotencyKey: 'k' }),
        ),
        expectUnavailable(() =>
          platform.queues.addJob('sync', 'cleanup-data', { type: 'cleanup-data', data: {} }),
        ),
        expectUnavailable(() => platform.queues.counts('document')),
      ]);
      await line.proxy.resume();
      await works('after');
      expect(welcomed).toEqual(['before', 'after']);
      const { completed: _, ...left } = await observer.queues.counts('email');
      expect(left).toMatchObject({ waiting: 0, delayed: 0, failed: 0 });
      // The queue that was first used while the store was away works as well.
      await platform.queues.addJob('sync', 'cleanup-data', { type: 'cleanup-data', data: {} });
    });

    test('adds are refused in time when it hangs instead; after it jobs are taken again', {
      timeout: 90_000,
    }, async () => {
      await work();
      await done(await add('before'));
      line.proxy.pause();
      await Promise.all([
        expectUnavailable(() => add('held up')),
        expectUnavailable(() =>
          platform.queues.addJob('email', 'send-welcome', welcome('held up'), { idempotencyKey: 'k' }),
        ),
        expectUnavailable(() =>
          platform.queues.addJob('sync', 'cleanup-data', { type: 'cleanup-data', data: {} }),
        ),
      ]);
      await line.proxy.resume();
      await works('after');
    });

    test('a job that runs is done when it is back, by this worker or as another attempt', {
      timeout: 90_000,
    }, async () => {
      gate = Promise.withResolvers();
      await work();
      const started = platform.next('job.started');
      const { id } = await add('running');
      await started;
      await line.proxy.cut();
      gate.resolve();
      await until('the processor is through', async () => welcomed.includes('running'));
      await line.proxy.resume();
      await until(
        'the job is completed',
        async () => (await observer.queues.job('email', id))?.state === 'completed',
        40_000,
      );
      await works('after');
    });

    test('cut off again and again, every job that was accepted is done', { timeout: 120_000 }, async () => {
      await work();
      const accepted: string[] = [];
      for (let round = 0; round < 4; round++) {
        for (let index = 0; index < 5; index++) {
          const name = `job ${round}-${index}`;
          await add(name).then(
            () => accepted.push(name),
            () => undefined,
          );
          if (index === 2) await line.proxy.cut();
        }
        await line.proxy.resume();
        await works(`round ${round}`);
      }
      expect(accepted.length).toBeGreaterThanOrEqual(12);
      await until('all are done', async () => accepted.every((name) => welcomed.includes(name)), 40_000);
    });

    test.each(['cut', 'pause'] as const)('the platform stops in time all the same (%s)', async (how) => {
      await work();
      await done(await add('before'));
      await line.proxy[how]();
      const began = performance.now();
      await platform.close();
      expect(performance.now() - began).toBeLessThan(patienceMs);
    });

    test('and comes back while the platform stops, it stops in time', async () => {
      await work();
      await line.proxy.cut();
      await add('lost').catch(() => undefined);
      const began = performance.now();
      const closing = platform.close();
      await line.proxy.resume();
      await closing;
      expect(performance.now() - began).toBeLessThan(patienceMs);
    });

    test('it cannot be opened, and says so', async () => {
      await line.proxy.cut();
      const began = performance.now();
      await expect(line.open()).rejects.toMatchObject({
        code: 'QUEUE_UNAVAILABLE',
        message: expect.stringMatching(/^(Redis|PostgreSQL) at \S+ does not answer/),
      });
      expect(performance.now() - began).toBeLessThan(patienceMs);
    });
  });
}

outageSuite('PostgreSQL', async () => {
  const world = await createWorld();
  const proxy = await startTcpProxy(world.databaseUrl);
  const open = (databaseUrl: string) =>
    openBackend({ kind: 'postgres', redisUrl: undefined, databaseUrl, workers: 8 });
  return {
    proxy,
    open: () => open(proxy.url),
    direct: () => open(world.databaseUrl),
    async close() {
      await proxy.close();
      await world.close();
    },
  };
});

test('an embedded server that is away is looked for in its log, and not in DATABASE_URL', async () => {
  // Nobody listens on the port of a proxy that is closed.
  const gone = await startTcpProxy(inject('postgresUrl'));
  await gone.close();
  const opening = openBackend({
    kind: 'embedded',
    redisUrl: undefined,
    databaseUrl: gone.url,
    workers: 1,
  });
  await expect(opening).rejects.toMatchObject({
    code: 'QUEUE_UNAVAILABLE',
    message: expect.stringMatching(/^(?!.*DATABASE_URL).*postgres\.log in DATA_DIR/),
  });
});

const redisUrl = inject('redisUrl');
if (redisUrl === undefined) {
  describe('while Redis is away', () => {
    test('is skipped: no Redis on this machine', ({ skip }) => skip());
  });
} else {
  outageSuite('Redis', async () => {
    const prefix = `world-${randomBytes(6).toString('hex')}`;
    const proxy = await startTcpProxy(redisUrl);
    return {
      proxy,
      open: () => openRedisBackend({ url: proxy.url, prefix }),
      direct: () => openRedisBackend({ url: redisUrl, prefix }),
      async close() {
        await proxy.close();
        await removeKeys(redisUrl, prefix);
      },
    };
  });
}

async function removeKeys(address: string, prefix: string): Promise<void> {
  const redis = new Redis(address);
  for await (const keys of redis.scanStream({ match: `${prefix}:*`, count: 1_000 })) {
    if (Array.isArray(keys) && keys.length > 0) await redis.unlink(keys);
  }
  redis.disconnect();
}
