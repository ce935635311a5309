import { beforeAll, expect, it } from 'vitest';
import type { ListPage, Place } from '../../../src/integrations/database/port.ts';
import type { Open } from '../database.ts';

/** What people look through: newest first, in pages that neither repeat a row nor leave one out. */
export function lists(open: Open): void {
  const name = (n: number) => `listed-${String(n).padStart(2, '0')}`;
  const names = (from: number, to: number) =>
    Array.from({ length: from - to + 1 }, (_, at) => name(from - at));

  /** Every row of a list, in pages of three. */
  async function walk<T>(list: (place: Place) => Promise<ListPage<T>>): Promise<T[]> {
    const rows: T[] = [];
    let cursor: string | undefined;
    for (let pages = 0; pages < 50; pages += 1) {
      const page = await list({ cursor, limit: 3 });
      expect(page.rows.length).toBeLessThanOrEqual(3);
      rows.push(...page.rows);
      cursor = page.next;
      if (cursor === undefined) return rows;
      expect(page.rows.length).toBe(3);
    }
    throw new Error('The list has no end.');
  }

  beforeAll(async () => {
    // Rows of one time come in threes, to be told apart by their keys; times of µs, as the database makes them.
    await open().pool.query(`
      create temporary table listed as
      select 'listed-' || to_char(n, 'FM00') as name,
        timestamptz '2030-01-01T00:00:00.000001Z' + (n / 3) * interval '1 microsecond' as at, n
      from generate_series(1, 10) n;
      insert into documents (id, job_key, kind, format, title, file_name, content_type, bytes, sha256, storage_key, created_at)
        select name, 'document:listed:' || name, case when n > 8 then 'listed-other' else 'listed' end,
          case when n % 2 = 0 then 'pdf' else 'csv' end, name, name || '.pdf', 'application/pdf', 3000000000, repeat('0', 64), name, at
        from listed;
      insert into email_deliveries (job_key, recipient, template, provider, status, claimed_at, outcome)
        select 'email:listed', name || '@Example.org', 'listed', 'outbox', case when n > 8 then 'rejected' else 'sent' end, at,
          case when n = 1 then 'bounced' end
        from listed;
      insert into sync_positions (kind, job_key, windows, next_page, totals, updated_at)
        select 'listed', name, case when n > 8 then '[]'::jsonb else '[{"posted":{"start":"2030-01-01","end":"2030-01-02"}}]' end, n,
          '{"from":"2030-01-01","to":"2030-01-02","fetched":7,"inserted":4,"updated":2,"unchanged":1,"skipped":1,"skippedReasons":{"no title":1},"requestsUsed":2,"pages":2}', at
        from listed;
      insert into sync_rejects (kind, job_key, record_id, reason, raw)
        select 'listed', 'listed-01', name, 'no title', '{"title": null}' from listed order by n;
      insert into sync_leases (kind, holder, token, expires_at) values ('listed', 'listed-08', 't', now() + interval '1 hour');
      insert into sync_checkpoints (kind, synced_through) values ('listed', '2030-01-02');
      insert into request_budgets (key_name, day, used) values ('listed', (now() at time zone 'UTC')::date, 12);
      insert into conversions (id, upload_path, status, error_code, error_message, created_at)
        select name, 'uploads/' || name, case when n > 6 then 'failed' else 'complete' end,
          case when n > 6 then case when n > 8 then 'LISTED_A' else 'LISTED_B' end end, 'why', at
        from listed order by n;
      insert into cer_reports (id, subject, correlation_id, job_id, device_name, request, status, created_at)
        select name, 'shop', 'c', 'j', name, '{"large": true}', case when n > 6 then 'failed' else 'queued' end, at from listed;
      drop table listed;`);
  });

  it('gives documents by kind and format', async () => {
    const { lists: kept } = open().database;
    const documents = await walk((place) => kept.documents({ kind: 'listed' }, place));
    expect(documents.map(({ id }) => id)).toEqual(names(8, 1));
    expect(documents[0]).toMatchObject({ bytes: 3_000_000_000, format: 'pdf', createdAt: expect.any(Date) });
    const csv = await walk((place) => kept.documents({ kind: 'listed', format: 'csv' }, place));
    expect(csv.map(({ id }) => id)).toEqual([7, 5, 3, 1].map(name));
    const all = await walk((place) => kept.documents({}, place));
    expect(all.map(({ id }) => id).filter((id) => id.startsWith('listed'))).toEqual(names(10, 1));
  });

  it('gives mails by recipient in any case, status, outcome and template', async () => {
    const { lists: kept } = open().database;
    const template = 'listed';
    const mails = await walk((place) => kept.mails({ template }, place));
    expect(mails.map(({ recipient }) => recipient)).toEqual(
      names(10, 1).map((each) => `${each}@Example.org`),
    );
    expect((await walk((place) => kept.mails({ template, status: 'rejected' }, place))).length).toBe(2);
    expect((await walk((place) => kept.mails({ template, outcome: 'bounced' }, place))).length).toBe(1);
    const mine = await walk((place) => kept.mails({ recipient: 'LISTED-05@example.ORG' }, place));
    expect(mine).toMatchObject([{ recipient: 'listed-05@Example.org', status: 'sent', attempts: 1 }]);
  });

  it('opens a mail with what its provider has told of it', async () => {
    const { lists: kept, deliveries } = open().database;
    const key = { jobKey: 'email:listed', recipient: 'listed-02@Example.org' };
    const event = { email: key.recipient, reason: undefined, suppress: undefined, messageId: undefined };
    await deliveries.recordEvents([
      { ...event, id: 'listed-2', type: 'bounced', at: new Date(2_000), jobKey: key.jobKey, reason: '550' },
      { ...event, id: 'listed-1', type: 'delivered', at: new Date(1_000), jobKey: key.jobKey },
      { ...event, id: 'listed-3', type: 'delivered', at: new Date(1_000), jobKey: 'email:other' },
    ]);
    expect(await kept.mail(key)).toMatchObject({
      status: 'sent',
      outcome: 'bounced',
      events: [
        { type: 'delivered', at: new Date(1_000) },
        { type: 'bounced', reason: '550' },
      ],
    });
    expect(await kept.mail({ ...key, jobKey: 'email:none' })).toBeUndefined();
  });

  it('gives syncs with what they have done, and the records that they could not read', async () => {
    const { lists: kept } = open().database;
    const runs = await walk((place) => kept.syncRuns({ kind: 'listed' }, place));
    expect(runs.map(({ jobKey }) => jobKey)).toEqual(names(10, 1));
    expect(runs.map(({ running }) => running)).toEqual(names(10, 1).map((each) => each === name(8)));
    expect(await kept.syncRun('listed', name(1))).toMatchObject({
      rejects: 10,
      windows: [{ posted: { start: '2030-01-01', end: '2030-01-02' } }],
      totals: { fetched: 7, skippedReasons: { 'no title': 1 } },
    });
    expect(await kept.syncRun('listed', 'none')).toBeUndefined();
    const rejects = await walk((place) => kept.syncRejects({ kind: 'listed', jobKey: name(1) }, place));
    expect(rejects.map(({ recordId }) => recordId)).toEqual(names(10, 1));
    expect(rejects[0]).toMatchObject({ reason: 'no title', raw: { title: null } });
    const state = await kept.syncState();
    expect(state.kinds).toContainEqual({
      kind: 'listed',
      syncedThrough: '2030-01-02',
      updatedAt: expect.any(Date),
    });
    expect(state.requests).toContainEqual({ key: 'listed', used: 12 });
  });

  it('gives conversions by status and code of error', async () => {
    const { lists: kept } = open().database;
    const failed = await walk((place) =>
      kept.conversions({ status: 'failed', errorCode: 'LISTED_B' }, place),
    );
    expect(failed.map(({ id }) => id)).toEqual(names(8, 7));
    const all = await walk((place) => kept.conversions({}, place));
    expect(all.map(({ id }) => id).filter((id) => id.startsWith('listed'))).toEqual(names(10, 1));
  });

  it('gives clinical evaluation reports by status', async () => {
    const { lists: kept } = open().database;
    const failed = await walk((place) => kept.cerReports({ status: 'failed' }, place));
    expect(failed.map(({ id }) => id).filter((id) => id.startsWith('listed'))).toEqual(names(10, 7));
  });

  it('refuses a cursor that no page has given', async () => {
    const { lists: kept } = open().database;
    for (const cursor of ['', 'x', Buffer.from('{"a":1}').toString('base64url')])
      await expect(kept.documents({}, { cursor, limit: 3 })).rejects.toMatchObject({
        code: 'INVALID_REQUEST',
      });
  });
}
