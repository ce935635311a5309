import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { TestProject } from 'vitest/node';
import { openLayout } from '../../src/backend/embedded-server/layout.ts';
import { openPasswords } from '../../src/backend/embedded-server/passwords.ts';
import { startEmbeddedServer } from '../../src/backend/embedded-server.ts';
import { migrate } from '../../src/integrations/database/postgres/migrate.ts';
import { makeSupabaseRoles } from './postgrest.ts';

declare module 'vitest' {
  interface ProvidedContext {
    /** Administrative address of the run's PostgreSQL; worlds make databases of their own in it. */
    readonly postgresUrl: string;
    /** A Redis that may be used, or none: the suites on Redis are then skipped and say so. */
    readonly redisUrl: string | undefined;
  }
}

/** A migrated database that each world is copied from: a copy takes a tenth of the time of migrating. */
export const templateDatabase = 'millrace_template';

/** One PostgreSQL for the whole run, and whatever Redis this machine has. */
export default async function setup(project: TestProject): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-test-'));
  const server = await startEmbeddedServer({ dataDir, maxConnections: 400 });
  const administrator = await administratorUrl(server.url, dataDir);
  await forgetAtPowerCuts(administrator);
  await makeTemplate(server.url);
  await makeSupabaseRoles(administrator);
  project.provide('postgresUrl', server.url);
  const redisUrl = await findRedis();
  if (redisUrl === undefined)
    console.warn('No Redis on 127.0.0.1:6379 (or TEST_REDIS_URL): the suites on Redis are skipped.');
  project.provide('redisUrl', redisUrl);
  return async () => {
    await server.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}

/** The roles of Supabase are made by the server's superuser, as on Supabase itself. */
async function administratorUrl(url: string, dataDir: string): Promise<string> {
  const administrator = databaseUrl(url, 'postgres');
  const changed = new URL(administrator);
  changed.username = 'postgres';
  changed.password = (await openPasswords(await openLayout(dataDir), true)).admin;
  return changed.href;
}

/** No test cuts the power of this server, and waiting for the disk takes a large part of the run. */
async function forgetAtPowerCuts(url: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  for (const setting of ['fsync', 'full_page_writes'])
    await client.query(`alter system set ${setting} = off`);
  await client.query('select pg_reload_conf()');
  await client.end();
}

async function makeTemplate(url: string): Promise<void> {
  const admin = new pg.Pool({ connectionString: url, max: 1 });
  await admin.query(`create database ${templateDatabase}`);
  await admin.end();
  const pool = new pg.Pool({ connectionString: databaseUrl(url, templateDatabase), max: 1 });
  await migrate(pool, join(import.meta.dirname, '../../migrations'));
  // The template must have no connections while it is copied.
  await pool.end();
}

/** The same server, another database. */
export function databaseUrl(url: string, database: string): string {
  const changed = new URL(url);
  changed.pathname = `/${database}`;
  return changed.href;
}

async function findRedis(): Promise<string | undefined> {
  const url = process.env.TEST_REDIS_URL ?? 'redis://127.0.0.1:6379';
  const redis = new Redis(url, { lazyConnect: true, maxRetriesPerRequest: 0, retryStrategy: () => null });
  redis.on('error', () => undefined);
  try {
    await redis.connect();
    await redis.ping();
    return url;
  } catch {
    return undefined;
  } finally {
    redis.disconnect();
  }
}
