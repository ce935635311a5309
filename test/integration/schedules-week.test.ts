import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { schedules } from '../../config/index.ts';
import { type Occasion, runDue } from '../../schedulers/run-due.ts';
import { openBackend } from '../../src/backend/index.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { openPlatform, type Platform } from '../support/platform.ts';
import { createWorld, type World } from '../support/world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A whole week of the cron table: the clock is moved, the ledger and the queues are real. */
describe('a week of the five schedules', { timeout: 120_000 }, () => {
  let world: World;
  let platform: Platform;

  beforeEach(async () => {
    world = await createWorld();
    const backend = await openBackend({
      kind: 'postgres',
      redisUrl: undefined,
      databaseUrl: world.databaseUrl,
      workers: 0,
    });
    platform = await openPlatform({ backend });
  });
  afterEach(async () => {
    await platform.close();
    await world.close();
  });

  /** A scheduler as the platform runs it, but for its clock. */
  function scheduler(owner: string, timeZone: string, clock: () => number) {
    const dependencies = {
      ticks: world.database.ticks,
      enqueue: async (schedule: (typeof schedules)[number], _tickAt: Date, key: string) => {
        const { queue, job, payload } = schedule;
        return (await platform.queues.addUntyped(queue, job, payload, { idempotencyKey: key })).id;
      },
      events: platform.events,
      log: silentLogger(),
      clock,
      owner,
      timeZone,
    };
    const look = (occasion: Occasion) =>
      Promise.all(schedules.map((schedule) => runDue(dependencies, schedule, occasion)));
    return {
      start: () => look({ atStart: true, takeOver: true }),
      sweep: () => look({ atStart: false, takeOver: true }),
    };
  }

  /**
   * Two schedulers, a fifth of a second apart, from a quarter of an hour before the week until its end. The first is
   * away for the third day, both are for the ninety minutes after `outageAt`.
   */
  async function runWeek(
    timeZone: string,
    [from, to]: readonly [number, number],
    outageAt: Date,
  ): Promise<void> {
    const away = outageAt.getTime();
    let now = from - 15 * MINUTE;
    const first = scheduler('first', timeZone, () => now);
    const second = scheduler('second', timeZone, () => now + 200);
    await first.start();
    await second.start();
    // Every tick of the table falls on a half hour, and a sweep comes half a second later.
    for (now = from + 500; now < to; now += 30 * MINUTE) {
      if (now >= away && now < away + 90 * MINUTE) continue;
      const starts = now - 90 * MINUTE >= away && now - 90 * MINUTE < away + 30 * MINUTE;
      const firstIsAway = now >= from + 2 * DAY && now < from + 3 * DAY;
      const look = starts ? 'start' : 'sweep';
      await Promise.all([...(firstIsAway ? [] : [first[look]()]), second[look]()]);
    }
  }

  /** What each line of the table is for; said here again, so that a line changed by mistake is seen. */
  const works = {
    'email-reminders': [
      'email',
      'dispatch-reminders',
      { type: 'dispatch-reminders', data: { withinDays: 7 } },
    ],
    'sam-gov-sync': ['sync', 'sam-gov-sync', { type: 'sam-gov-opportunities', data: { fullSync: false } }],
    'data-cleanup': ['sync', 'cleanup-data', { type: 'cleanup-data', data: { dryRun: false } }],
    'weekly-reports': ['document', 'dispatch-weekly-reports', { type: 'dispatch-weekly-reports', data: {} }],
    'analytics-refresh': ['sync', 'refresh-analytics', { type: 'refresh-analytics', data: { scope: 'all' } }],
  } as const;

  /** The ledger's ticks by schedule, each with the job that the queue has under its id. */
  async function ticks(): Promise<Record<string, string[]>> {
    const { rows } = await world.pool.query<{ schedule: string; tick_at: Date; job_id: string }>(
      'select schedule, tick_at, job_id from schedule_ticks where job_id is not null order by schedule, tick_at',
    );
    const found: Record<string, string[]> = {};
    for (const { schedule, tick_at, job_id } of rows) {
      const work = Object.entries(works).find(([name]) => name === schedule)?.[1];
      if (work === undefined) throw new Error(`Nobody knows of a schedule ${schedule}.`);
      const [queue, name, payload] = work;
      const job = await platform.queues.job(queue, job_id);
      expect(job).toMatchObject({ name, state: 'waiting' });
      expect(job?.payload).toEqual(payload);
      found[schedule] = [...(found[schedule] ?? []), tick_at.toISOString().replace(':00.000Z', 'Z')];
    }
    return found;
  }

  const inQueues = async () => {
    const queues = ['email', 'document', 'sync', 'story-enhancement'] as const;
    const counts = await Promise.all(queues.map((queue) => platform.queues.counts(queue)));
    return Object.fromEntries(queues.map((queue, index) => [queue, counts[index]?.waiting]));
  };
  const days = (from: number, times: readonly string[]) =>
    Array.from({ length: 7 }, (_, day) =>
      times.map((time) => `${new Date(from + day * DAY).toISOString().slice(0, 10)}T${time}Z`),
    ).flat();

  test('in UTC is one job for each tick, whoever of the schedulers is there', async () => {
    const monday = Date.parse('2026-06-01T00:00Z');
    const caughtUp: string[] = [];
    platform.events.on('schedule.tick', ({ schedule, outcome }) => {
      if (outcome === 'caught_up') caughtUp.push(schedule);
    });
    await runWeek('UTC', [monday, monday + 7 * DAY], new Date('2026-06-05T08:31Z'));
    expect(await ticks()).toEqual({
      'email-reminders': days(monday, ['09:00']),
      'sam-gov-sync': days(monday, ['00:00', '06:00', '12:00', '18:00']),
      'data-cleanup': days(monday, ['02:00']),
      'weekly-reports': ['2026-06-01T08:00Z'],
      'analytics-refresh': days(monday, ['00:30', '06:30', '12:30', '18:30']),
    });
    expect(await inQueues()).toEqual({ email: 7, document: 1, sync: 63, 'story-enhancement': 0 });
    expect(caughtUp).toEqual(['email-reminders']);
  });

  test('in New York, in which the clocks are put forward on its last day, is the same by the wall clock', async () => {
    // From Monday, 00:00 EST, to Sunday, 8 March, when 02:00 EST becomes 03:00 EDT.
    const monday = Date.parse('2026-03-02T05:00Z');
    await runWeek(
      'America/New_York',
      [monday, Date.parse('2026-03-09T04:00Z')],
      new Date('2026-03-06T13:31Z'),
    );
    const toSaturday = (times: readonly string[]) => days(monday, times).slice(0, 6 * times.length);
    const nights = (time: string) => toSaturday([time]).concat(`2026-03-08T${time}Z`);
    expect(await ticks()).toEqual({
      'email-reminders': [...toSaturday(['14:00']), '2026-03-08T13:00Z'],
      'sam-gov-sync': [...nights('05:00'), ...toSaturday(['11:00', '17:00', '23:00'])]
        .concat('2026-03-08T10:00Z', '2026-03-08T16:00Z', '2026-03-08T22:00Z')
        .sort(),
      // 02:00 is skipped on Sunday, and the tick is moved to the moment that takes its place.
      'data-cleanup': nights('07:00'),
      'weekly-reports': ['2026-03-02T13:00Z'],
      'analytics-refresh': [...nights('05:30'), ...toSaturday(['11:30', '17:30', '23:30'])]
        .concat('2026-03-08T10:30Z', '2026-03-08T16:30Z', '2026-03-08T22:30Z')
        .sort(),
    });
    expect(await inQueues()).toEqual({ email: 7, document: 1, sync: 63, 'story-enhancement': 0 });
  });

  test('in Berlin, in which the clocks are put back on its last day, has no tick of the hour that comes twice twice', async () => {
    // From Monday, 00:00 CEST, to Sunday, 25 October, when 03:00 CEST becomes 02:00 CET.
    const monday = Date.parse('2026-10-18T22:00Z');
    await runWeek('Europe/Berlin', [monday, Date.parse('2026-10-25T23:00Z')], new Date('2026-10-23T06:31Z'));
    const toSaturday = (times: readonly string[], from = monday + 2 * HOUR) =>
      days(from, times).slice(0, 6 * times.length);
    expect(await ticks()).toEqual({
      'email-reminders': [...toSaturday(['07:00']), '2026-10-25T08:00Z'],
      'sam-gov-sync': [...days(monday, ['22:00']), ...toSaturday(['04:00', '10:00', '16:00'])]
        .concat('2026-10-25T05:00Z', '2026-10-25T11:00Z', '2026-10-25T17:00Z')
        .sort(),
      // 02:00 comes twice on Sunday: the first is the tick.
      'data-cleanup': [...toSaturday(['00:00']), '2026-10-25T00:00Z'],
      'weekly-reports': ['2026-10-19T06:00Z'],
      'analytics-refresh': [...days(monday, ['22:30']), ...toSaturday(['04:30', '10:30', '16:30'])]
        .concat('2026-10-25T05:30Z', '2026-10-25T11:30Z', '2026-10-25T17:30Z')
        .sort(),
    });
    expect(await inQueues()).toEqual({ email: 7, document: 1, sync: 63, 'story-enhancement': 0 });
  });
});
