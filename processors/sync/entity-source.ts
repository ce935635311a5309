import { MillraceError } from '../../src/errors/catalogue.ts';
import type { Database, DateRange, EntityRow, SyncWindow } from '../../src/integrations/database/port.ts';
import { entityPageSize, entityReach, type SamGov } from '../../src/integrations/sam-gov/port.ts';
import { readEntity } from './read-entity.ts';
import type { SyncRequest, SyncSource } from './source.ts';
import { addDays, daysBetween, firstDay, planRange } from './sync-range.ts';

/** So many UEIs go into one request. */
const ueisPerRequest = 100;

/**
 * Entity Management v3, upserted by UEI. A full sync takes extracts, by the day of registration, which does not change
 * while they are made; paging would take a request for every ten entities. An incremental one pages through what was
 * updated since the last, and takes an extract too where that is more than `reach`, since the API serves no page behind
 * them. An extract with more records than one may have is halved until its parts fit.
 */
export function entitySource(
  samGov: SamGov,
  database: Database,
  reach: number = entityReach,
): SyncSource<EntityRow> {
  return {
    kind: 'sam-gov-entities',
    noun: 'entities',
    pageSize: entityPageSize,
    plan: planEntities,
    fetch: (window, page, signal) => samGov.searchEntities({ ...window, page }, signal),
    narrow(window, totalRecords, today) {
      if (totalRecords <= reach) return undefined;
      return window.ueis === undefined ? [{ ...window, extract: newExtract }] : partOf(window, today);
    },
    part: partOf,
    read: readEntity,
    keyOf: ({ uei }) => uei,
    prefer: (earlier, later) => (isOutdated(later, earlier) ? earlier : later),
    save: (rows, rejects, checkpoint, lease) => database.entities.savePage(rows, rejects, checkpoint, lease),
  };
}

/** Not asked for yet. */
const newExtract = { polls: 0, replaced: 0 };

function planEntities(request: SyncRequest, syncedThrough: string | undefined, today: string) {
  const { ueis, dateRange, fullSync } = request;
  if (ueis !== undefined) {
    const range = dateRange === undefined ? { from: today, to: today } : planRange(request, undefined, today);
    const updated = dateRange === undefined ? {} : { updated: { start: range.from, end: range.to } };
    const windows = chunksOf([...new Set(ueis)]).map((chunk) => ({ ueis: chunk, ...updated }));
    return { range, windows };
  }
  if (fullSync && dateRange === undefined) {
    return {
      range: { from: firstDay, to: today },
      windows: [{ registered: { start: firstDay, end: today }, extract: newExtract }],
    };
  }
  const range = planRange(request, syncedThrough, today);
  const window = { updated: { start: range.from, end: range.to } };
  return { range, windows: [fullSync ? { ...window, extract: newExtract } : window] };
}

function chunksOf(ueis: readonly string[]): string[][] {
  const chunks: string[][] = [];
  for (let at = 0; at < ueis.length; at += ueisPerRequest) chunks.push(ueis.slice(at, at + ueisPerRequest));
  return chunks;
}

function partOf(window: SyncWindow, today: string): readonly SyncWindow[] {
  const halves = halve(window, today);
  if (halves !== undefined) return halves;
  throw new MillraceError(
    'SYNC_REJECTED',
    `SAM.gov has more entities of ${window.registered?.start ?? 'one day'} updated on ${window.updated?.start ?? 'one day'} than it serves in one answer. Ask for them by their UEIs.`,
  );
}

/** By UEIs, by days of updating, by days of registration, whichever can be parted; a single day by the other kind. */
function halve(window: SyncWindow, today: string): readonly SyncWindow[] | undefined {
  const { ueis, updated, registered } = window;
  if (ueis !== undefined && ueis.length > 1) {
    const middle = Math.ceil(ueis.length / 2);
    return [
      { ...window, ueis: ueis.slice(0, middle) },
      { ...window, ueis: ueis.slice(middle) },
    ];
  }
  const everyDay = { start: firstDay, end: today };
  const updatedHalves = halvesOf(updated ?? (isSingleDay(registered) ? everyDay : undefined));
  if (updatedHalves !== undefined) return updatedHalves.map((half) => ({ ...window, updated: half }));
  const registeredHalves = halvesOf(registered ?? everyDay);
  return registeredHalves?.map((half) => ({ ...window, registered: half }));
}

function isSingleDay(range: DateRange | undefined): boolean {
  return range !== undefined && range.start === range.end;
}

function halvesOf(range: DateRange | undefined): readonly DateRange[] | undefined {
  if (range === undefined || range.start >= range.end) return undefined;
  const middle = addDays(range.start, Math.floor(daysBetween(range.start, range.end) / 2));
  return [
    { start: range.start, end: middle },
    { start: addDays(middle, 1), end: range.end },
  ];
}

/** Of several registrations of one UEI the one updated last counts, on the same day the first by EFT indicator. */
function isOutdated(row: EntityRow, other: EntityRow): boolean {
  const [day, otherDay] = [row.updatedOn ?? '', other.updatedOn ?? ''];
  return day < otherDay || (day === otherDay && row.eftIndicator > other.eftIndicator);
}
