import type { SyncCheckpoint, SyncTotals } from '../../src/integrations/database/port.ts';
import type { PageReading } from './read-page.ts';
import { type DateWindow, planRange, syncedThroughAfter, windowsOf } from './sync-range.ts';

/**
 * Where a sync stands, as pure steps: begin, page after page, through. The checkpoint in the database is this place
 * written down; what it does not hold (`lastTotal`, `wentBackAt`) may be forgotten by a kill without harm to the rows.
 */
export interface Place {
  readonly windows: readonly DateWindow[];
  /** The window under way; absent when the sync is through. */
  readonly window: DateWindow | undefined;
  /** The page to ask for next. */
  readonly page: number;
  readonly totals: SyncTotals;
  readonly syncedThrough: string | undefined;
  /** How many records the window had at the page before. */
  readonly lastTotal: number | undefined;
  /** The last page after which it went back; it goes back once for each page at most. */
  readonly wentBackAt: number;
}

type Request = Parameters<typeof planRange>[0];
type Counts = Pick<SyncTotals, 'inserted' | 'updated' | 'unchanged'>;

/** Goes on where this very job stopped, with its range and totals; a checkpoint of another job is no place to go on. */
export function begin(
  checkpoint: SyncCheckpoint | undefined,
  jobKey: string,
  request: Request,
  today: string,
): Place {
  const syncedThrough = checkpoint?.syncedThrough;
  const fresh = { syncedThrough, lastTotal: undefined, wentBackAt: -1 };
  if (checkpoint !== undefined && checkpoint.jobKey === jobKey) {
    const windows = windowsOf(checkpoint.totals);
    const window = windows.find(({ from }) => from === checkpoint.windowFrom);
    // A window that is none of the range's can only come from a hand on the table: the job starts over.
    if (window !== undefined || checkpoint.windowFrom === undefined) {
      return { ...fresh, windows, window, page: checkpoint.nextPage, totals: checkpoint.totals };
    }
  }
  const range = planRange(request, syncedThrough, today);
  const windows = windowsOf(range);
  return { ...fresh, windows, window: windows[0], page: 0, totals: noTotals(range) };
}

/** The place after a page has been read: the next page, the next window, or the end. */
export function afterPage(
  place: Place,
  total: number,
  pageSize: number,
  reading: PageReading,
  end: { readonly requested: boolean; readonly today: string },
): Place {
  const { page, lastTotal } = place;
  const totals = addPage(place.totals, reading);
  const shrunkBy = lastTotal === undefined ? 0 : lastTotal - total;
  if (shrunkBy > 0 && page > place.wentBackAt && page > 0) {
    // Notices that left made the later ones slide forward, some onto pages already read: these are read again.
    const back = Math.max(0, page - Math.ceil(shrunkBy / pageSize));
    return { ...place, totals, page: back, lastTotal: total, wentBackAt: page };
  }
  if (page + 1 < Math.ceil(total / pageSize)) return { ...place, totals, page: page + 1, lastTotal: total };
  const window = windowAfter(place);
  const through = window === undefined;
  return {
    ...place,
    totals,
    window,
    page: 0,
    lastTotal: undefined,
    wentBackAt: -1,
    syncedThrough: through
      ? syncedThroughAfter(place.syncedThrough, totals, end.requested, end.today)
      : place.syncedThrough,
  };
}

/** What the database counted for the page that was just written. */
export function withCounts(place: Place, counts: Counts): Place {
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
  return {
    kind,
    jobKey,
    windowFrom: place.window?.from,
    windowTo: place.window?.to,
    nextPage: place.page,
    totals: place.totals,
    syncedThrough: place.syncedThrough,
  };
}

/** Whole percents, by windows and by pages within one as far as their number is known; 100 only at the end. */
export function percentOf(place: Place, pageSize: number): number {
  const { window, windows, page, lastTotal } = place;
  if (window === undefined) return 100;
  const done = windows.findIndex(({ from }) => from === window.from);
  const pages = Math.max(1, Math.ceil((lastTotal ?? 0) / pageSize));
  return Math.min(99, Math.floor((100 * (done + Math.min(1, page / pages))) / windows.length));
}

function windowAfter(place: Place): DateWindow | undefined {
  const { windows, window } = place;
  return windows[windows.findIndex(({ from }) => from === window?.from) + 1];
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

function addPage(totals: SyncTotals, reading: PageReading): SyncTotals {
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
    requestsUsed: totals.requestsUsed + 1,
    pages: totals.pages + (reading.fetched > 0 ? 1 : 0),
  };
}
