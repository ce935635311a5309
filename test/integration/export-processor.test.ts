import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import ExcelJS from 'exceljs';
import { startFauxqs } from 'fauxqs';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { datasets } from '../../processors/document/export/datasets.ts';
import { exportData } from '../../processors/document/export-data.ts';
import { documentQueue } from '../../queues/document.ts';
import type { Payload } from '../../queues/index.ts';
import { exportDatasets } from '../../src/integrations/database/port.ts';
import { createLocalStorage } from '../../src/integrations/storage/local.ts';
import type { Storage } from '../../src/integrations/storage/port.ts';
import { createS3Storage } from '../../src/integrations/storage/s3.ts';
import { createSupabaseStorage } from '../../src/integrations/storage/supabase.ts';
import { Events } from '../../src/observability/events.ts';
import { makeSample } from '../../src/sample/index.ts';
import { startFakeSupabaseStorage } from '../support/fake-supabase-storage.ts';
import { createWorld, type World } from '../support/world.ts';
import { insertRows, sampleRows } from './report-data.ts';
import { parseCsv } from './report-files.ts';

type Request = Payload<'document', 'export-data'>['data'];

const letters = 'x'.repeat(1_000);

interface OpenStorage {
  readonly storage: Storage;
  /** Whether a part of the file is there. */
  begun(): Promise<boolean>;
  /** Files and parts of files. */
  left(): Promise<string[]>;
}

async function onS3(): Promise<OpenStorage> {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-s3-'));
  const server = await startFauxqs({ port: 0, logger: false, host: '127.0.0.1', s3StorageDir: dir });
  server.createBucket('the-documents');
  onTestFinished(async () => {
    await server.stop();
    await rm(dir, { recursive: true });
  });
  const files = async () => {
    const entries = await readdir(dir, { recursive: true, withFileTypes: true });
    return entries.filter(
      (entry) => entry.isFile() && /part|export/i.test(join(entry.parentPath, entry.name)),
    );
  };
  return {
    storage: createS3Storage({
      bucket: 'the-documents',
      region: 'eu-central-1',
      accessKeyId: 'AKIDOFTESTS',
      secretAccessKey: 'a-secret-of-the-tests',
      endpoint: `http://127.0.0.1:${server.port}`,
    }),
    begun: async () => (await files()).length > 0,
    left: async () => (await files()).map(({ name }) => name),
  };
}

async function onSupabase(): Promise<OpenStorage> {
  const place = { serviceRoleKey: 'a.service.key', bucket: 'documents' };
  const server = await startFakeSupabaseStorage({ ...place, errors: 'codes' });
  onTestFinished(() => server.close());
  return {
    storage: createSupabaseStorage({ ...place, url: server.url }),
    begun: async () => server.requests.length > 0,
    left: async () => [...server.objects.keys()],
  };
}

const { users, proposals } = makeSample({ asOf: new Date('2026-11-22T12:00:00Z') });
const [user] = users;
if (user === undefined) throw new Error('There are users.');
const rows = sampleRows(2_500, '2026-08-25', 90);

describe('export-data', () => {
  let world: World;

  beforeAll(async () => {
    world = await createWorld();
    await insertRows(world.databaseUrl, rows);
    await world.database.users.upsert(users);
    await world.database.proposals.upsert(proposals);
    await world.pool.query(
      `insert into stories (id, title, content, impact_tags, hype_score, ethics_score) values ('s1', 'A', 'B', '{x,"=y"}', 1.5, 2)`,
    );
    await world.database.deliveries.claim({
      jobKey: 'k',
      recipient: 'a@b.example',
      template: 't',
      provider: 'outbox',
    });
  });
  afterAll(() => world.close());

  interface Run {
    readonly key?: string;
    readonly signal?: AbortSignal;
    readonly onProgress?: (percent: number, message?: string) => void;
    readonly database?: World['database'];
    readonly storage?: Storage;
  }

  async function run(data: Omit<Request, 'userId'>, options: Run = {}) {
    const payload = { type: 'export-data' as const, data: { userId: user?.id ?? '', ...data } };
    const quiet = () => undefined;
    const result = await exportData.run({
      job: {
        id: '1',
        queue: 'document',
        name: 'export-data',
        attempt: 1,
        maxAttempts: 3,
        key: options.key ?? JSON.stringify(data),
        correlationId: 'c1',
      },
      type: payload.type,
      data: payload.data,
      payload,
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      signal: options.signal ?? new AbortController().signal,
      progress: (percent, message) => options.onProgress?.(percent, message),
      addJob: () => Promise.reject(new Error('An export adds no job.')),
      addJobs: () => Promise.reject(new Error('An export adds no job.')),
      services: {
        database: options.database ?? world.database,
        storage: options.storage ?? createLocalStorage({ dir: join(world.dataDir, 'files') }),
        events: new Events(),
      },
    });
    expect(documentQueue.jobs['export-data'].result.parse(result)).toEqual(result);
    return { result, bytes: await readFile(join(world.dataDir, 'files', result.storageKey)) };
  }
  const records = async (data: Omit<Request, 'userId' | 'format'>) =>
    parseCsv((await run({ ...data, format: 'csv' })).bytes.toString().slice(1)).slice(1);

  it('writes all rows as CSV, in the order of their key', async () => {
    const { result, bytes } = await run({ dataset: 'opportunities', format: 'csv' });
    expect(result).toMatchObject({
      rows: 2_500,
      contentType: 'text/csv; charset=utf-8',
      bytes: bytes.length,
    });
    expect(result.fileName).toMatch(/^opportunities-\d{4}-\d\d-\d\d\.csv$/);
    const [header, ...lines] = parseCsv(bytes.toString().slice(1));
    expect(header).toEqual(datasets.opportunities.map(({ name }) => name));
    const at = (name: string) => header?.indexOf(name) ?? -1;
    expect(
      lines.map((line) => [
        line[at('notice_id')],
        line[at('posted_on')],
        line[at('response_deadline')],
        line[at('award_amount')],
      ]),
    ).toEqual(
      rows.map((row) => [
        row.noticeId,
        row.postedOn,
        row.responseDeadline?.toISOString().replace('.000Z', 'Z') ?? '',
        row.awardAmount ?? '',
      ]),
    );
    expect(await world.database.documents.find(result.documentId)).toMatchObject({
      kind: 'export-opportunities',
      addedBy: '',
      format: 'csv',
      rows: 2_500,
    });
  });

  it.each(exportDatasets)('has every column of %s, in each format', async (dataset) => {
    const counts = await Promise.all(
      (['csv', 'xlsx', 'ndjson'] as const).map(
        async (format) => (await run({ dataset, format })).result.rows,
      ),
    );
    expect(new Set(counts).size).toBe(1);
    if (dataset !== 'entities') expect(counts[0]).toBeGreaterThan(0);
  });

  it('writes workbooks and NDJSON with the same rows', async () => {
    const columns = ['notice_id', 'title', 'posted_on', 'active'];
    const { bytes } = await run({ dataset: 'opportunities', format: 'xlsx', columns });
    const book = new ExcelJS.Workbook();
    await book.xlsx.load(Uint8Array.from(bytes).buffer);
    const sheet = book.getWorksheet('Opportunities');
    expect(sheet?.rowCount).toBe(2_501);
    const filters = { posted_on_from: '2026-10-01', title: ['=1', 'b'] };
    const some = await run({ dataset: 'opportunities', format: 'xlsx', columns: ['title'], filters });
    await book.xlsx.load(Uint8Array.from(some.bytes).buffer);
    expect(book.getWorksheet('Summary')?.getSheetValues().slice(1)).toEqual([
      [undefined, 'Dataset', 'Opportunities'],
      [undefined, 'Rows', some.result.rows],
      [undefined, 'Columns', 'title'],
      [undefined, 'Filter', 'posted_on: from 2026-10-01'],
      [undefined, 'Filter', 'title: =1, b'],
    ]);
    const lines = (await run({ dataset: 'opportunities', format: 'ndjson', columns })).bytes
      .toString()
      .trimEnd()
      .split('\n');
    lines.forEach((line, index) => {
      const object: unknown = JSON.parse(line);
      const [row, cells] = [rows[index], sheet?.getRow(index + 2)];
      expect(object).toEqual({
        notice_id: row?.noticeId,
        title: row?.title,
        posted_on: row?.postedOn,
        active: true,
      });
      expect([cells?.getCell(1).value, cells?.getCell(2).value, cells?.getCell(3).value]).toEqual([
        row?.noticeId,
        row?.title,
        new Date(`${row?.postedOn}T00:00:00Z`),
      ]);
    });
  });

  it('filters by value, by several, and by bounds', async () => {
    const first = rows[0];
    const days = { posted_on_from: '2026-09-01', posted_on_to: '2026-09-03' };
    const inDays = rows.filter(({ postedOn }) => postedOn >= '2026-09-01' && postedOn <= '2026-09-03');
    const columns = ['notice_id'];
    const ids = (found: typeof rows) => found.map(({ noticeId }) => [noticeId]);
    expect(await records({ dataset: 'opportunities', columns, filters: days })).toEqual(ids(inDays));
    expect(
      await records({
        dataset: 'opportunities',
        columns,
        filters: { notice_id: [first?.noticeId ?? '', 'none'] },
      }),
    ).toEqual(ids(rows.slice(0, 1)));
    expect(await records({ dataset: 'opportunities', columns, filters: { active: false } })).toEqual([]);
    expect(
      await records({ dataset: 'opportunities', columns, filters: { award_amount_from: 12_000_000 } }),
    ).toEqual(ids(rows.filter(({ awardAmount }) => Number(awardAmount ?? 0) >= 12_000_000)));
    const until = '2026-09-10';
    expect(
      await records({ dataset: 'opportunities', columns, filters: { response_deadline_to: until } }),
    ).toEqual(
      ids(
        rows.filter(
          ({ responseDeadline: time }) => time !== undefined && time.toISOString().slice(0, 10) <= until,
        ),
      ),
    );
    // Text that would end a statement is a value like any other.
    expect(
      await records({ dataset: 'opportunities', columns, filters: { agency: "'; drop table users; --" } }),
    ).toEqual([]);
  });

  it('gives a user’s own proposals only', async () => {
    const own = proposals.filter(({ userId }) => userId === user.id);
    expect(await records({ dataset: 'proposals', columns: ['id'] })).toEqual(
      own.map(({ id }) => [id]).toSorted(),
    );
  });

  it('says which columns and filters there are', async () => {
    const asked = run({
      dataset: 'stories',
      format: 'csv',
      columns: ['id', 'raw', 'id'],
      filters: { impact_tags: 'x', created_at: 'yesterday', hype_score_from: 'high', title: true },
    });
    await expect(asked).rejects.toMatchObject({
      code: 'INVALID_PAYLOAD',
      retryable: false,
      details: [
        {
          path: 'data.columns[1]',
          message: expect.stringMatching(/stories has no column "raw"; it has id, title/),
        },
        { path: 'data.columns[2]', message: '"id" is there twice' },
        { path: 'data.filters.impact_tags', message: expect.stringContaining('it has id, title, content') },
        { path: 'data.filters.created_at', message: expect.stringContaining('ISO 8601') },
        { path: 'data.filters.hype_score_from', message: 'must be a number' },
        { path: 'data.filters.title', message: 'must be text' },
      ],
    });
  });

  it('reads one snapshot, whatever is written meanwhile', async () => {
    const batches = world.database.exports.rows(
      { dataset: 'opportunities', columns: ['notice_id'], filters: [], userId: user.id },
      1_000,
    );
    let count = 0;
    for await (const { total, rows: batch } of batches) {
      if (count === 0)
        await world.pool.query(
          `update opportunities set notice_id = notice_id || 'x', posted_on = '2030-01-01' where posted_on > '2026-11-01'`,
        );
      expect(total).toBe(2_500);
      count += batch.length;
      for (const [id] of batch) expect(id).not.toMatch(/x$/);
    }
    expect(count).toBe(2_500);
    await world.pool.query(`delete from opportunities`);
    await insertRows(world.databaseUrl, rows);
  });

  it('moves its progress forward, with the count of rows', async () => {
    const seen: [number, string | undefined][] = [];
    await run(
      { dataset: 'opportunities', format: 'ndjson' },
      { key: 'progress', onProgress: (percent, message) => seen.push([percent, message]) },
    );
    const percents = seen.map(([percent]) => percent);
    expect(percents).toEqual(percents.toSorted((a, b) => a - b));
    expect(seen).toContainEqual([39, '1000 of 2500 rows']);
    expect(seen.at(-1)).toEqual([100, '2500 rows']);
  });

  it('leaves one file and one row when it is run again', async () => {
    const first = await run({ dataset: 'opportunities', format: 'xlsx' }, { key: 'twice' });
    const second = await run({ dataset: 'opportunities', format: 'xlsx' }, { key: 'twice' });
    expect(second.result).toEqual(first.result);
  });

  it.each(['csv', 'xlsx', 'ndjson'] as const)(
    'stops %s in the middle and leaves nothing behind',
    async (format) => {
      const before = await readdir(join(world.dataDir, 'files', 'exports'));
      const stop = new AbortController();
      const reason = new Error('the worker is stopping');
      const running = run(
        { dataset: 'opportunities', format },
        {
          key: `stopped-${format}`,
          signal: stop.signal,
          onProgress: (percent) => percent > 0 && stop.abort(reason),
        },
      );
      await expect(running).rejects.toBe(reason);
      expect(await readdir(join(world.dataDir, 'files', 'exports'))).toEqual(before);
      expect(await readdir(join(world.dataDir, 'files', '.incoming'))).toEqual([]);
    },
  );

  it.each([
    ['S3', onS3],
    ['Supabase Storage', onSupabase],
  ])('stops in the middle of an upload to %s, and leaves no part of it', async (_name, open) => {
    const { storage, begun, left } = await open();
    const stop = new AbortController();
    const reason = new Error('cancelled');
    const database = {
      ...world.database,
      exports: {
        // More than one part of an upload, and then nothing more.
        async *rows() {
          for (let batch = 0; batch < 24; batch += 1)
            yield {
              total: 48_000,
              rows: Array.from({ length: 1_000 }, (_, at) => [`${batch} ${at}`, letters]),
            };
          if (!stop.signal.aborted) await once(stop.signal, 'abort');
          throw reason;
        },
      },
    };
    const running = run(
      { dataset: 'opportunities', format: 'csv', columns: ['notice_id', 'title'] },
      { key: 'stopped-upload', signal: stop.signal, database, storage },
    );
    const failed = expect(running).rejects.toBe(reason);
    await expect.poll(begun).toBe(true);
    stop.abort(reason);
    await failed;
    await expect.poll(left).toEqual([]);
    expect(await world.pool.query(`select 1 from documents where job_key = 'stopped-upload'`)).toMatchObject({
      rowCount: 0,
    });
  });

  it('stops while the database is still at work', async () => {
    const stop = new AbortController();
    const reason = new Error('the worker is stopping');
    const locker = await world.pool.connect();
    try {
      // What needs the table now waits for ever, as a query that takes long does.
      await locker.query('begin; lock table stories in access exclusive mode');
      const running = run({ dataset: 'stories', format: 'csv' }, { key: 'locked', signal: stop.signal });
      const failed = expect(running).rejects.toBe(reason);
      const waiting = `select 1 from pg_stat_activity where wait_event_type = 'Lock' and datname = current_database()`;
      while ((await world.pool.query(waiting)).rowCount === 0) await new Promise(setImmediate);
      stop.abort(reason);
      await failed;
    } finally {
      await locker.query('rollback');
      locker.release();
    }
    expect(await readdir(join(world.dataDir, 'files', '.incoming'))).toEqual([]);
  });
});
