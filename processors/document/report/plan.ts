import { createHash } from 'node:crypto';
import type { Payload } from '../../../queues/index.ts';
import { UnrecoverableError } from '../../../src/errors/catalogue.ts';
import type { DateRange } from '../../../src/integrations/database/port.ts';
import type { ReportKind } from './report.ts';

type Request = Payload<'document', 'generate-report'>['data'];

const titles: Readonly<Record<ReportKind, string>> = {
  analytics: 'Opportunity analytics',
  opportunities: 'Opportunities report',
};

/** Days that a report covers when the request names none, today included. */
const defaultDays = 90;
const dayMs = 24 * 60 * 60_000;

/** @throws UnrecoverableError JOB_UNAVAILABLE for types that are defined but not made yet. */
export function reportKind(type: Request['reportType']): ReportKind {
  if (type === 'analytics' || type === 'opportunities') return type;
  throw new UnrecoverableError(
    `Reports of type "${type}" are not made by this version yet. Ask for "analytics" or "opportunities".`,
    { code: 'JOB_UNAVAILABLE' },
  );
}

/** The days that were asked for, or the last 90 up to today in UTC. */
export function reportRange(asked: DateRange | undefined, now: Date): DateRange {
  if (asked !== undefined) return asked;
  const day = (time: number) => new Date(time).toISOString().slice(0, 10);
  return { start: day(now.getTime() - (defaultDays - 1) * dayMs), end: day(now.getTime()) };
}

export function reportTitle(asked: string | undefined, kind: ReportKind): string {
  return asked ?? titles[kind];
}

/** The same for each attempt of a job: a retry replaces what the attempt before has left. 129 bits in base 36. */
export function documentIdOf(jobKey: string): string {
  const digest = createHash('sha256').update(`generate-report\0${jobKey}`).digest('hex');
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
