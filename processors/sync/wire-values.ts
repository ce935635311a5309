/** Readers for single values of SAM.gov's records. None throws: what cannot be read is `null`. */

export type WireRecord = Readonly<Record<string, unknown>>;

export function isRecord(value: unknown): value is WireRecord {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An object's field, or nothing when there is no object. */
export function fieldOf(value: unknown, field: string): unknown {
  return isRecord(value) && Object.hasOwn(value, field) ? value[field] : undefined;
}

/** Text, trimmed and cut to `max` characters; the API writes some absent values as the text "null". */
export function readText(value: unknown, max = 1_000): string | null {
  const text = typeof value === 'number' && Number.isFinite(value) ? String(value) : value;
  if (typeof text !== 'string') return null;
  const trimmed = text.trim();
  if (trimmed === '' || trimmed.toLowerCase() === 'null') return null;
  return trimmed.length <= max ? trimmed : trimmed.slice(0, max).toWellFormed();
}

/** Only web addresses: the link is put into mails and pages. */
export function readUrl(value: unknown): string | null {
  const text = readText(value, 10_000);
  if (text === null || text.length > 2_000 || !/^https?:\/\//i.test(text)) return null;
  return URL.canParse(text) ? text : null;
}

/** A day, from `2026-02-02`, from a time that begins so, or from `02/02/2026`. */
export function readDate(value: unknown): string | null {
  const text = readText(value, 40) ?? '';
  const iso = /^(\d{4})-(\d{2})-(\d{2})(?:$|[T ])/.exec(text);
  if (iso !== null) return dayOf(iso[1], iso[2], iso[3]);
  const american = /^(\d{2})\/(\d{2})\/(\d{4})$/.exec(text);
  return american === null ? null : dayOf(american[3], american[1], american[2]);
}

function dayOf(year = '', month = '', day = ''): string | null {
  const date = `${year}-${month}-${day}`;
  const at = new Date(`${date}T00:00:00Z`);
  if (Number.isNaN(at.getTime()) || at.toISOString().slice(0, 10) !== date) return null;
  return Number(year) >= 1900 && Number(year) <= 2200 ? date : null;
}

const moment = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2})(:\d{2}(?:\.\d{1,9})?)?)? ?(Z|[+-]\d{2}:?\d{2})?$/;

/**
 * A moment as ISO 8601 in UTC. One without a zone is read as UTC: that is earlier than in any zone of the United
 * States, so a reminder may come hours too soon but never too late.
 */
export function readMoment(value: unknown): string | null {
  const match = moment.exec(readText(value, 60) ?? '');
  if (match === null || readDate(match[1]) === null) return null;
  const [, date, clock = '00:00', seconds = ':00', zone = 'Z'] = match;
  const offset = zone === 'Z' || zone.includes(':') ? zone : `${zone.slice(0, 3)}:${zone.slice(3)}`;
  const at = new Date(`${date}T${clock}${seconds.slice(0, 7)}${offset}`);
  return Number.isNaN(at.getTime()) ? null : at.toISOString();
}

/** Dollars as a decimal string; the API gives numbers and texts, some with `$` and commas. */
export function readAmount(value: unknown): string | null {
  const text = readText(value, 60)?.replace(/[$,\s]/g, '') ?? '';
  return /^-?\d{1,15}(\.\d{1,20})?$/.test(text) ? text : null;
}
