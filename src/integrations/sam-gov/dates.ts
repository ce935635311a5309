/** The dates and times of SAM.gov's APIs. */

const months = ['JAN', 'FEB', 'MAR', 'APR', 'MAY', 'JUN', 'JUL', 'AUG', 'SEP', 'OCT', 'NOV', 'DEC'];

const nextAccess =
  /^(\d{4})-([A-Za-z]{3})-(\d{2}) (\d{2}):(\d{2}):(\d{2}) ?([+-])(\d{2}):?(\d{2})(?: [A-Z]{1,5})?$/;

/** Writes a plain date, `2024-01-31`, as `postedFrom` and `postedTo` want it: `01/31/2024`. */
export function toSamGovDate(date: string): string {
  const [year, month, day] = date.split('-');
  return `${month}/${day}/${year}`;
}

/**
 * Reads the `nextAccessTime` of a refusal by quota, `2026-Apr-17 00:00:00+0000 UTC`.
 * @returns `undefined` for anything else; never throws.
 */
export function parseNextAccessTime(value: unknown): Date | undefined {
  const match = typeof value === 'string' ? nextAccess.exec(value.trim()) : null;
  if (match === null) return undefined;
  const [year, , day, hour, minute, second] = match.slice(1, 7).map(Number);
  const month = months.indexOf((match[2] ?? '').toUpperCase());
  const utc = new Date(Date.UTC(year ?? 0, month, day, hour, minute, second));
  // Date.UTC carries an overflow into the next field: a 31st of April has to be found out afterwards.
  const carried =
    utc.getUTCFullYear() !== year ||
    utc.getUTCMonth() !== month ||
    utc.getUTCDate() !== day ||
    utc.getUTCHours() !== hour ||
    utc.getUTCMinutes() !== minute;
  const offsetMinutes = Number(match[8]) * 60 + Number(match[9]);
  if (carried || month < 0 || offsetMinutes > 14 * 60) return undefined;
  return new Date(utc.getTime() - (match[7] === '-' ? -1 : 1) * offsetMinutes * 60_000);
}

/**
 * Reads a `Retry-After` header (RFC 9110, 10.2.3): seconds, or an HTTP date.
 * @returns the wait in ms, or `undefined` when the header is absent or neither.
 */
export function parseRetryAfter(value: string | null, now: Date): number | undefined {
  const text = value?.trim() ?? '';
  if (/^\d{1,9}$/.test(text)) return Number(text) * 1_000;
  if (!/^[A-Z][a-z]{2}, /.test(text)) return undefined;
  const at = Date.parse(text);
  return Number.isNaN(at) ? undefined : Math.max(0, at - now.getTime());
}

/** When the quotas of SAM.gov return: the next midnight in UTC. */
export function nextUtcMidnight(now: Date): Date {
  return new Date(Date.UTC(now.getUTCFullYear(), now.getUTCMonth(), now.getUTCDate() + 1));
}
