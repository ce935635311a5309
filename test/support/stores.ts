import { join } from 'node:path';
import { Redis } from 'ioredis';
import { inject } from 'vitest';
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
  close(): Promise<void>;
}

export type Store = (world: World) => Promise<OpenStore>;

export const postgresStore: Store = async ({ databaseUrl }) => {
  const backend = await openBackend({ kind: 'postgres', redisUrl: undefined, databaseUrl, workers: 0 });
  return { backend, databaseUrl, environment: { DATABASE_URL: databaseUrl }, close: () => backend.close() };
};

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
  return async ({ databaseUrl }) => {
    await clear();
    const backend = await openBackend({ kind: 'redis', redisUrl, databaseUrl, workers: 0 });
    return {
      backend,
      databaseUrl,
      environment: { REDIS_URL: redisUrl, DATABASE_URL: databaseUrl },
      async close() {
        await backend.close();
        await clear();
      },
    };
  };
}
