import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import type { Database } from '../../src/integrations/database/port.ts';
import { openPool } from '../../src/integrations/database/postgres/connection.ts';
import { openDatabase } from '../../src/integrations/database/postgres/index.ts';
import { databaseUrl, templateDatabase } from './servers.ts';

/** What a test has to itself: a migrated database, a folder, and a name that nobody else uses. */
export interface World {
  readonly name: string;
  readonly databaseUrl: string;
  readonly pool: pg.Pool;
  readonly database: Database;
  readonly dataDir: string;
  close(): Promise<void>;
}

export async function createWorld(): Promise<World> {
  const name = `world_${randomBytes(6).toString('hex')}`;
  const admin = inject('postgresUrl');
  await onServer(admin, `create database ${name} template ${templateDatabase}`);
  const url = databaseUrl(admin, name);
  const pool = openPool(url, 4, 'millrace-test');
  const database = openDatabase({ url, poolMax: 6 });
  const dataDir = await mkdtemp(join(tmpdir(), 'millrace-world-'));
  return {
    name,
    databaseUrl: url,
    pool,
    database,
    dataDir,
    async close() {
      await database.close();
      await pool.end();
      await onServer(admin, `drop database ${name} with (force)`);
      await rm(dataDir, { recursive: true, force: true });
    },
  };
}

/**
 * Copies of one template exclude each other, hence the lock. A database whose vacuum is under way cannot be dropped by
 * anyone but a superuser, so that is tried again.
 */
export async function onServer(url: string, sql: string): Promise<void> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    await client.query('select pg_advisory_lock(42)');
    for (let tries = 1; ; tries++) {
      try {
        await client.query(sql);
        return;
      } catch (error) {
        const denied = error instanceof Error && 'code' in error && error.code === '42501';
        if (!denied || tries === 100) throw error;
        await new Promise((resolve) => setTimeout(resolve, 50));
      }
    }
  } finally {
    await client.end();
  }
}
