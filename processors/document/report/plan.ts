import { createHash } from 'node:crypto';
import type { DateRange } from '../../../src/integrations/database/port.ts';
import { lastMonday } from '../../weeks.ts';
import type { ReportKind } from './report.ts';

const titles: Readonly<Record<ReportKind, string>> = {
  analytics: 'Opportunity analytics',
  opportunities: 'Opportunities report',
  proposals: 'Proposals report',
  weekly: 'Weekly report',
};

/** Days that a report covers when the request names none, today included. */
const defaultDays = 90;
const dayMs = 24 * 60 * 60_000;

const dayOf = (time: number) => new Date(time).toISOString().slice(0, 10);

/** The days that were asked for; else the last complete week for a weekly report, and the last 90 days for others (UTC). */
export function reportRange(
  asked: DateRange | undefined,
  now: Date,
  kind: ReportKind = 'analytics',
): DateRange {
  if (asked !== undefined) return asked;
  if (kind === 'weekly') return weekFrom(lastMonday(now));
  return { start: dayOf(now.getTime() - (defaultDays - 1) * dayMs), end: dayOf(now.getTime()) };
}

/** The seven days that begin on `monday`. */
export function weekFrom(monday: string): DateRange {
  return { start: monday, end: dayOf(Date.parse(`${monday}T00:00:00Z`) + 6 * dayMs) };
}

export function reportTitle(asked: string | undefined, kind: ReportKind): string {
  return asked ?? titles[kind];
}

/** The same for each attempt of a job: a retry replaces what the attempt before has left. 129 bits in base 36. */
export function documentIdOf(jobKey: string, job = 'generate-report'): string {
  const digest = createHash('sha256').update(`${job}\0${jobKey}`).digest('hex');
  return BigInt(`0x${digest}`).toString(36).padStart(50, '0').slice(-25);
}

/** A name to save the file under: letters and digits of any script, made for people and safe for every file system. */
export function fileNameOf(title: string, range: DateRange, extension: string): string {
  const words = title
    .normalize('NFC')
    .toLowerCase()
    .replace(/[^\p{L}\p{M}\p{N}]+/gu, '-');
  const short = Array.from(words)
    .slice(0, 60)
    .join('')
    .replace(/^-+|-+$/g, '');
  return `${short === '' ? 'report' : short}-${range.start}-to-${range.end}.${extension}`;
}
