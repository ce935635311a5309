import type { DateRange } from './reports.ts';

/** An opportunity as we keep it. Dates are `2024-01-31`, times ISO 8601 with a zone, money a decimal string. */
export interface OpportunityRow {
  readonly noticeId: string;
  readonly title: string;
  readonly solicitation: string | null;
  readonly agency: string | null;
  readonly office: string | null;
  readonly noticeType: string | null;
  readonly setAside: string | null;
  readonly naics: string | null;
  readonly classification: string | null;
  readonly postedOn: string;
  readonly responseDeadline: string | null;
  readonly archiveOn: string | null;
  readonly active: boolean;
  readonly placeState: string | null;
  readonly placeCountry: string | null;
  readonly awardAmount: string | null;
  readonly awardOn: string | null;
  readonly awardee: string | null;
  readonly url: string | null;
  readonly descriptionUrl: string | null;
  readonly raw: unknown;
  /** SHA-256 of the record's meaning; an unchanged one is not written again. */
  readonly contentHash: string;
}

/** What a job of syncing has done so far. */
export interface SyncTotals {
  /** The job's whole range, plain dates; fixed at its first page, so that one resumed after midnight keeps it. */
  readonly from: string;
  readonly to: string;
  readonly fetched: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly skipped: number;
  readonly skippedReasons: Readonly<Record<string, number>>;
  readonly requestsUsed: number;
  readonly pages: number;
}

/** The records that a sync asks for together: by days, both ends included, or by their UEIs. */
export interface SyncWindow {
  readonly posted?: DateRange;
  readonly registered?: DateRange;
  readonly updated?: DateRange;
  readonly ueis?: readonly string[];
  /** Its records come as one file instead of page by page; this is how far that is. */
  readonly extract?: SyncExtract;
}

/** An extract: to be asked for, asked for, or being read. */
export interface SyncExtract {
  /** What it is fetched by; none before it was asked for. */
  readonly token?: string;
  /** ISO 8601. */
  readonly requestedAt?: string;
  /** How often it was looked for and not ready. */
  readonly polls: number;
  /** How many before it ended or were broken. */
  readonly replaced: number;
  /** Of the file whose chunks are being written: the place within counts for this very file. */
  readonly sha256?: string;
}

/** Where one job of syncing stands. Each job has a place of its own, so that none makes another start over. */
export interface SyncCheckpoint {
  readonly kind: string;
  readonly jobKey: string;
  /** What is still to be read, the window under way first; none when the job is through. */
  readonly windows: readonly SyncWindow[];
  readonly nextPage: number;
  readonly totals: SyncTotals;
  /** Everything of this kind up to this day has been seen, by whichever job; it never goes back. */
  readonly syncedThrough: string | undefined;
}

/** The right to sync a kind. The token is the attempt's own: a job's next attempt takes the lease from its last. */
export interface SyncLease {
  readonly kind: string;
  readonly jobKey: string;
  readonly token: string;
}

export interface SyncReject {
  readonly recordId: string | undefined;
  readonly reason: string;
  readonly raw: unknown;
}

export interface SyncCounts {
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
}

/** Where syncs stand, and what they may spend. */
export interface Syncs {
  /** The place of this very job; `syncedThrough` alone is the kind's. */
  checkpoint(kind: string, jobKey: string): Promise<SyncCheckpoint | undefined>;
  syncedThrough(kind: string): Promise<string | undefined>;
  /** One sync of a kind at a time: `false` while another job has it. Another attempt of the same job loses it. */
  takeLease(lease: SyncLease, seconds: number): Promise<boolean>;
  /** `false` when it was lost: to another attempt, or to another job after it had ended. */
  renewLease(lease: SyncLease, seconds: number): Promise<boolean>;
  releaseLease(lease: SyncLease): Promise<void>;
  /**
   * Takes one request from a key's budget for the day (UTC), over all processes, and a place in its pace: the request
   * may go out after `waitMs`, `intervalMs` after the one before. `undefined` when the budget is used up.
   */
  spendRequest(request: {
    key: string;
    day: string;
    limit: number;
    intervalMs: number;
  }): Promise<{ readonly used: number; readonly waitMs: number } | undefined>;
}

export interface Opportunities {
  /**
   * Writes a page, its rejects and the checkpoint after it in one transaction; the counts are added to the checkpoint's
   * totals. Writes nothing and gives `undefined` when the lease is not held any more.
   */
  savePage(
    rows: readonly OpportunityRow[],
    rejects: readonly SyncReject[],
    checkpoint: SyncCheckpoint,
    lease: SyncLease,
  ): Promise<SyncCounts | undefined>;
  count(): Promise<number>;
}

/** A registration as we keep it; dates are `2024-01-31`. */
export interface EntityRow {
  readonly uei: string;
  /** Tells apart the registrations of one UEI; empty for most. */
  readonly eftIndicator: string;
  readonly legalName: string;
  readonly dbaName: string | null;
  readonly cageCode: string | null;
  /** `Active` or `Expired`. */
  readonly status: string | null;
  readonly purpose: string | null;
  readonly registeredOn: string | null;
  readonly activatedOn: string | null;
  readonly updatedOn: string | null;
  readonly expiresOn: string | null;
  /** Barred from federal work. */
  readonly excluded: boolean;
  readonly url: string | null;
  readonly city: string | null;
  readonly state: string | null;
  readonly zip: string | null;
  readonly country: string | null;
  readonly naics: string | null;
  readonly businessTypes: readonly string[];
  readonly sbaTypes: readonly string[];
  readonly raw: unknown;
  /** SHA-256 of the record's meaning; an unchanged one is not written again. */
  readonly contentHash: string;
}

/**
 * Companies that are registered for federal work, one row a UEI: of several registrations the one updated last, on the
 * same day the first by EFT indicator.
 */
export interface Entities {
  /** As of opportunities. */
  savePage(
    rows: readonly EntityRow[],
    rejects: readonly SyncReject[],
    checkpoint: SyncCheckpoint,
    lease: SyncLease,
  ): Promise<SyncCounts | undefined>;
  find(uei: string): Promise<EntityRow | undefined>;
  count(): Promise<number>;
}
