import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { describe, inject, test } from 'vitest';
import { openRedisBackend } from '../../src/backend/redis.ts';
import type { GatheringWorld } from '../contract/gathering.ts';
import { stockOnRedis } from './stock-bullmq.ts';
import { storedInRedis } from './stored-queue.ts';

/** Runs a suite on Redis, each of its worlds under a prefix of its own; says so when there is no Redis here. */
export function redisWorlds(name: string, suite: (openStore: () => Promise<GatheringWorld>) => void): void {
  const url = inject('redisUrl');
  if (url === undefined) {
    describe(name, () => {
      test('is skipped: no Redis on this machine', ({ skip }) => skip());
    });
    return;
  }
  suite(async () => {
    const prefix = `world-${randomBytes(6).toString('hex')}`;
    return {
      open: () => openRedisBackend({ url, prefix }),
      stock: () => stockOnRedis(url, prefix),
      stored: (queue) => storedInRedis(url, prefix, queue),
      close: () => removeKeys(url, prefix),
    };
  });
}

async function removeKeys(url: string, prefix: string): Promise<void> {
  const redis = new Redis(url);
  for await (const keys of redis.scanStream({ match: `${prefix}:*`, count: 1_000 })) {
    if (Array.isArray(keys) && keys.length > 0) await redis.unlink(keys);
  }
  redis.disconnect();
}
