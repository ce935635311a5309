import { randomUUID } from 'node:crypto';
import fc from 'fast-check';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { jobKeyOf, type Occasion, runDue, type TimedSchedule } from '../../schedulers/run-due.ts';
import { Events } from '../../src/observability/events.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createWorld, type World } from '../support/world.ts';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;

/** Time is simulated here, the ledger is real. */
describe('what is due of a schedule', () => {
  let world: World;
  beforeAll(async () => {
    world = await createWorld();
  });
  afterAll(() => world.close());

  /** Schedulers of one schedule on one ledger, whose clock the test sets. */
  function bench(line: Partial<TimedSchedule> & { cron: string }, start: string) {
    const schedule: TimedSchedule = { name: randomUUID(), catchUpMs: 6 * HOUR, enabled: true, ...line };
    const state = {
      now: Date.parse(start),
      enqueued: [] as string[],
      outcomes: [] as string[],
      failing: false,
    };
    const events = new Events();
    events.on('schedule.tick', ({ outcome }) => state.outcomes.push(outcome));
    const look = (occasion: Partial<Occasion> = {}, owner = 'first', skewMs = 0) =>
      runDue(
        {
          ticks: world.database.ticks,
          async enqueue(_schedule, tickAt, jobKey) {
            if (state.failing) throw new Error('The queue is away.');
            expect(jobKey).toBe(jobKeyOf(schedule.name, tickAt));
            state.enqueued.push(tickAt.toISOString().replace('.000Z', 'Z'));
            return jobKey;
          },
          events,
          log: silentLogger(),
          clock: () => state.now + skewMs,
          owner,
          timeZone: 'UTC',
        },
        schedule,
        { atStart: false, takeOver: false, ...occasion },
      );
    return {
      state,
      schedule,
      look,
      start: (owner?: string) => look({ atStart: true, takeOver: true }, owner),
      sweep: (owner?: string) => look({ takeOver: true }, owner),
      at(time: string) {
        state.now = Date.parse(time);
      },
      endClaims: () =>
        world.pool.query(
          `update schedule_ticks set claim_expires_at = now() - interval '1 second' where schedule = $1`,
          [schedule.name],
        ),
    };
  }

  test('a schedule that is new has missed nothing', async () => {
    const { start, look, at, state } = bench({ cron: '0 9 * * *' }, '2026-06-01T09:30:00Z');
    await start();
    at('2026-06-01T20:00:00Z');
    await look();
    expect(state.enqueued).toEqual([]);
    at('2026-06-02T09:00:00.003Z');
    await look();
    expect(state.enqueued).toEqual(['2026-06-02T09:00:00Z']);
    expect(state.outcomes).toEqual(['enqueued']);
  });

  test('a tick is one job for many schedulers that find it at once', async () => {
    const { start, look, at, state } = bench({ cron: '0 9 * * *' }, '2026-06-01T08:00:00Z');
    await start();
    at('2026-06-01T09:00:00.003Z');
    const owners = Array.from({ length: 12 }, (_, index) => `owner-${index}`);
    await Promise.all(owners.map((owner) => look({}, owner)));
    expect(state.enqueued).toEqual(['2026-06-01T09:00:00Z']);
    expect(state.outcomes.filter((outcome) => outcome !== 'duplicate')).toEqual(['enqueued']);
  });

  test('an alarm that rings a little early, or by a slow clock, still has its tick', async () => {
    const { start, look, at, state } = bench({ cron: '0 9 * * *' }, '2026-06-01T08:00:00Z');
    await start();
    at('2026-06-01T08:59:59.400Z');
    await look();
    expect(state.enqueued).toEqual([]);
    await look({ alarmAt: new Date('2026-06-01T09:00:00Z') });
    expect(state.enqueued).toEqual(['2026-06-01T09:00:00Z']);
  });

  test('an alarm far ahead of the clock is not believed', async () => {
    const { start, look, state } = bench({ cron: '0 9 * * *' }, '2026-06-01T08:00:00Z');
    await start();
    await look({ alarmAt: new Date('2026-06-01T09:00:00Z') });
    expect(state.enqueued).toEqual([]);
  });

  test('while schedulers run, each of several late ticks has its job', async () => {
    const { start, look, at, state } = bench({ cron: '* * * * *' }, '2026-06-01T08:00:30Z');
    await start();
    at('2026-06-01T08:02:10Z');
    await look();
    expect(state.enqueued).toEqual(['2026-06-01T08:01:00Z', '2026-06-01T08:02:00Z']);
    expect(state.outcomes).toEqual(['enqueued', 'enqueued']);
  });

  test('of the ticks missed while all were down the latest is caught up, once, by one of those that start', async () => {
    const { start, sweep, at, state } = bench({ cron: '0 * * * *' }, '2026-06-01T08:30:00Z');
    await start();
    at('2026-06-01T12:20:00Z');
    await Promise.all(['a', 'b', 'c'].map((owner) => start(owner)));
    await sweep('a');
    expect(state.enqueued).toEqual(['2026-06-01T12:00:00Z']);
    expect(state.outcomes.filter((outcome) => outcome !== 'duplicate')).toEqual(['caught_up']);
    at('2026-06-01T13:00:00.001Z');
    await sweep('b');
    expect(state.enqueued).toEqual(['2026-06-01T12:00:00Z', '2026-06-01T13:00:00Z']);
  });

  test('a tick that was missed by more than the catch-up window is passed over', async () => {
    const { start, at, state } = bench({ cron: '0 9 * * *', catchUpMs: 12 * HOUR }, '2026-06-01T08:00:00Z');
    await start();
    at('2026-06-01T21:00:01Z');
    await start();
    expect(state.enqueued).toEqual([]);
    at('2026-06-02T20:59:59Z');
    await start();
    expect(state.enqueued).toEqual(['2026-06-02T09:00:00Z']);
  });

  test('a scheduler that could not look for long, for want of its database, catches up as well', async () => {
    const { start, sweep, at, state } = bench({ cron: '*/10 * * * *' }, '2026-06-01T08:05:00Z');
    await start();
    at('2026-06-01T08:45:00Z');
    await sweep();
    await sweep();
    expect(state.enqueued).toEqual(['2026-06-01T08:40:00Z']);
    expect(state.outcomes).toEqual(['caught_up']);
  });

  test('a scheduler that starts right beside others leaves out nothing they were about to do', async () => {
    const { start, look, at, state } = bench({ cron: '* * * * * *' }, '2026-06-01T08:00:00.500Z');
    await start();
    at('2026-06-01T08:00:01.010Z');
    await look();
    at('2026-06-01T08:00:04.200Z');
    await start('late');
    expect(state.enqueued).toEqual([1, 2, 3, 4].map((second) => `2026-06-01T08:00:0${second}Z`));
  });

  test('a tick that could not be enqueued is tried again when its claim has ended', async () => {
    const { start, look, sweep, at, state, endClaims } = bench({ cron: '0 9 * * *' }, '2026-06-01T08:00:00Z');
    await start();
    at('2026-06-01T09:00:00.003Z');
    state.failing = true;
    await look();
    state.failing = false;
    await sweep('second');
    expect(state.outcomes).toEqual(['failed']);
    await endClaims();
    at('2026-06-01T09:01:00.500Z');
    await Promise.all(['second', 'third'].map((owner) => sweep(owner)));
    expect(state.enqueued).toEqual(['2026-06-01T09:00:00Z']);
    expect(state.outcomes.filter((outcome) => outcome !== 'duplicate')).toEqual(['failed', 'enqueued']);
  });

  test('a failed tick is left alone when it has become too old to be of use', async () => {
    const { start, look, sweep, at, state, endClaims } = bench(
      { cron: '0 9 * * *', catchUpMs: HOUR },
      '2026-06-01T08:00:00Z',
    );
    await start();
    at('2026-06-01T09:00:00.003Z');
    state.failing = true;
    await look();
    state.failing = false;
    await endClaims();
    at('2026-06-01T10:30:00Z');
    await sweep();
    expect(state.enqueued).toEqual([]);
  });

  test('a clock that goes back an hour makes nothing twice, and goes on where it was', async () => {
    const { start, look, sweep, at, state } = bench({ cron: '*/30 * * * *' }, '2026-06-01T08:45:00Z');
    await start();
    at('2026-06-01T09:00:00.003Z');
    await look();
    at('2026-06-01T09:30:00.003Z');
    await look();
    for (const time of ['08:30:00.003', '08:59:00', '09:00:00.003', '09:30:00.003', '10:00:00.003']) {
      at(`2026-06-01T${time}Z`);
      await Promise.all([sweep('first'), sweep('second'), start('third')]);
    }
    expect(state.enqueued).toEqual(['09:00', '09:30', '10:00'].map((time) => `2026-06-01T${time}:00Z`));
  });

  test('a clock that was a year ahead and is put right keeps no tick from being made', async () => {
    const { start, sweep, at, state, endClaims } = bench({ cron: '0 9 * * *' }, '2026-06-01T08:00:00Z');
    await start();
    at('2027-06-01T09:00:00.003Z');
    await sweep();
    expect(state.enqueued).toEqual(['2027-06-01T09:00:00Z']);
    at('2027-06-02T09:00:00.003Z');
    state.failing = true;
    await sweep();
    state.failing = false;
    await endClaims();
    for (const time of ['2026-06-01T09:00:00.003Z', '2026-06-02T09:00:00.003Z', '2026-06-02T09:01:00Z']) {
      at(time);
      await Promise.all([sweep('first'), sweep('second')]);
    }
    expect(state.enqueued.slice(1)).toEqual(['2026-06-01T09:00:00Z', '2026-06-02T09:00:00Z']);
  });

  test('a schedule that was first seen by a clock a year ahead counts from when that is put right', async () => {
    const { start, sweep, at, state } = bench({ cron: '0 9 * * *' }, '2027-06-01T08:00:00Z');
    await start();
    at('2026-06-01T08:00:00Z');
    await sweep();
    at('2026-06-01T09:00:00.003Z');
    await sweep();
    expect(state.enqueued).toEqual(['2026-06-01T09:00:00Z']);
  });

  test.each([
    {
      what: 'spring',
      from: '2026-03-07T12:00:00-05:00',
      to: '2026-03-09T12:00:00-04:00',
      ticks: ['2026-03-08T07:00:00Z', '2026-03-09T06:30:00Z'],
      cron: '30 2 * * *',
    },
    {
      what: 'autumn',
      from: '2026-10-31T12:00:00-04:00',
      to: '2026-11-02T12:00:00-05:00',
      ticks: ['2026-11-01T05:30:00Z', '2026-11-02T06:30:00Z'],
      cron: '30 1 * * *',
    },
  ])('swept through two days of $what, a daily schedule of New York has a job a day', async (days) => {
    const { start, sweep, state } = bench({ cron: days.cron, timeZone: 'America/New_York' }, days.from);
    await start();
    for (; state.now <= Date.parse(days.to); state.now += 10 * MINUTE) await sweep();
    expect(state.enqueued).toEqual(days.ticks);
    expect(state.outcomes).toEqual(['enqueued', 'enqueued']);
  });

  test('three schedulers whose clocks differ by a second, each now and then late, make each tick one job', async () => {
    const step = fc.record({
      ms: fc.integer({ min: 50, max: 900 }),
      who: fc.subarray([-500, 0, 500], { minLength: 1 }),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 10, maxLength: 25 }), async (steps) => {
        const { start, look, state } = bench({ cron: '* * * * * *' }, '2026-06-01T08:00:00.100Z');
        await start();
        for (const { ms, who } of steps) {
          state.now += ms;
          await Promise.all(who.map((skew) => look({}, `skew ${skew}`, skew)));
        }
        // The one whose clock is ahead has the last word on how far the seconds have come.
        await look({}, 'last', 500);
        const first = Date.parse('2026-06-01T08:00:01Z');
        const expected: string[] = [];
        for (let at = first; at <= state.now + 500; at += 1_000)
          expected.push(new Date(at).toISOString().replace('.000Z', 'Z'));
        expect(state.enqueued.sort()).toEqual(expected);
      }),
      { numRuns: 20 },
    );
  });
});
