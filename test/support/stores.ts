import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { inject } from 'vitest';
import { queueNames } from '../../queues/index.ts';
import { startEmbeddedServer } from '../../src/backend/embedded-server.ts';
import { openBackend } from '../../src/backend/index.ts';
import type { Backend } from '../../src/backend/port.ts';
import { openPool } from '../../src/integrations/database/postgres/connection.ts';
import { migrate } from '../../src/integrations/database/postgres/migrate.ts';
import type { World } from './world.ts';

/** A store as both a test and the processes that it starts see it. */
export interface OpenStore {
  readonly backend: Backend;
  /** Where the application's tables are. */
  readonly databaseUrl: string;
  /** What to set for a process to use it. */
  readonly environment: Readonly<Record<string, string>>;
  /**
   * Ends the locks on the jobs of a process that is dead or stopped, as if their time had passed: the next worker that
   * starts gives the jobs back to their queue. So locks can be long enough for the living on a busy machine. A statement
   * that the process had on its way may still take a job, which is then found when that lock ends by itself.
   */
  endLocks(pid: number | undefined): Promise<void>;
  close(): Promise<void>;
}

export type Store = (world: World) => Promise<OpenStore>;

export const postgresStore: Store = async ({ databaseUrl }) => {
  const backend = await openBackend({ kind: 'postgres', redisUrl: undefined, databaseUrl, workers: 0 });
  return {
    backend,
    databaseUrl,
    environment: { DATABASE_URL: databaseUrl },
    endLocks: (pid) => endLocksIn(databaseUrl, pid),
    close: () => backend.close(),
  };
};

/**
 * `endLocks` of queues in PostgreSQL. Stalled jobs are seen on one look and given back on the next, and looks keep a
 * distance: none of that is waited for.
 */
export async function endLocksIn(databaseUrl: string, pid: number | undefined): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  await client.query(
    `update bullmq.job set locked_until_ms = 1, stalled_marked = true
     where state = 'active' and processed_by like '%-' || $1::text`,
    [pid],
  );
  await client.query(`delete from bullmq.meta where field = 'stalled-check'`);
  await client.end();
}

/** The test is a second user of the server that the processes start from the same folder. */
export const embeddedStore: Store = async ({ dataDir }) => {
  const server = await startEmbeddedServer({ dataDir });
  const databaseUrl = server.url;
  const pool = openPool(databaseUrl, 1);
  await migrate(pool, join(import.meta.dirname, '../../migrations'));
  await pool.end();
  const backend = await openBackend({ kind: 'embedded', redisUrl: undefined, databaseUrl, workers: 0 });
  return {
    backend,
    databaseUrl,
    environment: {},
    endLocks: (pid) => endLocksIn(databaseUrl, pid),
    async close() {
      await backend.close();
      await server.stop();
    },
  };
};

/** Redis has no worlds: tests that start processes take one of its numbered databases, each another. */
export function redisStore(number: number): Store | undefined {
  const base = inject('redisUrl');
  if (base === undefined) return undefined;
  const url = new URL(base);
  url.pathname = `/${number}`;
  const redisUrl = url.href;
  const clear = async () => {
    const redis = new Redis(redisUrl);
    await redis.flushdb();
    redis.disconnect();
  };
  const endLocks = async (pid: number | undefined) => {
    const redis = new Redis(redisUrl);
    for (const queue of queueNames) {
      const key = `bull:${queue}`;
      for (const id of await redis.lrange(`${key}:active`, 0, -1)) {
        const holder = await redis.hget(`${key}:${id}`, 'pb');
        if (holder?.endsWith(`-${pid}`) !== true) continue;
        await redis.sadd(`${key}:stalled`, id);
        await redis.del(`${key}:${id}:lock`);
      }
      await redis.del(`${key}:stalled-check`);
    }
    redis.disconnect();
  };
  return async ({ databaseUrl }) => {
    await clear();
    const backend = await openBackend({ kind: 'redis', redisUrl, databaseUrl, workers: 0 });
    return {
      backend,
      databaseUrl,
      environment: { REDIS_URL: redisUrl, DATABASE_URL: databaseUrl },
      endLocks,
      async close() {
        await backend.close();
        await clear();
      },
    };
  };
}
