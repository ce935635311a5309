import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addDays,
  daysBetween,
  planRange,
  syncedThroughAfter,
  untilUtcMidnight,
  windowsOf,
} from '../../processors/sync/sync-range.ts';

const days = fc
  .date({ min: new Date('1990-01-01T00:00:00Z'), max: new Date('2090-12-31T00:00:00Z'), noInvalidDate: true })
  .map((time) => time.toISOString().slice(0, 10));
const today = '2026-04-16';

describe('windows', () => {
  it('cover a range exactly: no gap, no overlap, none longer than 364 days', () => {
    fc.assert(
      fc.property(days, fc.nat(5_000), (from, length) => {
        const to = addDays(from, length);
        const windows = windowsOf({ from, to });
        expect(windows[0]?.from).toBe(from);
        expect(windows.at(-1)?.to).toBe(to);
        windows.forEach((window, index) => {
          expect(daysBetween(window.from, window.to)).toBeGreaterThanOrEqual(0);
          expect(daysBetween(window.from, window.to)).toBeLessThanOrEqual(364);
          const before = windows[index - 1];
          if (before !== undefined) expect(window.from).toBe(addDays(before.to, 1));
        });
        expect(windows).toHaveLength(Math.floor(length / 365) + 1);
      }),
    );
  });

  it('know leap years', () => {
    expect(windowsOf({ from: '2024-01-01', to: '2024-12-31' })).toEqual([
      { from: '2024-01-01', to: '2024-12-30' },
      { from: '2024-12-31', to: '2024-12-31' },
    ]);
  });
});

describe('the range of a job', () => {
  it('is what came since the last sync, with a day of overlap', () => {
    expect(planRange({ fullSync: false }, '2026-04-10', today)).toEqual({ from: '2026-04-09', to: today });
  });

  it('is thirty days at the first run', () => {
    expect(planRange({ fullSync: false }, undefined, today)).toEqual({ from: '2026-03-17', to: today });
  });

  it('is 364 days, one window, for a full sync', () => {
    const range = planRange({ fullSync: true }, '2026-04-10', today);
    expect(range).toEqual({ from: '2025-04-17', to: today });
    expect(windowsOf(range)).toHaveLength(1);
  });

  it('is what was asked for, up to today', () => {
    const dateRange = { start: '2020-05-01', end: '2031-01-01' };
    expect(planRange({ fullSync: true, dateRange }, undefined, today)).toEqual({
      from: '2020-05-01',
      to: today,
    });
  });

  it('is in order, ends by today and has few windows for any request', () => {
    const anyDay = fc.constantFrom(
      '0000-01-01',
      '0001-01-01',
      '1999-12-31',
      today,
      '2026-04-17',
      '9999-12-31',
    );
    fc.assert(
      fc.property(
        anyDay,
        anyDay,
        fc.boolean(),
        fc.option(days, { nil: undefined }),
        (a, b, fullSync, through) => {
          const dateRange = a <= b ? { start: a, end: b } : { start: b, end: a };
          for (const request of [{ fullSync }, { fullSync, dateRange }]) {
            const range = planRange(request, through, today);
            expect(range.from <= range.to).toBe(true);
            expect(range.to <= today).toBe(true);
            expect(windowsOf(range).length).toBeLessThan(40);
          }
        },
      ),
    );
  });
});

describe('synced through', () => {
  it('moves forward over a range without a gap', () => {
    expect(syncedThroughAfter('2026-04-10', { from: '2026-04-11', to: today }, true, today)).toBe(today);
    expect(syncedThroughAfter(undefined, { from: '2026-03-17', to: today }, false, today)).toBe(today);
  });

  it('stays where a range leaves a gap, or nothing is known of the days before', () => {
    expect(syncedThroughAfter('2026-04-10', { from: '2026-04-12', to: today }, true, today)).toBe(
      '2026-04-10',
    );
    expect(
      syncedThroughAfter(undefined, { from: '2020-01-01', to: '2020-02-01' }, true, today),
    ).toBeUndefined();
  });

  it('never goes back and never into the future', () => {
    fc.assert(
      fc.property(days, days, fc.nat(900), fc.boolean(), (before, from, length, requested) => {
        const after = syncedThroughAfter(before, { from, to: addDays(from, length) }, requested, today);
        expect((after ?? '') >= before).toBe(true);
        if (after !== before) expect((after ?? '') <= today).toBe(true);
      }),
    );
  });
});

it('the budget of a day returns at the next midnight in UTC', () => {
  expect(untilUtcMidnight(new Date('2026-04-16T23:59:00Z'))).toBe(60_000);
  expect(untilUtcMidnight(new Date('2026-04-16T00:00:00Z'))).toBe(86_400_000);
});
