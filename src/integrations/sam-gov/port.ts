/** One page of an answer, as read from the wire: records are not looked into yet. */
export interface SamGovPage {
  readonly totalRecords: number;
  readonly records: readonly unknown[];
}

export interface OpportunityQuery {
  /** Plain dates, `2024-01-31`, at most 364 days apart (the API refuses more). */
  readonly from: string;
  readonly to: string;
  /** Index of the page, from 0. Despite its name in the API, `offset` counts pages. */
  readonly page: number;
  /** 1 to 1,000. */
  readonly pageSize: number;
}

/** Plain dates, both included. */
interface Days {
  readonly start: string;
  readonly end: string;
}

/** What is given narrows the search; nothing given means every registered entity. */
export interface EntityQuery {
  readonly registered?: Days;
  readonly updated?: Days;
  /** At most 100. */
  readonly ueis?: readonly string[];
  /** Index of the page, from 0. A page holds 10; the API refuses what lies behind the first 10,000 records. */
  readonly page: number;
}

/** The API serves no more on a page. */
export const entityPageSize = 10;
/** Records of one search behind this number cannot be reached: the search must be narrowed. */
export const entityReach = 10_000;

/**
 * SAM.gov's public APIs. Both searches throw MillraceError SYNC_UNAUTHORIZED, SYNC_REJECTED (never retried),
 * SYNC_UNAVAILABLE (retried); RateLimitedError SYNC_RATE_LIMITED with the time until the quota returns.
 */
export interface SamGov {
  readonly name: string;
  /** How far apart requests with this key should be, in ms, whichever process makes them. */
  readonly minIntervalMs: number;
  searchOpportunities(query: OpportunityQuery, signal: AbortSignal): Promise<SamGovPage>;
  searchEntities(query: EntityQuery, signal: AbortSignal): Promise<SamGovPage>;
}
