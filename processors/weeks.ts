import { UnrecoverableError } from '../src/errors/catalogue.ts';

const dayMs = 24 * 3_600_000;

/** The Monday of the week (ISO 8601) that a moment lies in, in UTC, as a plain date. */
export function mondayOf(time: Date): string {
  const sinceMonday = (time.getUTCDay() + 6) % 7;
  return new Date(time.getTime() - sinceMonday * dayMs).toISOString().slice(0, 10);
}

/** The Monday that began the last whole week (UTC) before a time: on a Monday, the one seven days ago. */
export function lastMonday(time: Date): string {
  return mondayOf(new Date(time.getTime() - 7 * dayMs));
}

/**
 * The Monday of the week that a fan-out is about: that of the day which was asked for, or else of the last whole week.
 * @throws UnrecoverableError INVALID_PAYLOAD for a week that is not over: its few figures would go out as the whole
 * week's, and who has had them gets no others.
 */
export function wholeWeek(asked: string | undefined, now: Date): string {
  const last = lastMonday(now);
  if (asked === undefined) return last;
  const monday = mondayOf(new Date(`${asked}T00:00:00Z`));
  if (monday <= last) return monday;
  throw new UnrecoverableError(
    `The week of ${asked} is not over, so there is nothing whole to tell of it. data.weekStart: must be in the week of ${last} or before.`,
    { code: 'INVALID_PAYLOAD' },
  );
}
