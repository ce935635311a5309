import type { DateRange } from '../../src/integrations/database/port.ts';

/** Which days a sync asks for. Plain dates, `2024-01-31`, in UTC, both ends included. */
export interface DateWindow {
  readonly from: string;
  readonly to: string;
}

/** 364 days apart are answered, 365 are refused, though the documentation says a year. */
const longestSpan = 364;
/** Before it there was no electronic posting; a mistyped year must not spend a request on each year since. */
export const firstDay = '1990-01-01';
const firstRunDays = 30;
/** Notices of the last day may have come after it was read. */
const overlapDays = 1;

const msPerDay = 24 * 3_600_000;

export function dayOf(time: Date): string {
  return time.toISOString().slice(0, 10);
}

export function addDays(day: string, days: number): string {
  return dayOf(new Date(Date.parse(`${day}T00:00:00Z`) + days * msPerDay));
}

/** Days from one date to another; 0 for the same. */
export function daysBetween(from: string, to: string): number {
  return Math.round((Date.parse(`${to}T00:00:00Z`) - Date.parse(`${from}T00:00:00Z`)) / msPerDay);
}

/** Until the daily quota returns, in ms. */
export function untilUtcMidnight(now: Date): number {
  return Date.parse(`${addDays(dayOf(now), 1)}T00:00:00Z`) - now.getTime();
}

/** The range of a new job: what was asked for, all of a year, or what came since the last sync. */
export function planRange(
  request: { readonly fullSync: boolean; readonly dateRange?: DateRange | undefined },
  syncedThrough: string | undefined,
  today: string,
): DateWindow {
  const { dateRange } = request;
  if (dateRange !== undefined) {
    // Nothing is posted in the future, and to have asked for it must not count as to have seen it.
    const from = earlier(later(dateRange.start, firstDay), today);
    return { from, to: later(from, earlier(dateRange.end, today)) };
  }
  if (request.fullSync) return { from: addDays(today, -longestSpan), to: today };
  const from =
    syncedThrough === undefined ? addDays(today, -firstRunDays) : addDays(syncedThrough, -overlapDays);
  return { from: earlier(from, today), to: today };
}

/** Cuts a range into windows that the API accepts, oldest first, without gap or overlap. */
export function windowsOf(range: DateWindow): readonly DateWindow[] {
  const windows: DateWindow[] = [];
  for (let from = range.from; from <= range.to; ) {
    const to = earlier(addDays(from, longestSpan), range.to);
    windows.push({ from, to });
    from = addDays(to, 1);
  }
  return windows;
}

/**
 * Up to which day everything has been seen once `range` is through. It never goes back, and a range that leaves a gap
 * does not move it; neither does a requested one when nothing was seen before, since it says nothing about the rest.
 */
export function syncedThroughAfter(
  before: string | undefined,
  range: DateWindow,
  requested: boolean,
  today: string,
): string | undefined {
  const reached = earlier(range.to, today);
  if (before === undefined) return requested ? undefined : reached;
  return range.from <= addDays(before, 1) ? later(before, reached) : before;
}

function earlier(a: string, b: string): string {
  return a < b ? a : b;
}

function later(a: string, b: string): string {
  return a > b ? a : b;
}
