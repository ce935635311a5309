import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { MillraceError } from '../../../errors/catalogue.ts';
import { messageOf } from '../../../errors/classify.ts';
import { reachable } from './connection.ts';

/** A numbered file of plain SQL. One that begins with the line `-- additive` leaves older code able to work. */
export interface Migration {
  readonly version: number;
  readonly name: string;
  readonly sql: string;
  readonly additive: boolean;
}

/** Any number will do, so long as nobody else uses it: "MILL" in ASCII. */
const lockKey = 0x4d494c4c;
const fileName = /^(\d{4})_([a-z0-9_]+)\.sql$/;

/**
 * Brings the database to the version of this code: each file of `dir` once, in order, each in a transaction of its own,
 * under an advisory lock, so that processes that start together wait for the first.
 * @returns the names of the migrations that were applied.
 * @throws MillraceError DATABASE_NEWER when a newer Millrace has migrated the database; MIGRATION_FAILED;
 * DATABASE_UNAVAILABLE.
 */
export async function migrate(pool: pg.Pool, dir: string): Promise<string[]> {
  const migrations = await readMigrations(dir);
  const client = await reachable(() => pool.connect());
  let broken = true;
  try {
    await client.query('select pg_advisory_lock($1)', [lockKey]);
    try {
      await client.query(`create table if not exists millrace_migrations (
        version int primary key, name text not null, additive boolean not null, applied_at timestamptz not null default now())`);
      const applied = await appliedVersions(client);
      refuseNewer(migrations, applied);
      const due = migrations.filter((migration) => !applied.has(migration.version));
      for (const migration of due) await apply(client, migration);
      return due.map((migration) => migration.name);
    } finally {
      // Should the connection be gone, so is the lock; the fault to tell is the one that came before.
      broken = await client.query('select pg_advisory_unlock($1)', [lockKey]).then(
        () => false,
        () => true,
      );
    }
  } finally {
    client.release(broken);
  }
}

/**
 * Names of the migrations that a start would apply. Changes nothing.
 * @throws MillraceError as `migrate`.
 */
export async function dueMigrations(pool: pg.Pool, dir: string): Promise<string[]> {
  const migrations = await readMigrations(dir);
  const client = await reachable(() => pool.connect());
  try {
    const { rows } = await client.query<{ there: boolean }>(
      `select to_regclass('millrace_migrations') is not null as there`,
    );
    const applied = rows[0]?.there === true ? await appliedVersions(client) : new Map();
    refuseNewer(migrations, applied);
    return migrations.filter(({ version }) => !applied.has(version)).map(({ name }) => name);
  } finally {
    client.release();
  }
}

/** The migrations of a folder, in order. */
export async function readMigrations(dir: string): Promise<Migration[]> {
  const names = (await readdir(dir)).filter((name) => name.endsWith('.sql')).sort();
  return Promise.all(
    names.map(async (name, index) => {
      const version = Number(fileName.exec(name)?.[1]);
      // A gap or a repeated number would make the order depend on who merged first.
      if (version !== index + 1) {
        throw new MillraceError(
          'MIGRATION_FAILED',
          `${name} should be numbered ${String(index + 1).padStart(4, '0')}.`,
        );
      }
      const sql = await readFile(join(dir, name), 'utf8');
      return { version, name, sql, additive: sql.startsWith('-- additive') };
    }),
  );
}

async function appliedVersions(
  client: pg.PoolClient,
): Promise<Map<number, { name: string; additive: boolean }>> {
  const { rows } = await client.query<{ version: number; name: string; additive: boolean }>(
    'select version, name, additive from millrace_migrations',
  );
  return new Map(rows.map((row) => [row.version, row]));
}

/** An additive change of a newer version does not disturb this one, so a rollout can go back; any other might. */
export function refuseNewer(
  known: readonly Migration[],
  applied: ReadonlyMap<number, { name: string; additive: boolean }>,
): void {
  const newer = [...applied]
    .filter(([version, row]) => version > known.length && !row.additive)
    .map(([, row]) => row.name);
  if (newer.length === 0) return;
  throw new MillraceError(
    'DATABASE_NEWER',
    `The database holds ${newer.join(', ')}, which this version does not know and cannot work with. Start the newer Millrace, or restore a backup from before its migration.`,
  );
}

async function apply(client: pg.PoolClient, migration: Migration): Promise<void> {
  try {
    await client.query('begin');
    await client.query(migration.sql);
    await client.query('insert into millrace_migrations (version, name, additive) values ($1, $2, $3)', [
      migration.version,
      migration.name,
      migration.additive,
    ]);
    await client.query('commit');
  } catch (error) {
    await client.query('rollback').catch(() => undefined);
    throw new MillraceError('MIGRATION_FAILED', `${migration.name} did not apply: ${messageOf(error)}`, {
      cause: error,
    });
  }
}
