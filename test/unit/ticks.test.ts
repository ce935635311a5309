import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { schedules } from '../../config/schedules.ts';
import { faultOf, nextTick, previousTick, type Timetable, ticksDue } from '../../schedulers/ticks.ts';
import { jumpBetween } from '../../schedulers/zone.ts';

const zones = [
  'America/New_York',
  'Europe/Berlin',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'UTC',
  'Pacific/Apia',
  'America/Nuuk',
  'Africa/Cairo',
];
const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const DAY = 24 * HOUR;

/** A zone and an instant: any, or one within a day of a jump of the zone's clocks, where the mistakes are. */
const moment = fc
  .record({
    timeZone: fc.constantFrom(...zones),
    start: fc.date({
      min: new Date('1995-01-01T00:00:00Z'),
      max: new Date('2040-01-01T00:00:00Z'),
      noInvalidDate: true,
    }),
    before: fc.option(fc.integer({ min: -DAY, max: DAY }), { freq: 4 }),
  })
  .map(({ timeZone, start, before }) => {
    for (let at = start.getTime(); before !== null && at < start.getTime() + 366 * DAY; at += DAY) {
      const jump = jumpBetween(timeZone, at, at + DAY);
      if (jump !== undefined) return { timeZone, start: new Date(jump - before) };
    }
    return { timeZone, start };
  });
const minute = fc.integer({ min: 0, max: 59 });
const hour = fc.integer({ min: 0, max: 23 });
const cron = fc.oneof(
  fc.tuple(minute, hour).map(([m, h]) => `${m} ${h} * * *`),
  fc.tuple(minute, hour, fc.integer({ min: 0, max: 6 })).map(([m, h, d]) => `${m} ${h} * * ${d}`),
  minute.map((m) => `${m} */6 * * *`),
  minute.map((m) => `${m} * * * *`),
  fc.constantFrom('*/15 * * * *', '*/7 1-3 * * *', '0,30 0,1,2,3,23 * * *', '15 10 3 1-4 * *'),
);

const clocks = new Map(
  zones
    .concat('America/Havana')
    .map((timeZone) => [
      timeZone,
      new Intl.DateTimeFormat('sv-SE', { timeZone, dateStyle: 'short', timeStyle: 'medium' }),
    ]),
);

/** What the zone's clocks show, as `2026-03-08 03:00:00`. */
function shown(at: Date, timeZone: string): string {
  return clocks.get(timeZone)?.format(at) ?? 'no such zone';
}

function localDay(at: Date, timeZone: string): string {
  return shown(at, timeZone).slice(0, 10);
}

/** The next ticks after an instant, as local times. */
function localTicks(expression: string, timeZone: string, after: string, count: number): string[] {
  const found: string[] = [];
  let tick: Date | undefined = new Date(after);
  while (found.length < count) {
    tick = nextTick({ cron: expression, timeZone }, tick);
    if (tick === undefined) break;
    found.push(shown(tick, timeZone));
  }
  return found;
}

describe('on the days that the clocks jump', () => {
  test.each([
    {
      what: 'a time that is left out is due when the clocks have jumped',
      cron: '30 2 * * *',
      timeZone: 'America/New_York',
      after: '2026-03-08T00:00:00-05:00',
      ticks: ['2026-03-08 03:00:00', '2026-03-09 02:30:00'],
    },
    {
      what: 'a time that comes twice is due once',
      cron: '30 1 * * *',
      timeZone: 'America/New_York',
      after: '2026-11-01T00:00:00-04:00',
      ticks: ['2026-11-01 01:30:00', '2026-11-02 01:30:00'],
    },
    {
      what: 'several times in one gap are one tick',
      cron: '0,20,40 2 * * *',
      timeZone: 'Europe/Berlin',
      after: '2026-03-29T00:00:00+01:00',
      ticks: ['2026-03-29 03:00:00', '2026-03-30 02:00:00'],
    },
    {
      what: 'an hourly schedule has no tick in the hour that is left out',
      cron: '0 * * * *',
      timeZone: 'America/New_York',
      after: '2026-03-08T00:30:00-05:00',
      ticks: ['2026-03-08 01:00:00', '2026-03-08 03:00:00', '2026-03-08 04:00:00'],
    },
    {
      what: 'an hourly schedule has a tick in each of two equal hours',
      cron: '0 * * * *',
      timeZone: 'America/New_York',
      after: '2026-11-01T00:30:00-04:00',
      ticks: ['2026-11-01 01:00:00', '2026-11-01 01:00:00', '2026-11-01 02:00:00'],
    },
    {
      what: 'every six hours keeps its local hours when midnight is left out',
      cron: '0 */6 * * *',
      timeZone: 'Africa/Cairo',
      after: '2026-04-23T12:30:00+02:00',
      ticks: ['2026-04-23 18:00:00', '2026-04-24 01:00:00', '2026-04-24 06:00:00'],
    },
    {
      what: 'every six hours runs once when midnight comes twice',
      cron: '0 */6 * * *',
      timeZone: 'America/Havana',
      after: '2026-10-31T19:00:00-04:00',
      ticks: ['2026-11-01 00:00:00', '2026-11-01 06:00:00', '2026-11-01 12:00:00'],
    },
    {
      what: 'half an hour is left out on Lord Howe Island',
      cron: '15 2 * * *',
      timeZone: 'Australia/Lord_Howe',
      after: '2026-10-04T00:00:00+10:30',
      ticks: ['2026-10-04 02:30:00', '2026-10-05 02:15:00'],
    },
    {
      what: 'half an hour comes twice on Lord Howe Island',
      cron: '*/15 * * * *',
      timeZone: 'Australia/Lord_Howe',
      after: '2026-04-05T01:20:00+11:00',
      ticks: [
        '2026-04-05 01:30:00',
        '2026-04-05 01:45:00',
        '2026-04-05 01:30:00',
        '2026-04-05 01:45:00',
        '2026-04-05 02:00:00',
      ],
    },
    {
      what: 'the hour before midnight is left out in Nuuk: its tick comes at midnight',
      cron: '30 23 * * *',
      timeZone: 'America/Nuuk',
      after: '2026-03-28T00:00:00-02:00',
      ticks: ['2026-03-29 00:00:00', '2026-03-29 23:30:00'],
    },
    {
      what: 'a day that Apia left out has no tick',
      cron: '0 9 * * *',
      timeZone: 'Pacific/Apia',
      after: '2011-12-29T00:00:00-10:00',
      ticks: ['2011-12-29 09:00:00', '2011-12-31 09:00:00'],
    },
  ])('$what', ({ cron: expression, timeZone, after, ticks }) => {
    expect(localTicks(expression, timeZone, after, ticks.length)).toEqual(ticks);
  });

  test('the first of two equal local times is the one that is due', () => {
    const tick = nextTick(
      { cron: '30 1 * * *', timeZone: 'America/New_York' },
      new Date('2026-11-01T04:00:00Z'),
    );
    expect(tick).toEqual(new Date('2026-11-01T05:30:00Z'));
  });

  test.each([
    { day: '2026-03-08', from: '2026-03-08T00:00:00-05:00', hours: 23 },
    { day: '2026-11-01', from: '2026-11-01T00:00:00-04:00', hours: 25 },
    { day: '2026-06-01', from: '2026-06-01T00:00:00-04:00', hours: 24 },
  ])('every quarter of an hour has the real number of ticks on $day', ({ from, hours }) => {
    const last = new Date(new Date(from).getTime() - 1);
    const now = new Date(last.getTime() + hours * HOUR);
    const ticks = ticksDue({
      cron: '*/15 * * * *',
      timeZone: 'America/New_York',
      last,
      now,
      windowMs: 2 * DAY,
    });
    expect(ticks).toHaveLength(hours * 4);
  });
});

describe('for any expression, zone and time', () => {
  test('ticks are due in order, none twice, and are those that nextTick gives one after the other', () => {
    fc.assert(
      fc.property(
        cron,
        moment,
        fc.integer({ min: 1, max: 60 * 24 * 4 }),
        (expression, { timeZone, start: last }, m) => {
          const timetable = { cron: expression, timeZone };
          const now = new Date(last.getTime() + m * MINUTE);
          const ticks = ticksDue({ ...timetable, last, now, windowMs: 30 * DAY });
          const chain: Date[] = [];
          let tick = nextTick(timetable, last);
          while (tick !== undefined && tick <= now) {
            chain.push(tick);
            tick = nextTick(timetable, tick);
          }
          expect(ticks).toEqual(chain);
          const times = [last, ...ticks, now].map((at) => at.getTime());
          expect(times).toEqual([...times].sort((a, b) => a - b));
          expect(new Set(ticks.map((at) => at.getTime())).size).toBe(ticks.length);
          expect(previousTick(timetable, last, now)).toEqual(ticks.at(-1));
        },
      ),
      { numRuns: 150 },
    );
  });

  test('nothing is due between an instant and its next tick', () => {
    fc.assert(
      fc.property(
        cron,
        moment,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (c, { timeZone, start: after }, part) => {
          const timetable = { cron: c, timeZone };
          const next = nextTick(timetable, after);
          if (next === undefined) throw new Error('Each of these expressions has ticks.');
          const between = new Date(
            after.getTime() + Math.floor((next.getTime() - 1 - after.getTime()) * part),
          );
          expect(nextTick(timetable, between)).toEqual(next);
        },
      ),
      { numRuns: 300 },
    );
  });

  test('an expression by the hour is due at every instant whose local time it names, and at no other', () => {
    const byTheHour = fc.oneof(
      minute.map((m) => ({ text: `${m} * * * *`, minutes: [m] as readonly number[] })),
      fc.constant({ text: '*/15 * * * *', minutes: [0, 15, 30, 45] as readonly number[] }),
    );
    fc.assert(
      fc.property(byTheHour, moment, ({ text, minutes }, { timeZone, start }) => {
        const first = Math.floor(start.getTime() / MINUTE) * MINUTE;
        const expected: string[] = [];
        for (let at = first + MINUTE; at <= first + DAY; at += MINUTE) {
          const local = shown(new Date(at), timeZone);
          if (minutes.includes(Number(local.slice(14, 16)))) expected.push(new Date(at).toISOString());
        }
        const due = ticksDue({
          cron: text,
          timeZone,
          last: new Date(first),
          now: new Date(first + DAY),
          windowMs: 2 * DAY,
        });
        expect(due.map((at) => at.toISOString())).toEqual(expected);
      }),
      { numRuns: 25 },
    );
  });

  test('a daily schedule has one tick for each local day that there is', () => {
    // Nuuk is tried above: its jump moves a tick of one day to the first moment of the next.
    const steady = fc.constantFrom(...zones.filter((name) => name !== 'America/Nuuk'));
    fc.assert(
      fc.property(steady, fc.integer({ min: 1996, max: 2038 }), hour, minute, (timeZone, year, h, m) => {
        const last = new Date(Date.UTC(year, 0, 1));
        const now = new Date(Date.UTC(year + 1, 0, 1));
        const ticks = ticksDue({ cron: `${m} ${h} * * *`, timeZone, last, now, windowMs: 400 * DAY });
        const days = new Set<string>();
        for (let at = last.getTime(); at <= now.getTime(); at += HOUR)
          days.add(localDay(new Date(at), timeZone));
        const ticked = ticks.map((at) => localDay(at, timeZone));
        // The first and the last day are cut by the year's ends in UTC.
        const whole = [...days].sort().slice(1, -1);
        expect(ticked.filter((day) => whole.includes(day))).toEqual(whole);
      }),
      { numRuns: 40 },
    );
  });
});

describe('bounds', () => {
  const everySecond: Timetable = { cron: '* * * * * *', timeZone: 'Europe/Berlin' };

  test('ticks older than the window are not due', () => {
    const now = new Date('2026-06-01T12:00:00.500Z');
    const due = ticksDue({ ...everySecond, last: new Date('2020-01-01T00:00:00Z'), now, windowMs: 3_000 });
    expect(due.map((at) => at.toISOString())).toEqual([
      '2026-06-01T11:59:58.000Z',
      '2026-06-01T11:59:59.000Z',
      '2026-06-01T12:00:00.000Z',
    ]);
  });

  test('the last tick itself is not due again, and the one of this moment is', () => {
    const last = new Date('2026-06-01T09:00:00Z');
    const timetable = { cron: '0 9 * * *', timeZone: 'UTC' };
    const tomorrow = new Date('2026-06-02T09:00:00Z');
    expect(ticksDue({ ...timetable, last, now: new Date(tomorrow.getTime() - 1), windowMs: DAY })).toEqual(
      [],
    );
    expect(ticksDue({ ...timetable, last, now: tomorrow, windowMs: DAY })).toEqual([tomorrow]);
  });

  test('of more than ten thousand ticks only the latest is listed', () => {
    const last = new Date('2000-01-01T00:00:00Z');
    const now = new Date('2026-06-01T12:00:00.900Z');
    const due = ticksDue({ ...everySecond, last, now, windowMs: Number.MAX_SAFE_INTEGER });
    expect(due).toEqual([new Date('2026-06-01T12:00:00Z')]);
  });

  test('29 February is found across a century without one', () => {
    const after = new Date('2096-03-01T00:00:00Z');
    expect(nextTick({ cron: '0 12 29 2 *', timeZone: 'UTC' }, after)).toEqual(
      new Date('2104-02-29T12:00:00Z'),
    );
    expect(nextTick({ cron: '0 * 29 2 *', timeZone: 'Europe/Berlin' }, after)).toEqual(
      new Date('2104-02-28T23:00:00Z'),
    );
  });
});

describe('faults', () => {
  test('every schedule of the table is sound in every zone', () => {
    const faults = zones.flatMap((timeZone) =>
      schedules.map((line) => faultOf({ cron: line.cron, timeZone })),
    );
    expect(faults.filter((fault) => fault !== undefined)).toEqual([]);
  });

  test.each([
    { cron: '60 * * * *', timeZone: 'UTC', words: '60 is a invalid expression for minute' },
    { cron: '0 9 * *', timeZone: 'UTC', words: 'expected 5 or 6 fields but got 4' },
    { cron: '0 0 30 2 *', timeZone: 'UTC', words: 'impossible' },
    { cron: '0 0 13 * 5', timeZone: 'UTC', words: 'make it two schedules' },
    { cron: '0 9 * * *', timeZone: 'Berlin', words: 'use an IANA name' },
  ])('$cron in $timeZone is refused', ({ cron: expression, timeZone, words }) => {
    expect(faultOf({ cron: expression, timeZone })).toContain(words);
  });
});
