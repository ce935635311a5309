import { createServer } from 'node:http';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { MillraceError } from '../../src/errors/catalogue.ts';
import type { Database } from '../../src/integrations/database/port.ts';
import { openApi } from '../../src/integrations/database/supabase/api.ts';
import { openSupabase } from '../../src/integrations/database/supabase/index.ts';
import { freePort } from '../support/free-port.ts';
import { until } from '../support/platform.ts';
import { type Supabase, startSupabase } from '../support/postgrest.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { createWorld, type World } from '../support/world.ts';

/** Some of every domain: what reads, what writes, what gives nothing back. */
function callsOf(database: Database): Promise<unknown>[] {
  const { users, deliveries, mailings, documents, conversions, syncs, cleanup, cerReports } = database;
  const { stories, ticks, opportunities, entities, reports, exports, proposals, modelBudget } = database;
  const day = new Date('2024-01-01T00:00:00Z');
  const range = { start: '2024-01-01', end: '2024-01-02' };
  const mail = { jobKey: 'j', recipient: 'ada@example.org' };
  const run = { id: 'c', token: 't' };
  const lease = { kind: 'k', jobKey: 'j', token: 't' };
  const failure = { code: 'UNKNOWN', message: 'm' };
  const page = { after: '', limit: 10, from: day, until: day, most: 5, keyPrefix: 'p' };
  const dataset = { dataset: 'stories', columns: ['id'], filters: [], userId: 'u' } as const;
  return [
    users.upsert([{ id: 'u', email: 'ada@example.org', name: 'Ada', company: undefined }]),
    users.find('u'),
    users.saveOpportunities([{ userId: 'u', noticeId: 'n' }]),
    users.subscribeToReports(['u'], true),
    users.unsubscribe({ userId: 'u', email: 'ada@example.org', kind: 'reminders' }),
    deliveries.claim({ ...mail, template: 't', provider: 'p' }),
    deliveries.settle({ ...mail, status: 'sent', messageId: 'm' }),
    deliveries.unclaim(mail),
    deliveries.pause('sendgrid', 1),
    deliveries.pausedMs('sendgrid'),
    deliveries.recordEvents([
      {
        id: 'e',
        type: 'delivered',
        email: 'ada@example.org',
        at: day,
        suppress: undefined,
        jobKey: 'j',
        messageId: 'm',
        reason: undefined,
      },
    ]),
    mailings.audience('reminders'),
    mailings.reminders(page),
    mailings.summaries(page, '2024-01-01'),
    mailings.summaryFigures({ weekStart: '2024-01-01', from: day, until: day, most: 5 }),
    documents.find('d'),
    conversions.find('c'),
    conversions.reserveUpload('k', 1),
    conversions.claim({ worker: 'w', seconds: 1, limit: 1, mostLost: 1 }),
    conversions.renewRun(run, 1),
    conversions.fail(run, failure),
    syncs.checkpoint('k', 'j'),
    syncs.syncedThrough('k'),
    syncs.takeLease(lease, 1),
    syncs.releaseLease(lease),
    syncs.spendRequest({ key: 'k', day: '2024-01-01', limit: 1, intervalMs: 0 }),
    cleanup.due('documents', day),
    cleanup.removeBatch('documents', day, 1, 'j'),
    cleanup.claimRemoval(1),
    cleanup.finishRemoval('k', 'j'),
    cleanup.counts('j'),
    cerReports.find('c'),
    cerReports.content('c'),
    cerReports.saveDrafts('c', {}),
    cerReports.fail('j', failure),
    cerReports.queued(),
    stories.find('s'),
    stories.setJob('s', 'j'),
    stories.remove('s'),
    ticks.last('weekly'),
    ticks.baseline('weekly', day),
    ticks.claim({ schedule: 'weekly', tickAt: day, owner: 'o', seconds: 1, caughtUp: false }),
    ticks.confirm('weekly', day, 'j'),
    ticks.unconfirmed('weekly'),
    opportunities.count(),
    entities.find('e'),
    entities.count(),
    reports.figures(range),
    reports.week('u', range, 1),
    firstOf(reports.opportunities(range, 10)),
    firstOf(exports.rows(dataset, 10)),
    proposals.find('p'),
    modelBudget.today(),
    database.analytics.refresh('all'),
    database.ping(),
  ];
}

async function firstOf(rows: AsyncIterable<unknown>): Promise<unknown> {
  for await (const row of rows) return row;
  return undefined;
}

const unavailable = { name: 'MillraceError', code: 'DATABASE_UNAVAILABLE', retryable: true };

describe('Supabase that is away, wrong or in the way', () => {
  let world: World;
  let supabase: Supabase;
  const open = (serviceRoleKey = supabase.serviceRoleKey, url = supabase.url) =>
    openSupabase({ url, serviceRoleKey });

  beforeAll(async () => {
    world = await createWorld();
    supabase = await startSupabase(world.databaseUrl);
  });
  afterEach(() => supabase.answerWith(undefined));
  afterAll(async () => {
    await supabase.close();
    await world.close();
  });

  const user = { id: 'u', email: 'ada@example.org', name: 'Ada', company: undefined };
  const claim = { jobKey: 'j', recipient: 'ada@example.org', template: 't', provider: 'p' };

  it.each([
    ['an empty 404', 404, ''],
    ['a 404 with a list', 404, '[]'],
    ['a page of HTML', 200, '<html></html>'],
    ['an empty 200', 200, ''],
    ['an empty 502', 502, ''],
    ['a page of a gateway', 503, '<html>ada@example.org</html>'],
    ['no database behind it', 503, '{"code":"PGRST001","message":"no","details":null,"hint":null}'],
  ])('takes %s for no success', async (_what, status, body) => {
    supabase.answerWith({ status, body });
    const calls = callsOf(open());
    for (const outcome of await Promise.allSettled(calls)) {
      expect(outcome).toMatchObject({ status: 'rejected', reason: unavailable });
      if (outcome.status === 'rejected') expect(String(outcome.reason)).not.toContain('ada@');
    }
  });

  it('asks once only: a job is tried again as a whole', async () => {
    supabase.answerWith({ status: 503, body: '' });
    const before = supabase.requests.length;
    await expect(open().users.find('u')).rejects.toMatchObject(unavailable);
    expect(supabase.requests.length).toBe(before + 1);
  });

  it('says that nobody is there', async () => {
    const nobody = open('key', `http://127.0.0.1:${await freePort()}`).users.find('u');
    await expect(nobody).rejects.toMatchObject({ ...unavailable, retryAfterMs: 5_000 });
  });

  it.each([
    ['a gateway without a server behind it', 503, '', 5_000],
    ['a project that is paused', 540, '<html></html>', 5_000],
    ['a server that nobody could connect to', 522, 'error code: 522', 5_000],
    ['no connection that was free', 504, '{"code":"PGRST003","message":"no"}', 5_000],
    ['a database that is starting', 503, '{"code":"57P03","message":"no"}', 5_000],
    ['a connection lost in use', 503, '{"code":"PGRST001","message":"no"}', undefined],
    ['a statement ended by somebody', 503, '{"code":"57P01","message":"no"}', undefined],
    ['a gateway that got half an answer', 502, '', undefined],
    ['a gateway that waited for too long', 504, '', undefined],
  ])('lets a job wait for %s, unless its statement may have run', async (_what, status, body, wait) => {
    supabase.answerWith({ status, body });
    await expect(open().users.find('u')).rejects.toMatchObject({ ...unavailable, retryAfterMs: wait });
    await expect(open().users.upsert([user])).rejects.toMatchObject({ ...unavailable, retryAfterMs: wait });
  });

  it('waits no longer than its timeout', async () => {
    const silent = createServer(() => undefined).listen(0, '127.0.0.1');
    await new Promise((resolve) => silent.once('listening', resolve));
    const address = silent.address();
    const port = typeof address === 'object' ? address?.port : undefined;
    const { tables, rows } = openApi({ url: `http://127.0.0.1:${port}`, serviceRoleKey: 'k', timeoutMs: 50 });
    await expect(rows(tables.from('users').select())).rejects.toMatchObject(unavailable);
    silent.closeAllConnections();
    silent.close();
  });

  it.each(['anonKey', 'expiredKey'] as const)('is refused with the %s', async (key) => {
    await open().users.upsert([user]);
    const database = open(supabase[key]);
    const refused = { code: 'DATABASE_REFUSED', retryable: false };
    await expect(database.users.find('u')).rejects.toMatchObject(refused);
    await expect(database.users.upsert([user])).rejects.toMatchObject(refused);
    await expect(database.deliveries.claim(claim)).rejects.toMatchObject(refused);
    await expect(
      database.exports
        .rows({ dataset: 'deliveries', columns: [], filters: [], userId: 'u' }, 1)
        [Symbol.asyncIterator]()
        .next(),
    ).rejects.toMatchObject(refused);
  });

  it('shuts all tables, views and functions to everybody but the service', async () => {
    const { rows: tables } = await world.pool.query(
      `select c.relname from pg_class c
       where c.relnamespace = 'public'::regnamespace and c.relkind in ('r', 'p', 'v', 'm')
         and (has_table_privilege('anon', c.oid, 'select, insert, update, delete')
           or has_table_privilege('authenticated', c.oid, 'select, insert, update, delete')
           or not has_table_privilege('service_role', c.oid, 'select')
           or c.relkind in ('r', 'p') and not c.relrowsecurity)`,
    );
    expect(tables).toEqual([]);
    const { rows: functions } = await world.pool.query(
      `select p.oid::regprocedure::text as name from pg_proc p
       where p.pronamespace = 'public'::regnamespace
         and (has_function_privilege('anon', p.oid, 'execute') or not has_function_privilege('service_role', p.oid, 'execute'))`,
    );
    expect(functions).toEqual([]);
  });

  it('leaves the tables of others as they were', async () => {
    await world.pool.query(
      'create table theirs (id int); grant select on theirs to anon; select protect_api()',
    );
    const { rows } = await world.pool.query(
      `select relrowsecurity, has_table_privilege('anon', oid, 'select') as readable from pg_class where relname = 'theirs'`,
    );
    expect(rows).toEqual([{ relrowsecurity: false, readable: true }]);
    await world.pool.query('drop table theirs');
  });

  it('names what lacks when the migrations have not run', async () => {
    const { tables, rows, call } = openApi({ url: supabase.url, serviceRoleKey: supabase.serviceRoleKey });
    const outdated = { code: 'DATABASE_OUTDATED', retryable: false };
    await expect(rows(tables.from('no_such_table').select())).rejects.toMatchObject(outdated);
    await expect(rows(tables.from('users').select('no_such_column'))).rejects.toMatchObject(outdated);
    await expect(call('no_such_function')).rejects.toMatchObject(outdated);
  });

  it('writes no values of rows into its messages', async () => {
    const { proposals } = open();
    const row = {
      id: 'p',
      userId: 'ada@example.org',
      noticeId: undefined,
      title: 'T',
      amount: undefined,
      currency: 'USD',
      dueOn: undefined,
      submittedOn: undefined,
      decidedOn: undefined,
      updatedAt: new Date(),
      status: 'draft' as const,
    };
    const failed = await proposals.upsert([row]).catch((error: unknown) => error);
    expect(failed).toMatchObject({ code: '23503' });
    expect(JSON.stringify(failed) + String(failed)).not.toContain('ada@');
  });
});

describe('Supabase whose database', () => {
  let world: World;
  let line: TcpProxy;
  let supabase: Supabase;
  let database: Database;
  beforeAll(async () => {
    world = await createWorld();
    line = await startTcpProxy(world.databaseUrl);
    supabase = await startSupabase(line.url);
    database = openSupabase({ url: supabase.url, serviceRoleKey: supabase.serviceRoleKey });
  });
  afterAll(async () => {
    await supabase.close();
    await line.close();
    await world.close();
  });

  it('is lost over a statement says that it does not answer, and that the statement may have run', async () => {
    await database.users.find('u');
    line.loseAnswers(1);
    await expect(database.users.find('u')).rejects.toMatchObject({
      ...unavailable,
      message: expect.stringContaining('Supabase does not answer'),
      retryAfterMs: undefined,
    });
  });

  it('is away costs nothing once PostgREST knows, and is found again', async () => {
    await line.cut();
    // A connection that PostgREST still holds is lost in use.
    await until('what it holds is used up', async () => {
      const error = await database.users.find('u').catch((thrown: unknown) => thrown);
      expect(error).toMatchObject(unavailable);
      return error instanceof MillraceError && error.retryAfterMs === 5_000;
    });
    await line.resume();
    await until('PostgREST has its picture of the schema again', () =>
      database.users.find('u').then(
        () => true,
        () => false,
      ),
    );
  });
});

describe('Supabase that cuts answers at ten rows', () => {
  it('loses no rows of reports and exports', async () => {
    const world = await createWorld();
    const supabase = await startSupabase(world.databaseUrl, 10);
    try {
      await world.pool.query(
        `insert into opportunities (notice_id, title, posted_on, raw, content_hash)
         select n::text, 'T', '2024-01-01', '{}', 'x' from generate_series(1, 95) n`,
      );
      const { reports, exports } = openSupabase({
        url: supabase.url,
        serviceRoleKey: supabase.serviceRoleKey,
      });
      let reported = 0;
      for await (const rows of reports.opportunities({ start: '2024-01-01', end: '2024-01-01' }, 40))
        reported += rows.length;
      let exported = 0;
      const query = { dataset: 'opportunities', columns: ['notice_id'], filters: [], userId: 'u' } as const;
      for await (const { rows } of exports.rows(query, 40)) exported += rows.length;
      expect([reported, exported]).toEqual([95, 95]);
    } finally {
      await supabase.close();
      await world.close();
    }
  });

  it('leaves nobody out of a fan-out', async () => {
    const world = await createWorld();
    const supabase = await startSupabase(world.databaseUrl, 10);
    try {
      await world.pool.query(
        `insert into users (id, email, name, wants_reports)
         select 'u' || lpad(n::text, 3, '0'), 'u' || n || '@example.org', 'U', true from generate_series(1, 25) n`,
      );
      const { reports } = openSupabase({ url: supabase.url, serviceRoleKey: supabase.serviceRoleKey });
      const found: string[] = [];
      for (let after = ''; ; ) {
        const users = await reports.weeklySubscribers({ after, limit: 500, keyPrefix: 'k' });
        const last = users.at(-1);
        if (last === undefined) break;
        found.push(...users.map(({ userId }) => userId));
        after = last.userId;
      }
      expect(found).toHaveLength(25);
    } finally {
      await supabase.close();
      await world.close();
    }
  });

  it('leaves out what comes while an export is being read', async () => {
    const world = await createWorld();
    const supabase = await startSupabase(world.databaseUrl);
    try {
      const add = (from: number, to: number) =>
        world.pool.query(
          `insert into stories (id, title, content, hype_score, ethics_score)
           select 's' || lpad(n::text, 4, '0'), 'T', 'C', 1, 1 from generate_series($1::int, $2::int) n`,
          [from, to],
        );
      await add(1, 30);
      const { exports } = openSupabase({ url: supabase.url, serviceRoleKey: supabase.serviceRoleKey });
      const query = { dataset: 'stories', columns: ['id'], filters: [], userId: 'u' } as const;
      const seen: (string | null | undefined)[] = [];
      for await (const { rows } of exports.rows(query, 10)) {
        seen.push(...rows.map(([id]) => id));
        if (seen.length === 10) await add(100, 120);
      }
      expect(seen).toHaveLength(30);
    } finally {
      await supabase.close();
      await world.close();
    }
  });
});
