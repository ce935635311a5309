import { InvalidArgumentError } from 'commander';

/** Readers of what is typed after an option. @throws InvalidArgumentError, which ends the command with 2. */

export function readTime(text: string): Date {
  const time = new Date(text);
  if (Number.isNaN(time.getTime())) throw new InvalidArgumentError('It must be a time as in ISO 8601.');
  return time;
}

export function readLimit(text: string): number {
  const limit = Number(text);
  if (Number.isInteger(limit) && limit >= 1 && limit <= 1_000) return limit;
  throw new InvalidArgumentError('It must be a whole number from 1 to 1000.');
}

/** The platform says which pace is too slow or too fast. */
export function readPace(text: string): number {
  const pace = Number(text);
  if (text.trim() !== '' && Number.isFinite(pace) && pace > 0) return pace;
  throw new InvalidArgumentError('It must be a number above 0.');
}

export function readCount(text: string): number {
  const count = Number(text);
  if (Number.isInteger(count) && count >= 1) return count;
  throw new InvalidArgumentError('It must be a whole number, 1 or more.');
}

const unitsMs: Readonly<Record<string, number>> = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 };

/** In ms. */
export function readDuration(text: string): number {
  const [, count, unit = ''] = /^(\d+)(ms|s|m|h|d)$/.exec(text) ?? [];
  const ms = unitsMs[unit];
  if (count === undefined || ms === undefined)
    throw new InvalidArgumentError('It must be a time such as 500ms, 30s, 5m, 2h or 1d.');
  return Number(count) * ms;
}

export function readUrl(text: string): string {
  if (URL.canParse(text) && /^https?:$/.test(new URL(text).protocol)) return text;
  throw new InvalidArgumentError('It must be an address such as https://millrace.example.');
}
