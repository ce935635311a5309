export type ConversionStatus = 'queued' | 'processing' | 'complete' | 'failed';

/** A PDF that is to become XML, and what became of it. */
export interface Conversion {
  readonly id: string;
  /** Where the PDF is in the storage. */
  readonly uploadPath: string;
  readonly mapping: string;
  /** As whoever uploaded it called it; unknown of rows that were inserted elsewhere. */
  readonly fileName: string | undefined;
  readonly uploadBytes: number | undefined;
  readonly status: ConversionStatus;
  readonly attempts: number;
  /** The key, and the id, of the job that the row has become last. */
  readonly jobKey: string | undefined;
  readonly leasedBy: string | undefined;
  readonly leaseExpiresAt: Date | undefined;
  readonly resultPath: string | undefined;
  readonly resultBytes: number | undefined;
  readonly lineItems: number | undefined;
  /** What converted it. */
  readonly converter: string | undefined;
  readonly errorCode: string | undefined;
  readonly errorMessage: string | undefined;
  /** Who uploaded it; absent when another service inserted the row. */
  readonly addedBy: string | undefined;
  readonly createdAt: Date;
  /** When its latest run began; of one that waits for its first, when it was claimed. */
  readonly startedAt: Date | undefined;
  readonly completedAt: Date | undefined;
  readonly failedAt: Date | undefined;
}

export interface NewConversion {
  readonly id: string;
  readonly uploadPath: string;
  readonly mapping: string;
  readonly fileName: string | undefined;
  readonly uploadBytes: number;
  /** Who uploads it. */
  readonly addedBy: string;
}

/** A claim: the row under a lease, and the key of the job that it is to become. */
export type ClaimedConversion = Conversion & { readonly jobKey: string };

/** One run of a job on its row. The token is the run's own: a later run takes the row from it. */
export interface ConversionRun {
  readonly id: string;
  readonly token: string;
}

export interface ConversionResult {
  readonly resultPath: string;
  readonly bytes: number;
  readonly lineItems: number | undefined;
  readonly converter: string;
}

export interface ConversionFailure {
  readonly code: string;
  readonly message: string;
}

/** What a listener hears: a row has come or waits again, or the one of this job has ended. */
export type ConversionNews =
  | { readonly kind: 'waiting' }
  | { readonly kind: 'ended'; readonly jobKey: string };

/**
 * The rows that are converted, whoever inserted them. `queued` until claimed, `processing` under a lease, then `complete`
 * or `failed`. A lease that runs out makes the row claimable again; leases are in seconds.
 */
export interface Conversions {
  /** Marks a file that is about to be uploaded: if no row comes within so many seconds, a cleanup removes it. */
  reserveUpload(key: string, seconds: number): Promise<void>;
  /** The reserved file was not kept. */
  forgetUpload(key: string): Promise<void>;
  /** Queues a conversion of a file that is whole. */
  create(conversion: NewConversion): Promise<Conversion>;
  find(id: string): Promise<Conversion | undefined>;
  /**
   * Claims up to `limit` rows that wait or whose lease has run out, oldest first; no row is claimed by two. Rows whose
   * runs were lost with their worker `mostLost` times are failed instead.
   */
  claim(claim: {
    readonly worker: string;
    readonly seconds: number;
    readonly limit: number;
    readonly mostLost: number;
  }): Promise<readonly ClaimedConversion[]>;
  /** Renews the leases of claims; gives those that still stand. */
  renew(jobKeys: readonly string[], seconds: number): Promise<readonly string[]>;
  /** Gives back claims that became no job. */
  release(jobKeys: readonly string[]): Promise<void>;
  /**
   * Takes the row for one run of its job, from any earlier run of the same job. A job that somebody added by hand also
   * takes rows that have failed or were abandoned. `undefined` when the row is missing, complete, or another's.
   */
  begin(
    run: ConversionRun & {
      readonly jobKey: string;
      /** Counted from 1. */
      readonly attempt: number;
      readonly worker: string;
      readonly seconds: number;
      readonly byHand: boolean;
    },
  ): Promise<Conversion | undefined>;
  /** `false` when the row is no longer this run's. */
  renewRun(run: ConversionRun, seconds: number): Promise<boolean>;
  /** Writes the outcome; `false`, and nothing written, when the row is no longer this run's. */
  finish(run: ConversionRun, result: ConversionResult): Promise<boolean>;
  /** As `finish`, for a failure for good. */
  fail(run: ConversionRun, failure: ConversionFailure): Promise<boolean>;
  /** The run ended and its job will run again; `counts` says whether it was an attempt. */
  leave(run: ConversionRun, counts: boolean): Promise<void>;
  /** Fails the row of a job that has ended outside any run. `false` when it is another job's, or has ended. */
  abandon(id: string, jobKey: string, failure: ConversionFailure): Promise<boolean>;
  /**
   * Tells at once of rows that come and go, until closed; loses its connection and finds it again by itself. Absent
   * where the database tells nothing: there, look now and then.
   */
  listen?(onNews: (news: ConversionNews) => void): { close(): Promise<void> };
}
