import { copyFile, mkdir, mkdtemp, readdir, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { openPool } from '../../src/integrations/database/postgres/connection.ts';
import { migrate } from '../../src/integrations/database/postgres/migrate.ts';
import { databaseUrl, templateDatabase } from '../support/servers.ts';
import { onServer } from '../support/world.ts';

const own = join(import.meta.dirname, '../../migrations');

describe('migrations', () => {
  let database: string;
  let pool: pg.Pool;
  let dir: string;
  let count = 0;
  const pools: pg.Pool[] = [];

  const open = (name: string): pg.Pool => {
    const opened = openPool(databaseUrl(inject('postgresUrl'), name), 2);
    pools.push(opened);
    return opened;
  };

  beforeEach(async () => {
    database = `migrate_${process.pid}_${count++}`;
    await onServer(inject('postgresUrl'), `create database ${database}`);
    pool = open(database);
    dir = await mkdtemp(join(tmpdir(), 'millrace-migrations-'));
  });
  afterEach(async () => {
    await Promise.all(pools.splice(0).map((opened) => opened.end()));
    await onServer(inject('postgresUrl'), `drop database ${database} with (force)`);
    await rm(dir, { recursive: true });
  });

  const write = (files: Record<string, string>) =>
    Promise.all(Object.entries(files).map(([name, sql]) => writeFile(join(dir, name), sql)));

  async function tablesOf(of: pg.Pool): Promise<unknown[]> {
    const { rows } = await of.query(
      `select table_name from information_schema.tables where table_schema = 'public' order by 1`,
    );
    return rows.map((row) => row.table_name);
  }

  const steps = {
    '0001_first.sql': 'create table steps (n int);',
    '0002_second.sql': 'insert into steps values (2);',
    '0003_third.sql': 'insert into steps select max(n) + 1 from steps;',
  };

  test('are applied once, in order, and a later one when it comes', async () => {
    await write(steps);
    expect(await migrate(pool, dir)).toEqual(['0001_first.sql', '0002_second.sql', '0003_third.sql']);
    expect(await migrate(pool, dir)).toEqual([]);
    await write({ '0004_fourth.sql': '-- additive\ninsert into steps values (40);' });
    expect(await migrate(pool, dir)).toEqual(['0004_fourth.sql']);
    expect((await pool.query('select n from steps order by n')).rows).toEqual([
      { n: 2 },
      { n: 3 },
      { n: 40 },
    ]);
    const ledger = await pool.query(
      'select version, name, additive from millrace_migrations order by version',
    );
    expect(ledger.rows.map(({ version, additive }) => [version, additive])).toEqual([
      [1, false],
      [2, false],
      [3, false],
      [4, true],
    ]);
  });

  test('are applied once when several processes start at the same moment', async () => {
    await write({ ...steps, '0004_slow.sql': 'select pg_sleep(0.2); insert into steps values (4);' });
    const processes = Array.from({ length: 4 }, () => open(database));
    const applied = await Promise.all(processes.map((each) => migrate(each, dir)));
    expect(applied.map((names) => names.length).sort()).toEqual([0, 0, 0, 4]);
    expect((await pool.query('select n from steps order by n')).rows).toEqual([{ n: 2 }, { n: 3 }, { n: 4 }]);
  });

  test('leave nothing of one that fails, and keep those before it', async () => {
    await write({
      '0001_first.sql': 'create table kept (n int);',
      '0002_broken.sql': 'create table lost (n int); insert into kept values (1); select 1 / 0;',
      '0003_third.sql': 'create table never (n int);',
    });
    await expect(migrate(pool, dir)).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      message: '0002_broken.sql did not apply: division by zero',
    });
    expect(await tablesOf(pool)).toEqual(['kept', 'millrace_migrations']);
    expect((await pool.query('select * from kept')).rows).toEqual([]);
    // The lock is free again: once mended, the rest follows.
    await write({ '0002_broken.sql': 'create table mended (n int);' });
    expect(await migrate(open(database), dir)).toEqual(['0002_broken.sql', '0003_third.sql']);
  });

  test('are kept only together with their line in the ledger', async () => {
    await write({
      '0001_first.sql': `create table lost (n int);
        insert into millrace_migrations (version, name, additive) values (1, 'by itself', false);`,
    });
    await expect(migrate(pool, dir)).rejects.toMatchObject({ code: 'MIGRATION_FAILED' });
    expect(await tablesOf(pool)).toEqual(['millrace_migrations']);
    expect((await pool.query('select * from millrace_migrations')).rows).toEqual([]);
  });

  test.each([
    ['a gap', ['0001_first.sql', '0003_third.sql'], '0003_third.sql should be numbered 0002.'],
    ['a number used twice', ['0001_first.sql', '0001_other.sql'], '0001_other.sql should be numbered 0002.'],
    ['a name without a number', ['0001_first.sql', 'second.sql'], 'second.sql should be numbered 0002.'],
  ])('are refused before any runs when there is %s', async (_what, names, message) => {
    await write(Object.fromEntries(names.map((name) => [name, 'create table early (n int);'])));
    await expect(migrate(pool, dir)).rejects.toMatchObject({ code: 'MIGRATION_FAILED', message });
    expect(await tablesOf(pool)).toEqual([]);
  });

  test('of a newer version are refused, unless they are additive', async () => {
    await write({ ...steps, '0004_additive.sql': '-- additive\ncreate table more (n int);' });
    await migrate(pool, dir);
    const older = join(dir, 'older');
    await mkdir(older);
    await copyFile(join(dir, '0001_first.sql'), join(older, '0001_first.sql'));
    await copyFile(join(dir, '0002_second.sql'), join(older, '0002_second.sql'));
    await expect(migrate(pool, older)).rejects.toMatchObject({
      code: 'DATABASE_NEWER',
      message: expect.stringContaining('0003_third.sql'),
    });
    await copyFile(join(dir, '0003_third.sql'), join(older, '0003_third.sql'));
    expect(await migrate(pool, older)).toEqual([]);
  });

  test('say that the database is away when it is', async () => {
    const away = openPool('postgresql://nobody:pw@127.0.0.1:1/none', 1);
    pools.push(away);
    await write(steps);
    await expect(migrate(away, dir)).rejects.toMatchObject({
      code: 'DATABASE_UNAVAILABLE',
      message: expect.not.stringContaining('pw'),
    });
  });

  test('tell the fault, not its echo, when the server goes in the middle of one', async () => {
    await write({ '0001_first.sql': 'select pg_terminate_backend(pg_backend_pid());' });
    await expect(migrate(pool, dir)).rejects.toMatchObject({
      code: 'MIGRATION_FAILED',
      message: expect.stringContaining('0001_first.sql did not apply'),
    });
  });

  test('of this version make the schema that the test databases are copied from', async () => {
    const names = (await readdir(own)).filter((name) => name.endsWith('.sql')).sort();
    expect(await migrate(pool, own)).toEqual(names);
    await onServer(inject('postgresUrl'), `create database ${database}_copy template ${templateDatabase}`);
    try {
      const copy = open(`${database}_copy`);
      expect(await schemaOf(copy)).toEqual(await schemaOf(pool));
    } finally {
      await Promise.all(pools.splice(0).map((opened) => opened.end()));
      await onServer(inject('postgresUrl'), `drop database ${database}_copy with (force)`);
    }
  });
});

/** Columns, indexes, constraints and functions, as texts. */
async function schemaOf(pool: pg.Pool): Promise<unknown[]> {
  const { rows } = await pool.query(`
    select format('column %s.%s %s %s %s', table_name, column_name, data_type, is_nullable, column_default) as line
      from information_schema.columns where table_schema = 'public'
    union all select 'index ' || indexdef from pg_indexes where schemaname = 'public'
    union all select format('constraint %s %s', conrelid::regclass, pg_get_constraintdef(oid))
      from pg_constraint where connamespace = 'public'::regnamespace
    union all select 'function ' || pg_get_functiondef(oid) from pg_proc where pronamespace = 'public'::regnamespace
      and prokind = 'f'
    order by 1`);
  return rows;
}
