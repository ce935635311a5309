import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { defineCleanupData } from '../../processors/sync/cleanup-data.ts';
import { type Payload, queues, type Result } from '../../queues/index.ts';
import type { Database } from '../../src/integrations/database/port.ts';
import { createLocalStorage } from '../../src/integrations/storage/local.ts';
import type { Storage } from '../../src/integrations/storage/port.ts';
import { createWorld, type World } from '../support/world.ts';

const now = new Date('2026-11-01T12:00:00Z');

let world: World;
let storage: Storage;
beforeEach(async () => {
  world = await createWorld();
  storage = createLocalStorage({ dir: world.dataDir });
});
afterEach(() => world.close());

interface Run {
  readonly key?: string;
  readonly dryRun?: boolean;
  readonly olderThanDays?: Payload<'sync', 'cleanup-data'>['data']['olderThanDays'];
  readonly batchSize?: number;
  readonly storage?: Storage;
  readonly database?: Database;
  readonly signal?: AbortSignal;
  readonly onProgress?: (percent: number) => void;
}

async function clean(run: Run = {}): Promise<Result<'sync', 'cleanup-data'>> {
  const payload = queues.sync.jobs['cleanup-data'].payload.parse({
    type: 'cleanup-data',
    data: {
      ...(run.dryRun === undefined ? {} : { dryRun: run.dryRun }),
      ...(run.olderThanDays === undefined ? {} : { olderThanDays: run.olderThanDays }),
    },
  });
  const key = run.key ?? 'cleanup-1';
  const ignore = () => undefined;
  const refuse = () => Promise.reject(new Error('A cleanup adds no jobs.'));
  const result = await defineCleanupData({ batchSize: run.batchSize ?? 500, now: () => now }).run({
    job: {
      id: key,
      queue: 'sync',
      name: 'cleanup-data',
      attempt: 1,
      maxAttempts: 3,
      key,
      correlationId: key,
    },
    type: payload.type,
    data: payload.data,
    payload,
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    signal: run.signal ?? new AbortController().signal,
    progress: (percent) => run.onProgress?.(percent),
    addJob: refuse,
    addJobs: refuse,
    services: { database: run.database ?? world.database, storage: run.storage ?? storage },
  });
  expect(queues.sync.jobs['cleanup-data'].result.safeParse(result).error).toBeUndefined();
  return result;
}

async function addDocument(id: string, createdAt: string, storageKey = `reports/${id}.pdf`): Promise<void> {
  await storage.put(storageKey, new TextEncoder().encode(id));
  await world.pool.query(
    `insert into documents (id, job_key, kind, format, title, file_name, content_type, bytes, sha256, storage_key, created_at)
     values ($1, 'job', 'report', 'pdf', $1, $1, 'application/pdf', 1, 'x', $3, $2)`,
    [id, createdAt, storageKey],
  );
}

async function addNotice(id: string, columns: Readonly<Record<string, unknown>>): Promise<void> {
  const row = { notice_id: id, title: id, posted_on: '2023-01-01', raw: '{}', content_hash: id, ...columns };
  const names = Object.keys(row);
  await world.pool.query(
    `insert into opportunities (${names.join(', ')}) values (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
    Object.values(row),
  );
}

async function column(sql: string): Promise<unknown[]> {
  const { rows } = await world.pool.query<Record<string, unknown>>(sql);
  return rows.map((row) => Object.values(row)[0]);
}

const old = '2026-01-01T00:00:00Z';
const young = '2026-10-20T00:00:00Z';
const nothing = {
  documents: 0,
  cerReports: 0,
  files: 0,
  conversions: 0,
  opportunities: 0,
  deliveries: 0,
  mailEvents: 0,
  scheduleTicks: 0,
  syncRejects: 0,
  syncPositions: 0,
};

describe('documents', () => {
  it('go with their files once they are old, in batches, and young ones stay', async () => {
    for (let index = 0; index < 7; index++) await addDocument(`old-${index}`, old);
    await addDocument('young', young);
    const percents: number[] = [];
    expect(await clean({ batchSize: 3, onProgress: (percent) => percents.push(percent) })).toEqual({
      dryRun: false,
      removed: { ...nothing, documents: 7, files: 7 },
    });
    expect(percents).toEqual([...percents].sort((a, b) => a - b));
    expect(await column('select id from documents')).toEqual(['young']);
    expect(await storage.exists('reports/young.pdf')).toBe(true);
    for (let index = 0; index < 7; index++)
      expect(await storage.exists(`reports/old-${index}.pdf`)).toBe(false);
    expect(await column('select storage_key from storage_removals')).toEqual([]);
  });

  it('leave a file that another document or an attachment names', async () => {
    await addDocument('old', old, 'shared.pdf');
    await addDocument('older', '2025-01-01T00:00:00Z', 'shared.pdf');
    await addDocument('young', young, 'shared.pdf');
    await addDocument('source', old, 'attached.pdf');
    await world.pool.query(
      `insert into attachments (id, source, file_name, content_type, bytes, sha256, storage_key, pages, page_texts)
       values ('a', 'x', 'x', 'x', 1, 'x', 'attached.pdf', 0, '{}')`,
    );
    expect(await clean({ dryRun: true })).toMatchObject({ removed: { documents: 3, files: 0 } });
    expect(await clean()).toMatchObject({ removed: { documents: 3, files: 0 } });
    expect(await storage.exists('shared.pdf')).toBe(true);
    expect(await storage.exists('attached.pdf')).toBe(true);

    await world.pool.query("update documents set created_at = '2026-01-01'");
    expect(await clean({ key: 'cleanup-2' })).toMatchObject({ removed: { documents: 1, files: 1 } });
    expect(await storage.exists('shared.pdf')).toBe(false);
  });

  it('leave a file that a conversion names, which goes with the conversion', async () => {
    for (const [id, completedAt] of [
      ['young', young],
      ['old', old],
    ]) {
      await addDocument(`converted-${id}`, old, `converted-${id}.pdf`);
      await world.pool.query(
        "insert into conversions (id, upload_path, status, completed_at) values ($1, $2, 'complete', $3)",
        [id, `converted-${id}.pdf`, completedAt],
      );
    }
    const removed = { documents: 2, conversions: 1, files: 1 };
    expect(await clean({ dryRun: true })).toMatchObject({ removed });
    expect(await clean()).toMatchObject({ removed });
    expect(await storage.exists('converted-young.pdf')).toBe(true);
    expect(await storage.exists('converted-old.pdf')).toBe(false);
  });

  it('are not counted by a dry run while another has their files in hand', async () => {
    await addDocument('old', old);
    await world.database.cleanup.removeBatch('documents', now, 10, 'cleanup-1');
    expect(await clean({ dryRun: true })).toMatchObject({ removed: { files: 1 } });
    expect(await world.database.cleanup.claimRemoval(3_600)).toBe('reports/old.pdf');
    expect(await clean({ dryRun: true })).toMatchObject({ removed: { files: 0 } });
    expect(await clean({ key: 'cleanup-2' })).toMatchObject({ removed: { files: 0 } });
  });

  it('removed by a process that is killed at any point are counted once, and leave neither row nor file', async () => {
    for (let index = 0; index < 12; index++) await addDocument(`old-${index}`, old);
    const script = join(import.meta.dirname, '../support/cleanup-process.ts');
    for (const removals of [0, 1, 5]) {
      const child = spawn(process.execPath, [script, world.databaseUrl, world.dataDir, String(removals)], {
        stdio: 'inherit',
      });
      expect((await once(child, 'exit'))[1]).toBe('SIGKILL');
      const keys = await column('select storage_key from documents');
      for (const key of keys) expect(await storage.exists(String(key))).toBe(true);
      // The claim of the dead worker ends by itself; here time is moved instead of waited for.
      await world.pool.query("update storage_removals set claimed_until = now() - interval '1 second'");
    }
    expect(await clean()).toMatchObject({ removed: { documents: 12, files: 12 } });
    expect(await column('select storage_key from storage_removals')).toEqual([]);
    for (let index = 0; index < 12; index++)
      expect(await storage.exists(`reports/old-${index}.pdf`)).toBe(false);
  });

  it('whose file cannot be removed keep none of the others, and the job says so', async () => {
    for (const id of ['a', 'b', 'c']) await addDocument(id, old);
    const stubborn: Storage = {
      ...storage,
      remove: (key) =>
        key === 'reports/b.pdf' ? Promise.reject(new Error('read-only')) : storage.remove(key),
    };
    await expect(clean({ storage: stubborn })).rejects.toThrow('read-only');
    expect(await storage.exists('reports/c.pdf')).toBe(false);
    await world.pool.query("update storage_removals set claimed_until = now() - interval '1 second'");
    expect(await clean()).toMatchObject({ removed: { documents: 3, files: 3 } });
    expect(await storage.exists('reports/b.pdf')).toBe(false);
  });

  it('written again under the same key call the removal off, or wait while it is under way', async () => {
    await addDocument('first', old, 'same.pdf');
    await world.database.cleanup.removeBatch('documents', now, 10, 'cleanup-1');
    await addDocument('again', young, 'same.pdf');
    expect(await world.database.cleanup.claimRemoval(60)).toBeUndefined();
    expect(await storage.exists('same.pdf')).toBe(true);

    await world.database.cleanup.removeBatch('documents', now, 10, 'cleanup-1');
    expect(await world.database.cleanup.claimRemoval(60)).toBe('same.pdf');
    await expect(addDocument('late', young, 'same.pdf')).rejects.toThrow('is being removed');
    await storage.remove('same.pdf');
    await world.database.cleanup.finishRemoval('same.pdf', 'cleanup-1');
    await addDocument('late', young, 'same.pdf');
  });

  it('saved while a claim looks for them are seen: the two cannot pass each other', async () => {
    await addDocument('first', old, 'same.pdf');
    const client = await world.pool.connect();
    try {
      await client.query('begin');
      // This transaction found no mark, since the row is still there, and is not through yet.
      await client.query(
        `insert into documents (id, job_key, kind, format, title, file_name, content_type, bytes, sha256, storage_key)
         values ('second', 'job', 'x', 'x', 'x', 'x', 'x', 1, 'x', 'same.pdf')`,
      );
      await world.database.cleanup.removeBatch('documents', now, 10, 'cleanup-1');
      const claim = world.database.cleanup.claimRemoval(60);
      await client.query('commit');
      expect(await claim).toBeUndefined();
    } finally {
      client.release();
    }
  });
});

describe('clinical evaluation reports', () => {
  /** One that ended long ago, unless it is told otherwise; with its PDF if it has one. */
  async function addReport(id: string, columns: Readonly<Record<string, unknown>> = {}): Promise<void> {
    const row: Record<string, unknown> = {
      ...{ id, subject: 's', correlation_id: id, job_id: id, device_name: 'd', request: '{}' },
      ...{ status: 'completed', completed_at: '2025-06-01T00:00:00Z', document_id: `document-${id}` },
      ...columns,
    };
    if (row.document_id !== null) await addDocument(`document-${id}`, old, `cer/${id}.pdf`);
    const names = Object.keys(row);
    await world.pool.query(
      `insert into cer_reports (${names.join(', ')}) values (${names.map((_, index) => `$${index + 1}`).join(', ')})`,
      Object.values(row),
    );
  }
  const reports = () => column('select id from cer_reports order by id');

  it('go with their PDFs a year after their end, and those that are not over stay', async () => {
    await addReport('completed');
    await addReport('failed', {
      ...{ status: 'failed', completed_at: null, failed_at: '2025-06-01T00:00:00Z', document_id: null },
    });
    await addReport('lately', { completed_at: '2026-06-01T00:00:00Z' });
    await addReport('under-way', { status: 'processing', completed_at: null, document_id: null });
    await addReport('to-be-told', { notice_due: true });
    const removed = { ...nothing, cerReports: 2, files: 1 };
    expect(await clean({ dryRun: true })).toEqual({ dryRun: true, removed });
    expect(await reports()).toHaveLength(5);
    expect(await clean({ batchSize: 1 })).toEqual({ dryRun: false, removed });
    expect(await reports()).toEqual(['lately', 'to-be-told', 'under-way']);
    expect(await column('select id from documents order by id')).toEqual([
      'document-lately',
      'document-to-be-told',
    ]);
    expect(await storage.exists('cer/completed.pdf')).toBe(false);
    expect(await storage.exists('cer/lately.pdf')).toBe(true);
    expect(await storage.exists('cer/to-be-told.pdf')).toBe(true);
    expect(await column('select storage_key from storage_removals')).toEqual([]);

    const next = { key: 'cleanup-2', olderThanDays: { cerReports: 30 } };
    expect(await clean(next)).toMatchObject({ removed: { cerReports: 1, files: 1 } });
    expect(await reports()).toEqual(['to-be-told', 'under-way']);
  });

  it('keep their PDF however old it is, and leave one that something else names', async () => {
    await addReport('lately', { completed_at: '2026-10-30T00:00:00Z' });
    await addDocument('copy', old, 'cer/lately.pdf');
    expect(await clean({ dryRun: true })).toMatchObject({ removed: { documents: 1, files: 0 } });
    expect(await clean({ olderThanDays: { documents: 1 } })).toMatchObject({
      removed: { documents: 1, files: 0 },
    });
    expect(await storage.exists('cer/lately.pdf')).toBe(true);

    await addDocument('young', young, 'cer/lately.pdf');
    await world.pool.query("update cer_reports set completed_at = '2025-01-01'");
    const removed = { cerReports: 1, files: 0 };
    expect(await clean({ key: 'cleanup-2', dryRun: true })).toMatchObject({ removed });
    expect(await clean({ key: 'cleanup-2' })).toMatchObject({ removed });
    expect(await column('select id from documents')).toEqual(['young']);
    expect(await storage.exists('cer/lately.pdf')).toBe(true);
  });
});

describe('opportunities', () => {
  it('that closed long ago move to the archive; open ones and those without an end stay', async () => {
    await addNotice('closed', {
      active: true,
      archive_on: '2024-01-15',
      response_deadline: '2024-01-01T00:00:00Z',
    });
    await addNotice('withdrawn', { active: false });
    await addNotice('archived-lately', { active: false, archive_on: '2026-09-01' });
    await addNotice('open', { response_deadline: '2026-12-01T00:00:00Z' });
    await addNotice('endless', { active: true });
    expect(await clean({ dryRun: true })).toMatchObject({ removed: { opportunities: 2 } });
    expect(await clean()).toMatchObject({ removed: { opportunities: 2 } });
    expect(await column('select notice_id from opportunities order by 1')).toEqual([
      'archived-lately',
      'endless',
      'open',
    ]);
    expect(await column('select notice_id from opportunities_archive order by 1')).toEqual([
      'closed',
      'withdrawn',
    ]);
    expect(await clean({ key: 'cleanup-2', olderThanDays: { opportunities: 30 } })).toMatchObject({
      removed: { opportunities: 1 },
    });
  });

  it('keep every column on their way', async () => {
    const columns = async (table: string) =>
      column(
        `select column_name::text from information_schema.columns where table_name = '${table}' and column_name <> 'archived_at' order by 1`,
      );
    expect(await columns('opportunities_archive')).toEqual(await columns('opportunities'));
    await addNotice('closed', { active: false, agency: 'VA', award_amount: '12.50', raw: '{"a":1}' });
    const [before] = await column("select to_jsonb(o) from opportunities o where notice_id = 'closed'");
    await clean();
    expect(await column("select to_jsonb(o) - 'archived_at' from opportunities_archive o")).toEqual([before]);
  });

  it('that a sync meets again stay in the archive unless they have changed', async () => {
    await addNotice('closed', { active: false });
    await clean();
    const notice = { notice_id: 'closed', title: 'closed', posted_on: '2023-01-01', active: false, raw: {} };
    const checkpoint = { kind: 'k', job_key: 'j', windows: [], next_page: 0, totals: { from: '', to: '' } };
    const save = async (contentHash: string) => {
      const { rows } = await world.pool.query('select * from save_opportunity_page($1, $2, $3, $4)', [
        JSON.stringify([{ ...notice, content_hash: contentHash }]),
        '[]',
        JSON.stringify(checkpoint),
        't',
      ]);
      return rows;
    };
    await world.database.syncs.takeLease({ kind: 'k', jobKey: 'j', token: 't' }, 60);
    expect(await save('closed')).toEqual([{ inserted: 0, updated: 0, unchanged: 1 }]);
    expect(await world.database.opportunities.count()).toBe(0);
    expect(await save('changed')).toEqual([{ inserted: 1, updated: 0, unchanged: 0 }]);
    expect(await column('select notice_id from opportunities_archive')).toEqual([]);
  });
});

describe('ledgers', () => {
  beforeEach(async () => {
    await world.pool.query(
      `insert into email_deliveries (job_key, recipient, template, provider, claimed_at)
       values ('a', 'x@mail.example', 't', 'p', '2024-01-01'), ('b', 'x@mail.example', 't', 'p', '2026-10-30');
       insert into email_events (id, type, email, occurred_at, received_at)
       values ('old', 'delivered', 'x@mail.example', '2024-01-01', '2024-01-01');
       insert into schedule_ticks (schedule, tick_at, state, claimed_by, claim_expires_at, created_at)
       select s, t, 'enqueued', 'x', t, t
         from unnest(array['daily', 'idle']) s, unnest(array['2026-01-01', '2026-01-02', '2026-10-31']::timestamptz[]) t
        where s = 'daily' or t < '2026-10-01';
       insert into sync_rejects (kind, job_key, reason, created_at) values ('k', 'j', 'r', '2026-01-01'), ('k', 'j', 'r', '2026-10-31');
       insert into sync_positions (kind, job_key, windows, next_page, totals, updated_at)
       values ('k', 'old', '[]', 0, '{}', '2026-01-01'), ('k', 'new', '[]', 0, '{}', '2026-10-31')`,
    );
  });
  const due = {
    ...nothing,
    deliveries: 1,
    mailEvents: 1,
    scheduleTicks: 3,
    syncRejects: 1,
    syncPositions: 1,
  };

  it('lose what is past its time, and of each schedule keep the newest tick', async () => {
    expect(await clean({ batchSize: 1 })).toEqual({ dryRun: false, removed: due });
    expect(await column('select job_key from email_deliveries')).toEqual(['b']);
    expect(await column('select job_key from sync_positions')).toEqual(['new']);
    expect(
      await column(
        "select schedule || ' ' || (tick_at at time zone 'UTC')::date from schedule_ticks order by 1",
      ),
    ).toEqual(['daily 2026-10-31', 'idle 2026-01-02']);
    expect(await world.database.ticks.last('idle')).toEqual(new Date('2026-01-02T00:00:00Z'));
  });

  it('lose the events of mails at the age that was asked for the mails', async () => {
    await world.pool.query(
      `insert into email_events (id, type, email, occurred_at, received_at)
       values ('young', 'delivered', 'x@mail.example', '2026-10-26', '2026-10-26')`,
    );
    expect(await clean({ olderThanDays: { deliveries: 7 } })).toMatchObject({
      removed: { deliveries: 1, mailEvents: 1 },
    });
    expect(await clean({ key: 'cleanup-2', olderThanDays: { deliveries: 5 } })).toMatchObject({
      removed: { mailEvents: 1 },
    });
  });

  it('in a dry run lose nothing', async () => {
    await addDocument('old', old);
    expect(await clean({ dryRun: true })).toEqual({
      dryRun: true,
      removed: { ...due, documents: 1, files: 1 },
    });
    expect(await clean({ key: 'cleanup-2', dryRun: true })).toMatchObject({ removed: { documents: 1 } });
    expect(await storage.exists('reports/old.pdf')).toBe(true);
    expect(await clean()).toEqual({ dryRun: false, removed: { ...due, documents: 1, files: 1 } });
  });

  it('stop between two batches when the job is stopped', async () => {
    const caller = new AbortController();
    const run = clean({
      batchSize: 1,
      signal: caller.signal,
      onProgress: () => caller.abort(new Error('The worker stops.')),
    });
    await expect(run).rejects.toThrow('The worker stops.');
    expect(await column('select count(*)::int from schedule_ticks')).toEqual([5]);
  });
});
