/** One page of Get Opportunities v2, as read from the wire: records are not looked into yet. */
export interface OpportunityPage {
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

export interface SamGov {
  readonly name: string;
  /**
   * @throws MillraceError SYNC_UNAUTHORIZED, SYNC_REJECTED (never retried), SYNC_UNAVAILABLE (retried);
   * RateLimitedError SYNC_RATE_LIMITED with the time until the quota returns.
   */
  searchOpportunities(query: OpportunityQuery, signal: AbortSignal): Promise<OpportunityPage>;
}
