import type {
  DateRange,
  SyncCheckpoint,
  SyncCounts,
  SyncLease,
  SyncReject,
  SyncWindow,
} from '../../src/integrations/database/port.ts';
import type { SamGovPage } from '../../src/integrations/sam-gov/port.ts';
import type { DateWindow } from './sync-range.ts';

/** What a job asks for, whatever it syncs. */
export interface SyncRequest {
  readonly fullSync: boolean;
  readonly dateRange?: DateRange | undefined;
  readonly ueis?: readonly string[] | undefined;
}

export interface SyncPlan {
  /** The days that the job covers, for its result. */
  readonly range: DateWindow;
  readonly windows: readonly SyncWindow[];
}

export type Reading<Row> = { readonly row: Row } | { readonly reject: SyncReject };

/** What one kind of sync does in its own way; the paging, the places and the leases are the same for all. */
export interface SyncSource<Row> {
  /** The name under which places, lease and rejects stand in the database. */
  readonly kind: string;
  /** What its records are called, in the plural. */
  readonly noun: string;
  readonly pageSize: number;
  plan(request: SyncRequest, syncedThrough: string | undefined, today: string): SyncPlan;
  fetch(window: SyncWindow, page: number, signal: AbortSignal): Promise<SamGovPage>;
  /**
   * Other windows that hold the same records, where this one has more of them than can be reached page by page.
   * @throws MillraceError SYNC_REJECTED when there are none.
   */
  narrow(window: SyncWindow, totalRecords: number, today: string): readonly SyncWindow[] | undefined;
  /**
   * Smaller windows that hold the same records, where this one has more of them than an extract may have.
   * @throws MillraceError SYNC_REJECTED when there are none.
   */
  part(window: SyncWindow, today: string): readonly SyncWindow[];
  /** Never throws. */
  read(record: unknown): Reading<Row>;
  keyOf(row: Row): string;
  /** Which of two records with one key on a page is kept. */
  prefer(earlier: Row, later: Row): Row;
  save(
    rows: readonly Row[],
    rejects: readonly SyncReject[],
    checkpoint: SyncCheckpoint,
    lease: SyncLease,
  ): Promise<SyncCounts | undefined>;
}
