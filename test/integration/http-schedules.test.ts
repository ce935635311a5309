import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { schedules } from '../../config/schedules.ts';
import { runDue } from '../../schedulers/run-due.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { type Answer, at, openSite, type Site, textAt } from '../support/site.ts';

let site: Site;
let operator: string;
let viewer: string;

beforeAll(async () => {
  site = await openSite();
  [operator, viewer] = await Promise.all([site.token('operator', 'ops'), site.token('viewer')]);
});
afterAll(() => site.close());

const ask = (method: string, path: string, body?: unknown, token = operator) =>
  site.ask(method, `/api/schedules${path}`, body === undefined ? { token } : { token, body });
const find = async (name: string) => at((await ask('GET', `/${name}`)).json, 'data.schedule');

function expectError(answer: Answer, status: number, code: string): void {
  expect({ status: answer.status, code: at(answer.json, 'error.code') }).toEqual({ status, code });
}

/** What a scheduler does about a schedule at a moment, and the payloads of the jobs that it makes. */
async function look(name: string, now: Date, atStart = false): Promise<Date[]> {
  const made: Date[] = [];
  const schedule = schedules.find((each) => each.name === name);
  if (schedule === undefined) throw new Error('No such schedule.');
  const { ticks, schedules: records } = site.world.database;
  await runDue(
    {
      ticks,
      paused: async () => (await records.switches()).some((each) => each.schedule === name && !each.enabled),
      async enqueue({ queue, job, payload }, tickAt, key) {
        made.push(tickAt);
        return (await site.platform.queues.addUntyped(queue, job, payload, { idempotencyKey: key })).id;
      },
      events: site.platform.events,
      log: silentLogger(),
      clock: () => now.getTime(),
      owner: 'test',
      timeZone: 'UTC',
    },
    schedule,
    { atStart, takeOver: true },
  );
  return made;
}

describe('schedules over HTTP', () => {
  it('shows what comes next, what came, and the jobs of it', async () => {
    await look('email-reminders', new Date('2026-11-20T08:00:00Z'));
    await look('email-reminders', new Date('2026-11-20T09:00:01Z'));
    const answer = await ask('GET', '', undefined, viewer);
    expect(at(answer.json, 'data.schedules')).toHaveLength(schedules.length);
    expect(at(answer.json, 'data.schedules.0')).toMatchObject({
      name: 'email-reminders',
      cron: '0 9 * * *',
      timeZone: 'UTC',
      queue: 'email',
      job: 'dispatch-reminders',
      enabled: true,
      configured: true,
      next: [1, 2, 3].map(() => expect.stringMatching(/T09:00:00.000Z$/)),
      ticks: [
        {
          tickAt: '2026-11-20T09:00:00.000Z',
          caughtUp: false,
          latenessSeconds: expect.any(Number),
          job: { id: expect.any(String), state: 'waiting' },
        },
      ],
      runs: [],
    });
  });

  it('makes a job at once, one for each key, beside the ticks', async () => {
    const run = (key?: string) =>
      site.ask('POST', '/api/schedules/data-cleanup/run', {
        token: operator,
        headers: key === undefined ? {} : { 'Idempotency-Key': key },
      });
    const answers = [await run('once'), await run('once'), await run()];
    expect(answers.map(({ status }) => status)).toEqual([202, 200, 202]);
    const ids = answers.map(({ json }) => textAt(json, 'data.job.id'));
    expect(ids[0]).toBe(ids[1]);
    expect(ids[2]).not.toBe(ids[0]);
    expect(await find('data-cleanup')).toMatchObject({
      ticks: [],
      runs: [
        { by: 'ops', job: { id: ids[2], state: 'waiting' } },
        { by: 'ops', job: { id: ids[0], state: 'waiting' } },
      ],
    });
    const log = await site.audited({ object: 'schedule:data-cleanup' });
    expect(log.map(({ action, outcome }) => [action, outcome])).toEqual(
      [1, 2, 3].map(() => ['schedule.run', 'done']),
    );
  });

  it('makes no jobs while it is paused, and none afterwards of what was due meanwhile', async () => {
    const soon = (ms: number) => new Date(Date.now() + ms);
    await look('sam-gov-sync', soon(0));
    expect(at((await ask('PATCH', '/sam-gov-sync', { enabled: false })).json, 'data.schedule')).toMatchObject(
      {
        enabled: false,
        changedBy: 'ops',
        next: [],
      },
    );
    const later = soon(7 * 3_600_000);
    expect(await look('sam-gov-sync', later)).toEqual([]);
    expect(await look('sam-gov-sync', later, true)).toEqual([]);
    const resumed = (await ask('PATCH', '/sam-gov-sync', { enabled: true })).json;
    expect(at(resumed, 'data.schedule.enabled')).toBe(true);
    // What was due before is not made up for. A tick of the moment itself would be due: they come at full hours.
    const moment = new Date(textAt(resumed, 'data.schedule.changedAt'));
    expect(await look('sam-gov-sync', moment, true)).toEqual([]);
    expect(await look('sam-gov-sync', soon(24 * 3_600_000), true)).toHaveLength(1);
  });

  it('fills in the ticks of a span that have no job, once, each with its own date', async () => {
    const span = { from: '2026-11-18T00:00:00Z', to: '2026-11-20T23:00:00Z' };
    const dry = await ask('POST', '/email-reminders/backfill', span);
    expect(dry.status).toBe(200);
    expect(at(dry.json, 'data.backfill')).toMatchObject({
      dryRun: true,
      missing: 2,
      made: 0,
      dated: true,
      ticks: [
        { tickAt: '2026-11-18T09:00:00.000Z', state: 'missing' },
        { tickAt: '2026-11-19T09:00:00.000Z', state: 'missing' },
        { tickAt: '2026-11-20T09:00:00.000Z', state: 'there' },
      ],
    });
    const wet = { ...span, dryRun: false, perSecond: 0.5 };
    const answers = await Promise.all([1, 2].map(() => ask('POST', '/email-reminders/backfill', wet)));
    expect(answers.map(({ status }) => status)).toEqual([202, 202]);
    const made = answers.map(({ json }) => Number(at(json, 'data.backfill.made')));
    expect(made.reduce((sum, each) => sum + each, 0)).toBe(2);
    expect(at((await ask('POST', '/email-reminders/backfill', wet)).json, 'data.backfill')).toMatchObject({
      missing: 0,
      made: 0,
    });
    const shown = await find('email-reminders');
    expect(at(shown, 'ticks')).toMatchObject([
      { tickAt: '2026-11-20T09:00:00.000Z', job: { state: 'waiting' } },
      { tickAt: '2026-11-19T09:00:00.000Z', backfilledBy: 'ops' },
      { tickAt: '2026-11-18T09:00:00.000Z', backfilledBy: 'ops', job: { state: 'waiting' } },
    ]);
    const job = await site.platform.queues.job('email', textAt(shown, 'ticks.2.job.id'));
    expect(job?.payload).toMatchObject({ data: { date: '2026-11-18' } });
    const delayed = await site.platform.queues.job('email', textAt(shown, 'ticks.1.job.id'));
    expect(delayed).toMatchObject({ payload: { data: { date: '2026-11-19' } } });
    // Nothing of it is taken for a tick that the scheduler has to go on from.
    expect(await look('email-reminders', new Date('2026-11-21T09:00:01Z'))).toHaveLength(1);
  });

  it('fills in a span part after part, at one pace, and makes nothing twice', async () => {
    const span = { from: '2026-11-09T00:00:00Z', to: '2026-11-12T00:00:00Z', dryRun: false, perSecond: 0.01 };
    const fill = async (more: object) =>
      at((await ask('POST', '/sam-gov-sync/backfill', { ...span, limit: 5, ...more })).json, 'data.backfill');
    const dry = await fill({ dryRun: true });
    expect(dry).toMatchObject({ missing: 5, made: 0, left: 8, nextCursor: expect.any(String) });
    const first = await fill({});
    expect(first).toMatchObject({ missing: 0, made: 5, left: 8 });
    const cursor = textAt(first, 'nextCursor');
    const second = await fill({ cursor });
    expect(second).toMatchObject({ made: 5, left: 3, ticks: { 0: { tickAt: '2026-11-10T06:00:00.000Z' } } });
    // Its answer may have been lost.
    expect(await fill({ cursor })).toMatchObject({ made: 0, missing: 0 });
    const third = await fill({ cursor: textAt(second, 'nextCursor') });
    expect(third).toMatchObject({ made: 3, left: 0, nextCursor: null });
    expect(await fill({ limit: 500 })).toMatchObject({ made: 0, missing: 0, left: 0, nextCursor: null });
    // The eleventh of all comes a thousand seconds after the first, whichever part has made it.
    const job = await site.platform.queues.job('sync', textAt(third, 'ticks.0.jobId'));
    expect(job?.state).toBe('delayed');
    const delayed = await site.platform.queues.queue('sync').getJob(textAt(third, 'ticks.0.jobId'));
    const begun = JSON.parse(Buffer.from(cursor, 'base64url').toString()).begunAt;
    expect(Math.abs((delayed?.timestamp ?? 0) + (delayed?.delay ?? 0) - begun - 1_000_000)).toBeLessThan(
      60_000,
    );
  });

  it('refuses a place that no part has given, and one of another span', async () => {
    const fill = (cursor: string, from = '2026-11-09') =>
      ask('POST', '/sam-gov-sync/backfill', { from, to: '2026-11-12T00:00:00Z', limit: 5, cursor });
    expectError(await fill('bm9uZQ'), 400, 'INVALID_REQUEST');
    const { json } = await ask('POST', '/sam-gov-sync/backfill', {
      from: '2026-11-09',
      to: '2026-11-12T00:00:00Z',
      limit: 5,
    });
    expectError(await fill(textAt(json, 'data.backfill.nextCursor'), '2026-11-11'), 400, 'INVALID_REQUEST');
  });

  it('leaves alone what lies before the memory of the ledger', async () => {
    await site.world.pool.query(
      `insert into schedule_ticks (schedule, tick_at, state, claimed_by, claim_expires_at, job_id)
       values ('analytics-refresh', '2026-11-20T06:30:00Z', 'enqueued', 'x', now(), 'k-1')`,
    );
    const span = { from: '2026-11-20T00:00:00Z', to: '2026-11-20T13:00:00Z', dryRun: false };
    const answer = await ask('POST', '/analytics-refresh/backfill', span);
    const states = at(answer.json, 'data.backfill.ticks');
    expect(states).toMatchObject([{ state: 'forgotten' }, { state: 'there' }, { state: 'made' }]);
  });

  it('says what is wrong, and lets nobody change anything without the right', async () => {
    expectError(await ask('GET', '/nothing'), 404, 'SCHEDULE_NOT_FOUND');
    expectError(await ask('POST', '/nothing/run'), 404, 'SCHEDULE_NOT_FOUND');
    expectError(await ask('PATCH', '/data-cleanup', {}), 400, 'INVALID_REQUEST');
    expectError(await ask('PATCH', '/data-cleanup', { enabled: false }, viewer), 403, 'FORBIDDEN');
    const fill = (from: string, to: string) => ask('POST', '/sam-gov-sync/backfill', { from, to });
    expectError(await fill('2026-11-20', '2999-01-01'), 400, 'INVALID_REQUEST');
    expectError(await fill('2026-11-20', '2026-11-19'), 400, 'INVALID_REQUEST');
    expectError(await fill('2020-01-01', '2026-11-19'), 400, 'INVALID_REQUEST');
    expectError(await fill('yesterday', '2026-11-19'), 400, 'INVALID_REQUEST');
  });
});
