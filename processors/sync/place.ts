import type {
  SyncCheckpoint,
  SyncCounts,
  SyncExtract,
  SyncTotals,
  SyncWindow,
} from '../../src/integrations/database/port.ts';
import type { PageReading } from './read-page.ts';
import type { SyncPlan, SyncRequest } from './source.ts';
import { type DateWindow, daysBetween, syncedThroughAfter } from './sync-range.ts';

/**
 * Where a sync stands, as pure steps: begin, page after page, through. The checkpoint in the database is this place
 * written down; what it does not hold (`lastTotal`, `wentBackAt`) may be forgotten by a kill without harm to the rows.
 */
export interface Place {
  /** What is still to be read, the window under way first; empty when the sync is through. */
  readonly windows: readonly SyncWindow[];
  /** The page to ask for next. */
  readonly page: number;
  readonly totals: SyncTotals;
  readonly syncedThrough: string | undefined;
  /** How many records the window had at the page before. */
  readonly lastTotal: number | undefined;
  /** The last page after which it went back; it goes back once for each page at most. */
  readonly wentBackAt: number;
}

const newWindow = { page: 0, lastTotal: undefined, wentBackAt: -1 };

/** The first page of a new job. */
export function begin({ range, windows }: SyncPlan, syncedThrough: string | undefined): Place {
  return { ...newWindow, windows, totals: noTotals(range), syncedThrough };
}

/** Where this very job stopped, with its range and totals. */
export function resume({ windows, nextPage, totals, syncedThrough }: SyncCheckpoint): Place {
  return { ...newWindow, windows, page: nextPage, totals, syncedThrough };
}

/** The place after a page has been read: the next page, the next window, or the end. */
export function afterPage(
  place: Place,
  total: number,
  pageSize: number,
  reading: PageReading<unknown>,
  end: { readonly request: SyncRequest; readonly today: string },
): Place {
  const { page, lastTotal } = place;
  const totals = addRequest(addReading(place.totals, reading));
  const shrunkBy = lastTotal === undefined ? 0 : lastTotal - total;
  if (shrunkBy > 0 && page > place.wentBackAt && page > 0) {
    // Records that left made the later ones slide forward, some onto pages already read: these are read again.
    const back = Math.max(0, page - Math.ceil(shrunkBy / pageSize));
    return { ...place, totals, page: back, lastTotal: total, wentBackAt: page };
  }
  if (page + 1 < Math.ceil(total / pageSize)) return { ...place, totals, page: page + 1, lastTotal: total };
  return afterWindow({ ...place, totals }, end);
}

/** The place after all of a window has been written: the next window, or the end. */
export function afterWindow(
  place: Place,
  { request, today }: { readonly request: SyncRequest; readonly today: string },
): Place {
  const windows = place.windows.slice(1);
  // A list of UEIs says nothing about all the others.
  const settles = windows.length === 0 && request.ueis === undefined;
  return {
    ...place,
    ...newWindow,
    windows,
    syncedThrough: settles
      ? syncedThroughAfter(place.syncedThrough, place.totals, request.dateRange !== undefined, today)
      : place.syncedThrough,
  };
}

/** The place after a window turned out to hold more than can be reached; the request it took is counted. */
export function afterNarrowing(place: Place, narrower: readonly SyncWindow[]): Place {
  return {
    ...place,
    ...newWindow,
    windows: [...narrower, ...place.windows.slice(1)],
    totals: addRequest(place.totals),
  };
}

/** The place after a request that told how an extract stands; of another extract, at its beginning. */
export function afterAsking(place: Place, window: SyncWindow, extract: SyncExtract): Place {
  const same = extract.token === window.extract?.token;
  return { ...atExtract(place, window, extract, same ? place.page : 0), totals: addRequest(place.totals) };
}

/** The place at a chunk of an extract, its records chunk by chunk taking the place of pages. */
export function atExtract(place: Place, window: SyncWindow, extract: SyncExtract, chunk: number): Place {
  return {
    ...place,
    ...newWindow,
    page: chunk,
    windows: [{ ...window, extract }, ...place.windows.slice(1)],
  };
}

/** The place after a chunk of an extract was read; `expected` is how many records the file seems to have. */
export function afterChunk(place: Place, reading: PageReading<unknown>, expected: number): Place {
  return { ...place, totals: addReading(place.totals, reading), page: place.page + 1, lastTotal: expected };
}

/** What the database counted for the page that was just written. */
export function withCounts(place: Place, counts: SyncCounts): Place {
  const { totals } = place;
  return {
    ...place,
    totals: {
      ...totals,
      inserted: totals.inserted + counts.inserted,
      updated: totals.updated + counts.updated,
      unchanged: totals.unchanged + counts.unchanged,
    },
  };
}

export function checkpointOf(place: Place, kind: string, jobKey: string): SyncCheckpoint {
  const { windows, page, totals, syncedThrough } = place;
  return { kind, jobKey, windows, nextPage: page, totals, syncedThrough };
}

/** Whole percents, by days or UEIs, and by pages within a window as far as their number is known; 100 only at the end. */
export function percentOf(place: Place, pageSize: number, request: SyncRequest): number {
  const { windows, page, lastTotal, totals } = place;
  const [current] = windows;
  if (current === undefined) return 100;
  const all = request.ueis?.length ?? daysBetween(totals.from, totals.to) + 1;
  const left = windows.reduce((sum, window) => sum + weightOf(window), 0);
  const pages = Math.max(1, Math.ceil((lastTotal ?? 0) / pageSize));
  const share = lastTotal === undefined ? 0 : Math.min(1, page / pages);
  const done = all - left + weightOf(current) * share;
  // The share is rarely exact in binary: without the margin a fifth would be 19 percent.
  return Math.max(0, Math.min(99, Math.floor((100 * done) / all + 1e-6)));
}

function weightOf({ ueis, posted, updated, registered }: SyncWindow): number {
  if (ueis !== undefined) return ueis.length;
  const days = posted ?? updated ?? registered;
  return days === undefined ? 0 : daysBetween(days.start, days.end) + 1;
}

function noTotals(range: DateWindow): SyncTotals {
  return {
    ...range,
    fetched: 0,
    inserted: 0,
    updated: 0,
    unchanged: 0,
    skipped: 0,
    skippedReasons: {},
    requestsUsed: 0,
    pages: 0,
  };
}

function addRequest(totals: SyncTotals): SyncTotals {
  return { ...totals, requestsUsed: totals.requestsUsed + 1 };
}

function addReading(totals: SyncTotals, reading: PageReading<unknown>): SyncTotals {
  const skippedReasons = { ...totals.skippedReasons };
  for (const [reason, count] of Object.entries(reading.skippedReasons)) {
    skippedReasons[reason] = (skippedReasons[reason] ?? 0) + count;
  }
  const skipped = Object.values(reading.skippedReasons).reduce((sum, count) => sum + count, 0);
  return {
    ...totals,
    fetched: totals.fetched + reading.fetched,
    skipped: totals.skipped + skipped,
    skippedReasons,
    pages: totals.pages + (reading.fetched > 0 ? 1 : 0),
  };
}
