import pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { QueueManager } from '../../src/queue/queue-manager.ts';
import { type FakeSendGrid, startFakeSendGrid } from '../support/fake-sendgrid.ts';
import { type MillraceProcess, startMillrace } from '../support/millrace-process.ts';
import { until } from '../support/platform.ts';
import { type OpenStore, postgresStore } from '../support/stores.ts';
import { createWorld, type World } from '../support/world.ts';

const users = process.env.MILLRACE_LONG === undefined ? 2_000 : 5_000;
/** Of a fan-out; see processors/email/fan-out.ts. */
const pageSize = 500;
const apiKey = 'SG.chaos';
const concurrency = 20;
/** Jobs of mails at once: those that SendGrid has accepted and the ledger does not know yet go out again after a kill. */
const atOnce = concurrency + concurrency / 2;

let world: World;
let store: OpenStore;
let queues: QueueManager;
let server: FakeSendGrid;
let gate: pg.Client;
let worker: MillraceProcess | undefined;

beforeEach(async () => {
  world = await createWorld();
  store = await postgresStore(world);
  server = await startFakeSendGrid({ apiKey });
  const { backend } = store;
  queues = new QueueManager({
    backend,
    pending: {},
    maxAttempts: 3,
    backoffMs: 100,
    onError: () => undefined,
  });
  gate = new pg.Client({ connectionString: world.databaseUrl });
  await gate.connect();
});
afterEach(async () => {
  await worker?.kill('SIGKILL');
  await queues.close();
  await gate.end();
  await server.close();
  await store.close();
  await world.close();
});

/** Users who all have something that closes soon, and a gate before the pages of the fan-out: see `stopAfter`. */
async function seed(): Promise<void> {
  await world.pool.query(`
    insert into opportunities (notice_id, title, agency, posted_on, response_deadline, raw, content_hash, url)
    values ('soon', 'Closes soon', 'VA', current_date, now() + interval '3 days', '{}', 'a', 'https://sam.gov/soon');
    insert into users (id, email, name)
    select 'u-' || lpad(n::text, 6, '0'), 'u' || n || '@example.org', 'User' from generate_series(1, ${users}) n;
    insert into saved_opportunities (user_id, notice_id) select id, 'soon' from users;

    create table gate (after text);
    alter function reminder_page rename to page_behind_gate;
    create function reminder_page(
      p_after text, p_limit int, p_from timestamptz, p_until timestamptz, p_most int, p_key_prefix text)
    returns table (user_id text, email text, mailed boolean, opportunities jsonb)
    language plpgsql as $$
    begin
      if p_after >= (select after from gate) then perform pg_advisory_xact_lock_shared(1); end if;
      return query select * from page_behind_gate(p_after, p_limit, p_from, p_until, p_most, p_key_prefix);
    end $$`);
  await gate.query('select pg_advisory_lock(1)');
}

/** Makes the fan-out wait before the page that follows this many users. */
async function stopAfter(count: number): Promise<void> {
  await world.pool.query('delete from gate');
  await world.pool.query("insert into gate select 'u-' || lpad($1::text, 6, '0')", [count]);
}

async function start(
  places: number,
  environment: Readonly<Record<string, string>> = {},
): Promise<MillraceProcess> {
  worker = await startMillrace({
    ...store.environment,
    ...environment,
    ROLE: 'worker',
    DATA_DIR: world.dataDir,
    SENDGRID_API_KEY: apiKey,
    SENDGRID_BASE_URL: server.baseUrl,
    QUEUE_EMAIL_CONCURRENCY: String(places),
    // Longer than a busy machine holds a process up: a job that loses its lock is run again.
    LOCK_DURATION: '10000',
    NODE_ENV: 'test',
  });
  return worker;
}

async function kill(): Promise<void> {
  await worker?.kill('SIGKILL');
  await store.endLocks(worker?.child.pid);
}

const welcome = (n: number) => ({
  name: 'send-welcome' as const,
  payload: {
    type: 'welcome' as const,
    data: { userId: `u-${n}`, email: `u${n}@example.org`, name: `User ${n}` },
  },
});

const deliveries = async (status: string) => {
  const { rows } = await world.pool.query('select 1 from email_deliveries where status = $1', [status]);
  return rows.length;
};
const waiting = async () => (await queues.counts('email')).waiting;

test('a fan-out whose worker is killed again and again sends each user one mail', {
  timeout: 240_000,
}, async () => {
  await seed();
  const { id } = await queues.addJob('email', 'dispatch-reminders', { type: 'dispatch-reminders', data: {} });

  // One job at a time, so that the fan-out is all that runs, and it is killed with pages behind it and pages to come.
  await stopAfter(2 * pageSize);
  await start(1);
  await until('two pages are added', async () => (await waiting()) === 2 * pageSize, 60_000);
  expect((await queues.job('email', id))?.state).toBe('active');
  await kill();
  expect(server.requests).toBe(0);
  await gate.query('select pg_advisory_unlock(1)');

  // Then in the middle of the mails. Those that were on their way may go out again: at least once.
  await start(concurrency);
  await server.requested(50);
  await kill();
  await start(concurrency);
  await until('all mails are sent', async () => (await deliveries('sent')) >= users, 150_000);

  expect((await queues.job('email', id))?.result).toMatchObject({ considered: users });
  const mails = new Map<string, number>();
  for (const { body } of server.accepted) {
    const recipient = JSON.stringify(body.personalizations);
    mails.set(recipient, (mails.get(recipient) ?? 0) + 1);
  }
  expect(mails.size).toBe(users);
  expect([...mails.values()].filter((count) => count > 1).length).toBeLessThanOrEqual(atOnce);
  const { rows } = await world.pool.query(
    'select count(*)::int as mails, count(distinct recipient)::int as recipients from email_deliveries',
  );
  expect(rows).toEqual([{ mails: users, recipients: users }]);
});

test('mails that wait for their place at SendGrid when their worker is killed go out once each', {
  timeout: 120_000,
}, async () => {
  const mails = 12;
  const places = 4;
  const inLine = places / 2;
  await queues.addJobs(
    'email',
    Array.from({ length: mails }, (_, n) => welcome(n)),
  );

  // SendGrid has taken nothing of what it was given, so that each second mail would be one from the line.
  const letGo = server.hold();
  await start(places);
  await server.requested(places);
  await until('the line is full', async () => {
    const { active } = await queues.counts('email');
    return active === places + inLine && (await deliveries('claimed')) >= active;
  });
  expect(server.requests - server.abandoned).toBeLessThanOrEqual(places);
  await kill();
  await server.abandonedBy(server.requests);
  letGo();
  expect(server.accepted).toEqual([]);

  await start(places);
  await until('all mails are sent', async () => (await deliveries('sent')) >= mails, 90_000);
  const sentTo = server.accepted.map(({ body }) => JSON.stringify(body.personalizations));
  expect(sentTo).toHaveLength(mails);
  expect(new Set(sentTo).size).toBe(mails);
});

test('two worker processes keep to one limit of mails a second together', { timeout: 120_000 }, async () => {
  const mails = 24;
  const perSecond = 10;
  const queue = queues.queue('email');
  await queue.pause();
  await queues.addJobs(
    'email',
    Array.from({ length: mails }, (_, n) => welcome(n)),
  );
  await start(4, { WORKER_PROCESSES: '2', EMAIL_RATE_LIMIT: String(perSecond) });
  await until('both are there', async () => (await queue.getWorkers()).length === 2);
  const began = Date.now();
  await queue.resume();
  await until('all are sent', async () => (await deliveries('sent')) === mails);
  const arrivals = server.accepted.map(({ at }) => at - began).sort((a, b) => a - b);
  expect(arrivals).toHaveLength(mails);
  // However slow the machine, the n-th mail comes no sooner than its place. With a limit for each they would come in half the time.
  for (const [n, at] of arrivals.entries()) expect(at).toBeGreaterThanOrEqual((n * 1_000) / perSecond - 5);
});
