import { randomBytes } from 'node:crypto';
import { Redis } from 'ioredis';
import { describe, inject, test } from 'vitest';
import { openRedisBackend } from '../../src/backend/redis.ts';
import { platformSuite } from '../contract/platform.ts';

const url = inject('redisUrl');

if (url === undefined) {
  describe('the platform on redis', () => {
    test('is skipped: no Redis on this machine', ({ skip }) => skip());
  });
} else {
  platformSuite('redis', async () => {
    const prefix = `world-${randomBytes(6).toString('hex')}`;
    return {
      open: () => openRedisBackend({ url, prefix }),
      close: () => removeKeys(url, prefix),
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
