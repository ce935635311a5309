import { createHash } from 'node:crypto';
import { readdir, readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';
import pg from 'pg';
import { expect, onTestFinished, test } from 'vitest';
import { type Mill, openMill } from '../support/mill.ts';
import { until } from '../support/platform.ts';
import { postgresStore } from '../support/stores.ts';

/** Documents whose worker process is killed for real, at the places where half of something could be left. */

/** Where work is made to wait: at a row in the middle, before the row of a document, before a mail is added. */
const gates = { row: 11, document: 12, mail: 13 } as const;

async function openGates(mill: Mill) {
  const client = new pg.Client({ connectionString: mill.store.databaseUrl });
  await client.connect();
  onTestFinished(() => client.end());
  return {
    shut: (...keys: number[]) =>
      client.query('select pg_advisory_lock(key) from unnest($1::int[]) key', [keys]),
    open: (key: number) => client.query('select pg_advisory_unlock($1)', [key]),
    async waiting(key: number): Promise<number> {
      const { rows: found } = await client.query<{ count: number }>(
        `select count(*)::int as count from pg_locks
         where locktype = 'advisory' and objid = $1 and not granted
           and database = (select oid from pg_database where datname = current_database())`,
        [key],
      );
      return found[0]?.count ?? 0;
    },
  };
}

/** Opportunities with a gate at one in the middle, and one before each document and each mail to a `second` address. */
async function fill(mill: Mill, rows: number, gateAt: number): Promise<void> {
  await mill.pool.query(`
    insert into opportunities (notice_id, title, agency, posted_on, award_amount, url, raw, content_hash)
    select lpad(n::text, 8, '0'), 'Opportunity ' || n, 'AGENCY ' || n % 40, date '2026-10-01', n * 1.5,
           'https://sam.gov/opp/' || n, '{}', 'hash'
    from generate_series(1, ${rows}) n;
    alter table opportunities rename to opportunities_without_gate;
    create function wait_at(key int, value text) returns text language plpgsql stable as $$
      begin perform pg_advisory_xact_lock_shared(key); return value; end $$;
    create view opportunities as
    select notice_id, title, solicitation, agency, office, notice_type, set_aside, naics, classification, posted_on,
           response_deadline, archive_on, active, place_state, place_country, award_amount, award_on, awardee,
           case when notice_id = lpad('${gateAt}', 8, '0') then wait_at(${gates.row}, url) else url end as url,
           description_url, raw, content_hash, first_seen_at, updated_at
    from opportunities_without_gate;
    create function wait_before() returns trigger language plpgsql as $$
      begin perform pg_advisory_xact_lock_shared(tg_argv[0]::int); return new; end $$;
    create trigger gate before insert on documents for each row execute function wait_before(${gates.document});
    analyze opportunities_without_gate`);
  const { rows: found } = await mill.pool.query<{ name: string }>(
    `select quote_ident(schemaname) || '.job' as name from pg_tables where tablename = 'job'`,
  );
  await mill.pool.query(
    `create trigger gate before insert on ${found[0]?.name} for each row
     when (new.name = 'send-document' and new.data::text like '%second%') execute function public.wait_before(${gates.mail})`,
  );
}

/** Paths below the storage's folder, of whole files or of files in the making. */
async function files(mill: Mill, folder: string): Promise<string[]> {
  const dir = join(mill.world.dataDir, 'storage', folder);
  return (await readdir(dir).catch((): string[] => [])).map((name) => join(dir, name));
}

async function partsWithContent(mill: Mill): Promise<number> {
  const sizes = await Promise.all((await files(mill, '.incoming')).map((path) => stat(path)));
  return sizes.filter(({ size }) => size > 0).length;
}

const documentState = async (mill: Mill, id: string) => (await mill.queues.job('document', id))?.state;

async function kill(mill: Mill): Promise<void> {
  await mill.killWorker(mill.process?.child.pid);
  expect(mill.process?.child.signalCode).toBe('SIGKILL');
}

/** Each job has one row and one file, which are what the job says, and nothing else lies about. */
async function expectWhole(mill: Mill, folder: string, ids: readonly string[]): Promise<Map<string, Buffer>> {
  const { rows: documents } = await mill.pool.query<{
    format: string;
    storage_key: string;
    bytes: string;
    sha256: string;
  }>('select format, storage_key, bytes, sha256 from documents');
  expect(documents).toHaveLength(ids.length);
  expect((await files(mill, folder)).toSorted()).toEqual(
    documents.map((row) => join(mill.world.dataDir, 'storage', row.storage_key)).toSorted(),
  );
  expect(await files(mill, '.incoming')).toEqual([]);
  const found = new Map<string, Buffer>();
  for (const row of documents) {
    const bytes = await readFile(join(mill.world.dataDir, 'storage', row.storage_key));
    expect(String(bytes.length)).toBe(row.bytes);
    expect(createHash('sha256').update(bytes).digest('hex')).toBe(row.sha256);
    found.set(row.format, bytes);
  }
  for (const id of ids) {
    const result = (await mill.queues.job('document', id))?.result;
    expect(documents.map(({ storage_key }) => storage_key)).toContain(
      typeof result === 'object' && result !== null && 'storageKey' in result ? result.storageKey : undefined,
    );
  }
  return found;
}

test('exports whose worker is killed in the middle are made once, and no half of them is left', async () => {
  const rows = 100_000;
  const mill = await openMill(postgresStore);
  await fill(mill, rows, 70_000);
  const gate = await openGates(mill);
  await gate.shut(gates.row);
  const ids: string[] = [];
  for (const format of ['csv', 'xlsx', 'ndjson'] as const) {
    const data = { userId: 'u1', dataset: 'opportunities' as const, format };
    ids.push((await mill.queues.addJob('document', 'export-data', { type: 'export-data', data })).id);
  }
  const environment = { QUEUE_DOCUMENT_CONCURRENCY: '3' };
  await mill.start(environment);
  await until('all are in the middle', async () => (await gate.waiting(gates.row)) === 3, 90_000);
  await until('each has written a part', async () => (await partsWithContent(mill)) === 3);
  await kill(mill);
  expect(await files(mill, 'exports')).toEqual([]);
  expect(await partsWithContent(mill)).toBe(3);
  await gate.open(gates.row);

  await mill.start(environment);
  await until(
    'all are made',
    async () =>
      (await Promise.all(ids.map((id) => documentState(mill, id)))).every((state) => state === 'completed'),
    90_000,
  );
  const made = await expectWhole(mill, 'exports', ids);
  const lines = made.get('csv')?.toString().trimEnd().split('\r\n') ?? [];
  expect(lines).toHaveLength(rows + 1);
  expect(new Set(lines).size).toBe(rows + 1);
  const objects = made.get('ndjson')?.toString().trimEnd().split('\n') ?? [];
  expect(new Set(objects).size).toBe(rows);
}, 300_000);

test('reports whose worker is killed at each step are made once, with one mail for each recipient', async () => {
  const mill = await openMill(postgresStore);
  await fill(mill, 2_000, 1_500);
  const gate = await openGates(mill);
  await gate.shut(gates.row, gates.document, gates.mail);
  const ids: string[] = [];
  for (const format of ['pdf', 'xlsx'] as const) {
    const recipients = [`first-${format}@example.com`, `second-${format}@example.com`];
    const dateRange = { start: '2026-10-01', end: '2026-10-01' };
    const data = { userId: 'u1', reportType: 'opportunities' as const, format, dateRange, recipients };
    ids.push((await mill.queues.addJob('document', 'generate-report', { type: 'generate-report', data })).id);
  }

  // While the rows are read, and half a workbook is written.
  await mill.start();
  await until('both read their rows', async () => (await gate.waiting(gates.row)) === 2, 90_000);
  await until('a part is written', async () => (await partsWithContent(mill)) === 1);
  await kill(mill);
  expect(await files(mill, 'reports')).toEqual([]);
  await gate.open(gates.row);

  // When the files are there, and their rows are not.
  await mill.start();
  await until('both are stored', async () => (await gate.waiting(gates.document)) === 2, 90_000);
  expect(await files(mill, 'reports')).toHaveLength(2);
  await kill(mill);
  await gate.open(gates.document);

  // When one mail is sent, and another is not yet added.
  await mill.start();
  await until('the next is added', async () => (await gate.waiting(gates.mail)) > 0, 90_000);
  await until('the first is sent', async () => (await mill.sentMails()) > 0);
  await kill(mill);
  await gate.open(gates.mail);

  await mill.start();
  await until('all mails are sent', async () => (await mill.sentMails()) === 4, 90_000);
  await until('both jobs are completed', async () =>
    (await Promise.all(ids.map((id) => documentState(mill, id)))).every((state) => state === 'completed'),
  );
  const made = await expectWhole(mill, 'reports', ids);
  expect(made.get('pdf')?.subarray(0, 5).toString()).toBe('%PDF-');
  const outbox = (await readdir(join(mill.world.dataDir, 'outbox'))).filter((name) => name.endsWith('.eml'));
  expect(outbox).toHaveLength(4);
  expect(await mill.completed('email')).toBe(4);
  const { rows: mails } = await mill.pool.query('select recipient from email_deliveries order by recipient');
  expect(mails.map(({ recipient }) => recipient)).toEqual([
    'first-pdf@example.com',
    'first-xlsx@example.com',
    'second-pdf@example.com',
    'second-xlsx@example.com',
  ]);
}, 400_000);
