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

/** What is given narrows the extract; the days are both included. */
export type ExtractQuery = Pick<EntityQuery, 'registered' | 'updated'>;

/** A record of an extract, with how much of the file has been read, from 0 to 1. */
export interface ExtractedRecord {
  readonly record: unknown;
  readonly share: number;
}

/** An extract that was fetched whole onto this machine. */
export interface ExtractFile {
  /** Of the file as it came, in hex. */
  readonly sha256: string;
  readonly bytes: number;
  /**
   * Its records in their order, read as they are asked for: memory holds a few at a time.
   * @throws BrokenExtractError when it holds something else.
   */
  records(): AsyncIterable<ExtractedRecord>;
  remove(): Promise<void>;
}

/** The file is not what an extract is: cut, damaged, or larger than any may be. Another has to be asked for. */
export class BrokenExtractError extends Error {
  override readonly name = 'BrokenExtractError';
}

/** What became of an extract that was asked for. */
export type ExtractAnswer =
  | { readonly state: 'preparing' }
  /** Its link has ended: another has to be asked for. */
  | { readonly state: 'expired' }
  | { readonly state: 'fetched'; readonly file: ExtractFile };

/** The API serves no more on a page. */
export const entityPageSize = 10;
/** Records of one search behind this number cannot be reached: the search must be narrowed. */
export const entityReach = 10_000;

/**
 * SAM.gov's public APIs. Every call throws MillraceError SYNC_UNAUTHORIZED, SYNC_REJECTED (never retried),
 * SYNC_UNAVAILABLE (retried); RateLimitedError SYNC_RATE_LIMITED with the time until the quota returns.
 */
export interface SamGov {
  readonly name: string;
  /** How far apart requests with this key should be, in ms, whichever process makes them. */
  readonly minIntervalMs: number;
  searchOpportunities(query: OpportunityQuery, signal: AbortSignal): Promise<SamGovPage>;
  searchEntities(query: EntityQuery, signal: AbortSignal): Promise<SamGovPage>;
  /** The shortest time after which to look whether an extract is ready, in ms. */
  readonly extractPollMs: number;
  /** Asks for all entities of a query as one file, which is made in the background. */
  requestExtract(query: ExtractQuery, signal: AbortSignal): Promise<{ readonly token: string } | 'too many'>;
  /** The file of an extract, if this machine has it from before: asks for nothing. */
  keptExtract(token: string): Promise<ExtractFile | undefined>;
  /**
   * Fetches an extract once it is ready. It may take many minutes; the signal breaks it off.
   * @throws BrokenExtractError when what comes is no whole gzip file or too large.
   */
  fetchExtract(token: string, signal: AbortSignal): Promise<ExtractAnswer>;
}
