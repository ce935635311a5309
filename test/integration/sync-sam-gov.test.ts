import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { queues } from '../../queues/index.ts';
import { MillraceError } from '../../src/errors/catalogue.ts';
import { createSamGov } from '../../src/integrations/sam-gov/client.ts';
import type { SamGov } from '../../src/integrations/sam-gov/port.ts';
import { makeSample } from '../../src/sample/index.ts';
import { type SamGovSandbox, startSamGovSandbox } from '../../src/sample/sam-gov-sandbox.ts';
import { failureOf, runSync, type SyncJob, type SyncResult } from '../support/sync-job.ts';
import { createWorld, type World } from '../support/world.ts';

const now = new Date('2026-04-16T12:00:00Z');
const kind = 'sam-gov-opportunities';
const notices = makeSample({ asOf: now, opportunities: 45 }).opportunities;
const year = { from: '2025-04-17', to: '2026-04-16' };

let world: World;
let sandbox: SamGovSandbox;
let samGov: SamGov;

beforeEach(async () => {
  world = await createWorld();
  sandbox = await startSamGovSandbox({ opportunities: notices, host: '127.0.0.1' });
  samGov = createSamGov({ apiKey: 'key', baseUrl: sandbox.url, minIntervalMs: 0 });
});
afterEach(async () => {
  await sandbox.close();
  await world.close();
});

function sync(job: Partial<SyncJob> = {}): Promise<SyncResult> {
  return runSync({ database: world.database, samGov, now: () => now, ...job });
}

/** The table as a reader sees it, without the times at which rows were written. */
async function table(): Promise<unknown[]> {
  const { rows } = await world.pool.query(
    "select to_jsonb(o) - 'first_seen_at' - 'updated_at' as row from opportunities o order by notice_id",
  );
  return rows;
}

/** What a sync without any disturbance leaves and answers, in a world of its own. */
async function undisturbed(): Promise<{ table: unknown[]; result: SyncResult }> {
  const other = await createWorld();
  try {
    const result = await sync({ database: other.database });
    const { rows } = await other.pool.query(
      "select to_jsonb(o) - 'first_seen_at' - 'updated_at' as row from opportunities o order by notice_id",
    );
    return { table: rows, result };
  } finally {
    await other.close();
  }
}

const ask = (data: { fullSync: boolean; dateRange?: { start: string; end: string } }) => ({
  payload: { type: 'sam-gov-opportunities' as const, data },
});

describe('a sync', () => {
  it('inserts all at first, and writes nothing the second time', async () => {
    const first = await sync();
    expect(first).toEqual({
      ...year,
      fetched: 45,
      inserted: 45,
      updated: 0,
      unchanged: 0,
      skipped: 0,
      skippedReasons: {},
      requestsUsed: 5,
      pages: 5,
    });
    expect(queues.sync.jobs['sam-gov-sync'].result.safeParse(first).error).toBeUndefined();
    expect(sandbox.requests).toBe(5);
    expect(await world.database.opportunities.count()).toBe(45);
    const written = await world.pool.query('select max(updated_at) as at from opportunities');

    const second = await sync({ key: 'job-2' });
    expect(second).toMatchObject({ fetched: 45, inserted: 0, updated: 0, unchanged: 45 });
    const later = await world.pool.query('select max(updated_at) as at from opportunities');
    expect(later.rows).toEqual(written.rows);
  });

  it('keeps each value as it was read', async () => {
    const award = { date: '2026-03-02', amount: '1,250.5', awardee: { name: 'KESTREL LLC' } };
    const notice = {
      ...notices[0],
      noticeId: 'n1',
      title: "Pumps\u0000; drop table opportunities -- '\ud800",
      postedDate: '2026-04-01',
      responseDeadLine: '2026-05-01T17:00:00-04:00',
      award,
    };
    sandbox.setOpportunities([notice]);
    await sync();
    const { rows } = await world.pool.query(
      `select title, posted_on::text, response_deadline, award_amount, award_on::text, awardee, raw->'award' as award
         from opportunities where notice_id = 'n1'`,
    );
    expect(rows).toEqual([
      {
        title: "Pumps; drop table opportunities -- '\ufffd",
        posted_on: '2026-04-01',
        response_deadline: new Date('2026-05-01T21:00:00Z'),
        award_amount: '1250.50',
        award_on: '2026-03-02',
        awardee: 'KESTREL LLC',
        award,
      },
    ]);
  });

  it('updates what has changed and nothing else', async () => {
    await sync();
    sandbox.setOpportunities(
      notices.map((notice, index) => (index < 3 ? { ...notice, title: 'Changed' } : notice)),
    );
    const result = await sync({ key: 'job-2' });
    expect(result).toMatchObject({ inserted: 0, updated: 3, unchanged: 42 });
    const { rows } = await world.pool.query(
      "select count(*)::int as n from opportunities where title = 'Changed'",
    );
    expect(rows).toEqual([{ n: 3 }]);
  });

  it('puts malformed records aside with their reason, and the page goes on', async () => {
    const broken = [
      { title: 'No id' },
      null,
      { noticeId: 'x', title: 'No day', postedDate: 'soon' },
      'text\u0000',
    ];
    sandbox.setOpportunities([...notices, ...broken]);
    const result = await sync();
    expect(result).toMatchObject({
      fetched: 49,
      inserted: 45,
      skipped: 4,
      skippedReasons: { 'no noticeId': 1, 'not an object': 2, 'no postedDate that is a date': 1 },
    });
    const { rows } = await world.pool.query(
      'select kind, job_key, record_id, reason, raw from sync_rejects order by reason, id',
    );
    expect(rows).toEqual([
      { kind, job_key: 'job-1', record_id: null, reason: 'no noticeId', raw: { title: 'No id' } },
      { kind, job_key: 'job-1', record_id: 'x', reason: 'no postedDate that is a date', raw: broken[2] },
      { kind, job_key: 'job-1', record_id: null, reason: 'not an object', raw: null },
      { kind, job_key: 'job-1', record_id: null, reason: 'not an object', raw: 'text' },
    ]);
  });

  it('writes its page whatever records come', async () => {
    const odd = fc.oneof(
      fc.jsonValue(),
      fc.string({ unit: 'binary' }),
      fc.double().map((value) => (Number.isFinite(value) ? value : null)),
      fc.constantFrom('\u0000', '\ud800', '9'.repeat(40), '0000-01-01', '9999-12-31T23:59:59+14:00', '1e400'),
    );
    const fields = [
      'title',
      'type',
      'naicsCode',
      'archiveDate',
      'responseDeadLine',
      'uiLink',
      'active',
      'award',
    ];
    const record = fc.record(Object.fromEntries(fields.map((field) => [field, odd])), { requiredKeys: [] });
    const awarded = fc.record({ amount: odd, date: odd, awardee: odd });
    const records = fc.sample(fc.tuple(record, awarded), 300).map(([fields, award], index) => ({
      noticeId: `odd-${index}`,
      title: 'Odd',
      postedDate: '2026-04-01',
      award,
      ...fields,
    }));
    sandbox.setOpportunities(records);
    const result = await sync({ pageSize: 150 });
    expect(result).toMatchObject({ fetched: 300, requestsUsed: 2 });
    expect(result.inserted + result.skipped).toBe(300);
    expect(await world.database.opportunities.count()).toBe(result.inserted);
  });

  it('takes the later of two records of one notice on a page', async () => {
    const [notice] = notices;
    sandbox.setOpportunities([notice, { ...notice, title: 'Later' }]);
    expect(await sync()).toMatchObject({
      fetched: 2,
      inserted: 1,
      skipped: 1,
      skippedReasons: { 'twice on a page': 1 },
    });
    const { rows } = await world.pool.query('select title from opportunities');
    expect(rows).toEqual([{ title: 'Later' }]);
  });

  it('tells of each page as it goes, up to 100 percent', async () => {
    const percents: number[] = [];
    const pages: unknown[] = [];
    await sync({ onProgress: (percent) => percents.push(percent), onPage: (event) => pages.push(event) });
    expect(percents).toEqual([20, 40, 60, 80, 100]);
    expect(pages).toHaveLength(5);
    expect(pages[4]).toEqual({ source: kind, inserted: 5, updated: 0, unchanged: 0, rejected: 0 });
  });

  it('ends well when there is nothing', async () => {
    sandbox.setOpportunities([]);
    expect(await sync()).toMatchObject({ fetched: 0, requestsUsed: 1, pages: 0 });
    sandbox.script({ kind: 'status', status: 404, body: '{"errorMessage":"No data found"}' });
    expect(await sync({ key: 'job-2' })).toMatchObject({ fetched: 0, requestsUsed: 1, pages: 0 });
  });
});

describe('totals that move while paging', () => {
  it('downwards: the stray record past the end is not taken, and nothing that slid away is lost', async () => {
    const newestFirst = [...notices].sort((a, b) => (a.postedDate < b.postedDate ? 1 : -1));
    // The five newest leave after the fourth page: what would be page five begins on page four now.
    sandbox.onRequest((number) => {
      if (number === 5) sandbox.setOpportunities(newestFirst.slice(5));
    });
    const result = await sync();
    expect(result).toMatchObject({ inserted: 45, pages: 5, requestsUsed: 6, fetched: 50, unchanged: 5 });
    expect(sandbox.log.map(({ parameters }) => parameters.offset)).toEqual(['0', '1', '2', '3', '4', '3']);
  });

  it('upwards: the new last page is asked for too', async () => {
    const more = makeSample({ asOf: now, opportunities: 60 }).opportunities;
    sandbox.onRequest((number) => {
      if (number === 3) sandbox.setOpportunities(more);
    });
    const result = await sync();
    expect(result.requestsUsed).toBe(6);
    const { rows } = await world.pool.query('select count(*)::int as n from opportunities');
    expect(rows).toEqual([{ n: result.inserted }]);
  });

  it('to and fro without end: the sync still ends', async () => {
    sandbox.onRequest((number) =>
      sandbox.setOpportunities(number % 2 === 0 ? notices.slice(0, 44) : notices),
    );
    const result = await sync();
    expect(result.requestsUsed).toBeLessThanOrEqual(15);
  });
});

describe('the range', () => {
  it('is thirty days at first, then from the checkpoint with a day of overlap', async () => {
    const incremental = ask({ fullSync: false });
    expect(await sync(incremental)).toMatchObject({ from: '2026-03-17', to: '2026-04-16' });
    const later = new Date('2026-04-20T12:00:00Z');
    expect(await sync({ ...incremental, key: 'job-2', now: () => later })).toMatchObject({
      from: '2026-04-15',
      to: '2026-04-20',
    });
    expect(await world.database.syncs.syncedThrough(kind)).toBe('2026-04-20');
  });

  it('of several years is asked for in windows that the service accepts', async () => {
    const dateRange = { start: '2023-01-01', end: '2026-04-16' };
    const result = await sync({ ...ask({ fullSync: false, dateRange }), pageSize: 1_000 });
    expect(result).toMatchObject({ from: '2023-01-01', to: '2026-04-16', inserted: 45, requestsUsed: 4 });
    expect(sandbox.log.every(({ outcome }) => outcome === 200)).toBe(true);
  });

  it('that was asked for moves what is synced neither back nor over a gap', async () => {
    const through = () => world.database.syncs.syncedThrough(kind);
    const ranged = (key: string, start: string, end: string) =>
      sync({ ...ask({ fullSync: false, dateRange: { start, end } }), key });
    await ranged('old', '2025-06-01', '2025-06-30');
    expect(await through()).toBeUndefined();
    await sync({ key: 'first', now: () => new Date('2026-04-01T00:00:00Z') });
    await ranged('older', '2025-06-01', '2025-06-30');
    expect(await through()).toBe('2026-04-01');
    await ranged('gap', '2026-04-03', '2026-04-10');
    expect(await through()).toBe('2026-04-01');
    await ranged('next', '2026-04-02', '2026-04-10');
    expect(await through()).toBe('2026-04-10');
  });
});

describe('an interrupted sync', () => {
  it('that was aborted goes on at its page, and ends as if nothing had been', async () => {
    const expected = await undisturbed();
    const before = sandbox.requests;
    const caller = new AbortController();
    sandbox.script(undefined, undefined, { kind: 'hang' });
    const run = failureOf(sync({ signal: caller.signal }));
    await sandbox.arrival(before + 3);
    caller.abort(new MillraceError('JOB_ABORTED', 'The worker stops.'));
    expect((await run).code).toBe('JOB_ABORTED');
    expect(await world.database.opportunities.count()).toBe(20);

    expect(await sync()).toEqual(expected.result);
    expect(await table()).toEqual(expected.table);
    expect(sandbox.log.slice(before).map(({ parameters }) => parameters.offset)).toEqual([
      ...['0', '1', '2'],
      ...['2', '3', '4'],
    ]);
  });

  it.each([
    [{ kind: 'status', status: 503 }, 'SYNC_UNAVAILABLE'],
    [{ kind: 'cut' }, 'SYNC_UNAVAILABLE'],
    [{ kind: 'status', status: 429, headers: { 'retry-after': '60' } }, 'SYNC_RATE_LIMITED'],
  ] as const)('by %j ends as if nothing had been', async (fault, code) => {
    const expected = await undisturbed();
    sandbox.script(undefined, undefined, undefined, fault);
    expect(await failureOf(sync())).toMatchObject({ code });
    expect(await sync()).toEqual(expected.result);
    expect(await table()).toEqual(expected.table);
  });

  it('keeps its range when it goes on on another day', async () => {
    sandbox.script(undefined, { kind: 'reset' });
    await failureOf(sync());
    expect(await sync({ now: () => new Date('2026-04-18T00:00:01Z') })).toMatchObject({
      ...year,
      inserted: 45,
    });
  });

  it('goes on in the middle of its windows', async () => {
    const job = {
      ...ask({ fullSync: false, dateRange: { start: '2023-01-01', end: '2026-04-16' } }),
      pageSize: 1_000,
    };
    sandbox.script(undefined, undefined, { kind: 'reset' });
    await failureOf(sync(job));
    expect(await sync(job)).toMatchObject({ from: '2023-01-01', requestsUsed: 4, inserted: 45 });
    expect(sandbox.requests).toBe(5);
  });

  it('that had ended but was not heard of asks for nothing more', async () => {
    const result = await sync();
    expect(await sync()).toEqual(result);
    expect(sandbox.requests).toBe(5);
  });

  it('is no place for another job to go on', async () => {
    sandbox.script(undefined, undefined, { kind: 'reset' });
    await failureOf(sync());
    expect(await sync({ key: 'job-2' })).toMatchObject({
      fetched: 45,
      inserted: 25,
      unchanged: 20,
      requestsUsed: 5,
    });
  });

  it('writes a page, its rejects and its checkpoint together or not at all', async () => {
    sandbox.setOpportunities([...notices.slice(0, 29), { noticeId: 'x' }]);
    await world.pool.query(`create function refuse() returns trigger language plpgsql as
      $$ begin if new.next_page = 0 then raise exception 'no'; end if; return new; end $$;
      create trigger refuse before insert or update on sync_positions for each row execute function refuse()`);
    await expect(sync()).rejects.toThrow('no');
    expect(await world.database.opportunities.count()).toBe(20);
    expect((await world.pool.query('select reason from sync_rejects')).rows).toEqual([]);
    await world.pool.query('drop trigger refuse on sync_positions');
    expect(await sync()).toMatchObject({ inserted: 29, skipped: 1, requestsUsed: 3 });
    expect((await world.pool.query('select reason from sync_rejects')).rows).toEqual([
      { reason: 'no title' },
    ]);
  });
});

describe('the lease', () => {
  it('lets one sync of a kind run at a time; the other waits and costs no attempt', async () => {
    sandbox.script({ kind: 'hang' });
    const caller = new AbortController();
    const first = failureOf(sync({ signal: caller.signal }));
    await sandbox.arrival(1);
    expect(await failureOf(sync({ key: 'job-2' }))).toMatchObject({
      code: 'SYNC_BUSY',
      retryAfterMs: 30_000,
    });
    expect(sandbox.requests).toBe(1);
    caller.abort(new MillraceError('JOB_ABORTED', 'Enough.'));
    await first;
    expect(await sync({ key: 'job-2' })).toMatchObject({ inserted: 45 });
  });

  it('that was lost to another in the middle stops the sync before it asks again', async () => {
    const stolen: SamGov = {
      ...samGov,
      searchOpportunities: async (query, signal) => {
        const page = await samGov.searchOpportunities(query, signal);
        await world.pool.query(
          "update sync_leases set holder = 'thief', expires_at = now() + interval '1 hour'",
        );
        return page;
      },
    };
    expect(await failureOf(sync({ samGov: stolen }))).toMatchObject({ code: 'SYNC_BUSY' });
    expect(sandbox.requests).toBe(1);
    const { rows } = await world.pool.query('select holder from sync_leases');
    expect(rows).toEqual([{ holder: 'thief' }]);
  });

  it('of a dead worker ends by itself', async () => {
    await world.pool.query(
      "insert into sync_leases (kind, holder, expires_at) values ($1, 'dead', now() - interval '1 second')",
      [kind],
    );
    expect(await sync()).toMatchObject({ inserted: 45 });
    expect((await world.pool.query('select * from sync_leases')).rows).toEqual([]);
  });
});

describe('the budget of a day', () => {
  it('used up makes the job wait until midnight in UTC, and goes on from there', async () => {
    expect(await failureOf(sync({ dailyLimit: 3 }))).toMatchObject({
      code: 'SYNC_RATE_LIMITED',
      retryAfterMs: 12 * 3_600_000,
    });
    expect(sandbox.requests).toBe(3);
    expect(await failureOf(sync({ dailyLimit: 3 }))).toMatchObject({ code: 'SYNC_RATE_LIMITED' });
    expect(sandbox.requests).toBe(3);
    const tomorrow = new Date('2026-04-17T00:00:00Z');
    expect(await sync({ dailyLimit: 3, now: () => tomorrow })).toMatchObject({
      ...year,
      inserted: 45,
      requestsUsed: 5,
    });
    const { rows } = await world.pool.query(
      'select key_name, day::text, used from request_budgets order by day',
    );
    expect(rows).toEqual([
      { key_name: 'sam-gov', day: '2026-04-16', used: 3 },
      { key_name: 'sam-gov', day: '2026-04-17', used: 2 },
    ]);
  });

  it('counts failed requests as well', async () => {
    sandbox.script({ kind: 'status', status: 500 });
    await failureOf(sync());
    const { rows } = await world.pool.query('select used from request_budgets');
    expect(rows).toEqual([{ used: 1 }]);
  });
});

describe('what cannot be done', () => {
  it('without a key is said, and not tried again', async () => {
    const error = await failureOf(sync({ samGov: undefined }));
    expect(error).toMatchObject({ code: 'SYNC_NOT_CONFIGURED', retryable: false });
    expect(error.message).toContain('SAM_GOV_API_KEY');
  });

  it('with a wrong key is not tried again', async () => {
    sandbox.script({ kind: 'status', status: 403, body: '<html>API_KEY_INVALID</html>' });
    expect(await failureOf(sync())).toMatchObject({ code: 'SYNC_UNAUTHORIZED', retryable: false });
  });
});
