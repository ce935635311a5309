import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { dispatchReminders } from '../../processors/email/dispatch-reminders.ts';
import { dispatchWeeklySummaries } from '../../processors/email/dispatch-weekly-summaries.ts';
import { openBackend } from '../../src/backend/index.ts';
import type { JobContext } from '../../src/worker/context.ts';
import { openPlatform, type Platform } from '../support/platform.ts';
import { createWorld, type World } from '../support/world.ts';

/** `MILLRACE_LONG=1` runs it with more pages; 100,000 users are measured by `npm run bench -- fan-out`. */
const users = process.env.MILLRACE_LONG === undefined ? 2_000 : 10_000;
if (users > 2_000) vi.setConfig({ testTimeout: 5 * 60_000 });
const addedAt = new Date('2026-11-23T09:00:00Z');

let world: World;
let platform: Platform;
let payloads: unknown[];

beforeEach(async () => {
  world = await createWorld();
  const backend = await openBackend({
    kind: 'postgres',
    redisUrl: undefined,
    databaseUrl: world.databaseUrl,
    workers: 0,
  });
  platform = await openPlatform({ backend });
  payloads = [];
});
afterEach(async () => {
  await platform.close();
  await world.close();
});

/** Every second user wants reminders and saved an opportunity that closes in time, and one that does not. */
async function seed(): Promise<void> {
  await world.pool.query(
    `insert into opportunities (notice_id, title, agency, posted_on, response_deadline, raw, content_hash, url)
     values ('soon', 'Closes soon', 'VA', '2026-11-17', '2026-11-27T12:00:00Z', '{}', 'a', 'https://sam.gov/soon'),
            ('sooner', '', null, '2026-11-18', '2026-11-25T12:00:00Z', '{}', 'b', 'javascript:alert(1)'),
            ('later', 'Closes later', 'VA', '2026-11-18', '2027-01-25T12:00:00Z', '{}', 'c', null),
            ('closed', 'Closed', 'VA', '2026-11-10', '2026-11-23T08:00:00Z', '{}', 'd', null)`,
  );
  await world.pool.query(
    `insert into users (id, email, name, wants_summaries)
     select 'u-' || n, 'u' || n || '@example.org', 'User', n % 4 = 0 from generate_series(1, $1::int) n`,
    [users],
  );
  await world.pool.query(
    `insert into saved_opportunities (user_id, notice_id)
     select 'u-' || n, notice_id from generate_series(2, $1::int, 2) n, opportunities`,
    [users],
  );
}

type AddJobs = JobContext<'email', 'dispatch-reminders', unknown>['addJobs'];

/** What a fan-out's context holds, over real queues; `before` may stop it at any page. */
function surroundings(before: (page: number) => void = () => undefined) {
  let page = 0;
  const progress: number[] = [];
  const key = 'email.dispatch';
  const addJobs: AddJobs = (queue, jobs) => {
    page += 1;
    before(page);
    payloads.push(...jobs.map(({ payload }) => payload));
    return platform.queues.addManyUntyped(
      queue,
      jobs.map(({ name, payload, options }) => ({
        name,
        payload,
        options: { ...options, correlationId: 'c-1' },
      })),
    );
  };
  return {
    job: {
      id: key,
      queue: 'email',
      name: 'x',
      attempt: 1,
      maxAttempts: 3,
      key,
      correlationId: 'c-1',
      addedAt,
    },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    signal: new AbortController().signal,
    progress: (percent: number) => void progress.push(percent),
    addJob: () => Promise.reject(new Error('A fan-out adds its jobs in bulk.')),
    addJobs,
    services: { database: world.database },
    percents: progress,
  };
}

function remind(context = surroundings()) {
  const payload = { type: 'dispatch-reminders' as const, data: { withinDays: 7 } };
  return dispatchReminders.run({ ...payload, payload, ...context });
}

/** A payload's data as far as the tests look at it. */
const withData = z.looseObject({ data: z.looseObject({ userId: z.string() }) });

function dataOf(payload: unknown) {
  return payload === undefined ? undefined : withData.parse(payload).data;
}

describe('dispatch-reminders', () => {
  it('adds one reminder for each user with something that closes soon, and none when run again', async () => {
    await seed();
    const context = surroundings();
    expect(await remind(context)).toEqual({ considered: users, added: users / 2, skipped: users / 2 });
    expect((await platform.queues.counts('email')).waiting).toBe(users / 2);
    expect(context.percents.at(-1)).toBe(100);
    expect(context.percents).toEqual([...context.percents].sort((a, b) => a - b));
    expect(dataOf(payloads[0])).toMatchObject({
      opportunities: [
        {
          noticeId: 'sooner',
          title: 'sooner',
          agency: 'Agency not named',
          url: 'https://sam.gov/opp/sooner/view',
        },
        { noticeId: 'soon', title: 'Closes soon', url: 'https://sam.gov/soon' },
      ],
    });
    expect(await remind()).toEqual({ considered: users, added: 0, skipped: users });
    expect((await platform.queues.counts('email')).waiting).toBe(users / 2);
  });

  it('goes on after it was killed in the middle: each user has one', async () => {
    await seed();
    const killed = surroundings((page) => {
      if (page === 3) throw new Error('Killed.');
    });
    await expect(remind(killed)).rejects.toThrow('Killed.');
    const before = (await platform.queues.counts('email')).waiting;
    expect(before).toBeGreaterThan(0);
    expect(before).toBeLessThan(users / 2);
    expect(await remind()).toMatchObject({ considered: users, added: users / 2 - before });
    // Straight from BullMQ's table: through its queue each job would be a query of its own.
    const { rows } = await world.pool.query(
      `select count(*)::int as jobs, count(distinct data::jsonb #>> '{data,userId}')::int as users
       from bullmq.job where queue = 'email'`,
    );
    expect(rows).toEqual([{ jobs: users / 2, users: users / 2 }]);
  });

  it('leaves out who wants none, is suppressed, or has the mail already, though the queue has forgotten', async () => {
    await seed();
    await world.pool.query("update users set wants_reminders = false where id = 'u-2'");
    await world.pool.query(
      "insert into email_suppressions (email, reason) values ('u4@example.org', 'bounce')",
    );
    const row = { jobKey: 'email.reminder.2026-11-23.u-6', recipient: 'u6@example.org' };
    await world.database.deliveries.claim({ ...row, template: 't', provider: 'outbox' });
    await world.database.deliveries.settle({ ...row, status: 'sent', messageId: 'm' });
    await world.pool.query("update users set email = 'not an address' where id = 'u-8'");
    expect(await remind()).toMatchObject({ added: users / 2 - 4 });
    const mailed = payloads.map((payload) => dataOf(payload)?.userId);
    for (const id of ['u-2', 'u-4', 'u-6', 'u-8']) expect(mailed).not.toContain(id);
  });
});

describe('dispatch-weekly-summaries', () => {
  it('adds a summary with the figures of the week for each user who wants it', async () => {
    await seed();
    await world.pool.query(
      `insert into proposals (id, user_id, title, status, amount, submitted_on, decided_on)
       values ('p1', 'u-4', 'One', 'submitted', null, '2026-11-17', null),
              ('p2', 'u-4', 'Two', 'awarded', 1200.50, '2026-10-01', '2026-11-18'),
              ('p3', 'u-8', 'Three', 'submitted', null, '2026-11-23', null)`,
    );
    const payload = { type: 'dispatch-weekly-summaries' as const, data: {} };
    const run = () => dispatchWeeklySummaries.run({ ...payload, payload, ...surroundings() });
    expect(await run()).toEqual({ considered: users / 4, added: users / 4, skipped: 0 });
    const byUser = new Map(payloads.map((item) => [dataOf(item)?.userId, dataOf(item)]));
    expect(byUser.get('u-4')).toMatchObject({
      weekStart: '2026-11-16',
      totals: {
        newOpportunities: 3,
        closingSoon: 2,
        proposalsSubmitted: 1,
        awarded: { amount: '1200.50', currency: 'USD' },
      },
      topOpportunities: [{ noticeId: 'sooner' }, { noticeId: 'soon' }, { noticeId: 'later' }],
      deadlines: [{ title: 'No title' }, { title: 'Closes soon' }],
    });
    expect(byUser.get('u-8')).toMatchObject({ totals: { proposalsSubmitted: 0 } });
    expect(await run()).toMatchObject({ added: 0 });
  });

  it('takes any day of a week for it, and refuses a week that is not over', async () => {
    await seed();
    const run = (weekStart: string) => {
      const payload = { type: 'dispatch-weekly-summaries' as const, data: { weekStart } };
      return dispatchWeeklySummaries.run({ ...payload, payload, ...surroundings() });
    };
    expect(await run('2026-11-18')).toMatchObject({ added: users / 4 });
    expect(await run('2026-11-16')).toMatchObject({ added: 0 });
    await expect(run('2026-11-23')).rejects.toMatchObject({
      code: 'INVALID_PAYLOAD',
      message: expect.stringContaining('2026-11-16 or before'),
      retryable: false,
    });
    expect((await platform.queues.counts('email')).waiting).toBe(users / 4);
  });
});
