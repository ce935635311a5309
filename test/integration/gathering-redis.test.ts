import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { describe, expect, inject, test } from 'vitest';
import type { JobQueue, JobWorker } from '../../src/backend/port.ts';
import { openRedisBackend } from '../../src/backend/redis.ts';
import { until } from '../support/platform.ts';
import { removeKeys } from '../support/redis-worlds.ts';
import { stockOnRedis } from '../support/stock-bullmq.ts';

const url = inject('redisUrl');

/** One after another, so that both ways have the same order of events. */
const settings = { name: 'the worker', concurrency: 1 };
const run = async ({ data }: { data: { index: number } }) => {
  if (data.index === 3) throw new Error('not this one');
  return data.index === 4 ? undefined : { was: data.index, text: 'näh\n' };
};

describe.skipIf(url === undefined)('what a job leaves in Redis', () => {
  test('is what BullMQ leaves, key by key and event by event', async () => {
    const ours = await leftBy('ours');
    const theirs = await leftBy('theirs');
    expect(ours).toEqual(theirs);
    expect(Object.keys(ours).length).toBeGreaterThan(10);
  });

  async function leftBy(who: 'ours' | 'theirs'): Promise<Record<string, unknown>> {
    const address = url ?? '';
    const prefix = `world-${randomBytes(6).toString('hex')}`;
    const backend = await openRedisBackend({ url: address, prefix });
    const stock = stockOnRedis(address, prefix);
    const queue = who === 'ours' ? backend.queue('q') : stock.queue('q');
    await queue.waitUntilReady();
    await addAll(queue);
    const before = await dump(address, prefix);
    const worker: JobWorker =
      who === 'ours'
        ? backend.worker('q', run, {
            ...settings,
            lockDurationMs: 30_000,
            maxStalls: 1,
            keepCompleted: { ageMs: 3_600_000, count: 100 },
            keepFailed: {},
          })
        : stock.worker('q', run, {
            ...settings,
            removeOnComplete: { age: 3_600, count: 100 },
          });
    // BullMQ's own begins by itself.
    if (who === 'ours') void worker.run();
    await until('all have ended', async () => {
      const counts = await queue.getJobCounts('completed', 'failed');
      return (counts.completed ?? 0) + (counts.failed ?? 0) === 8;
    });
    await until('the queue has drained', async () =>
      JSON.stringify((await dump(address, prefix)).events).includes('drained'),
    );
    await worker.close();
    const after = await dump(address, prefix);
    await Promise.all([queue.close(), stock.close()]);
    await backend.close();
    await removeKeys(address, prefix);
    return { ...after, before };
  }

  async function addAll(queue: JobQueue): Promise<void> {
    const options = { attempts: 1, backoff: { type: 'exponential', delay: 2_000, jitter: 0.25 } };
    const add = (index: number, more = {}) =>
      queue.add('job', { index, text: '"ü" \\' }, { ...options, ...more });
    await Promise.all([0, 1, 2, 3, 4].map((index) => add(index)));
    await add(5, { jobId: 'chosen', timestamp: 1_700_000_000_000 });
    await add(6, { jobId: 'chosen' });
    await queue.addBulk([7, 8].map((index) => ({ name: 'job', data: { index }, opts: options })));
  }
});

/** All keys of the queue, without what differs from run to run: times and the tokens of workers. */
async function dump(address: string, prefix: string): Promise<Record<string, unknown>> {
  const redis = new Redis(address);
  const keys = (await redis.keys(`${prefix}:*`)).sort();
  const found: Record<string, unknown> = {};
  for (const key of keys) found[key.slice(prefix.length + 3)] = await contentOf(redis, key);
  redis.disconnect();
  return found;
}

async function contentOf(redis: Redis, key: string): Promise<unknown> {
  switch (await redis.type(key)) {
    case 'hash':
      return timeless(await redis.hgetall(key));
    case 'list':
      return redis.lrange(key, '0', '-1');
    case 'set':
      return (await redis.smembers(key)).sort();
    case 'zset':
      return (await redis.zrange(key, '0', '-1')).sort();
    case 'stream':
      return (await redis.xrange(key, '-', '+')).map(([, fields]) => fields);
    default:
      return key.endsWith(':stalled-check') ? 'a time' : redis.get(key);
  }
}

function timeless(fields: Record<string, string>): Record<string, string> {
  const json = new Set(['data', 'opts', 'returnvalue', 'stacktrace']);
  return Object.fromEntries(
    Object.entries(fields).map(([name, value]) => {
      if (['timestamp', 'processedOn', 'finishedOn'].includes(name)) return [name, value.replace(/\d/g, '0')];
      if (name === 'stacktrace') return [name, 'a stack'];
      return [name, json.has(name) ? JSON.stringify(sortedFields(JSON.parse(value))) : value];
    }),
  );
}

/** Lua's tables have no order of fields. */
function sortedFields(value: unknown): unknown {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return value;
  const entries: [string, unknown][] = Object.entries(value);
  return Object.fromEntries(
    entries.toSorted(([a], [b]) => (a < b ? -1 : 1)).map(([name, inner]) => [name, sortedFields(inner)]),
  );
}
