export type AnalyticsScope = 'all' | 'opportunities' | 'entities';

/** Aggregates that reports read. Readers are never blocked: they see those of before until the new ones are there. */
export interface Analytics {
  /** Computes them anew; gives the names of those renewed. */
  refresh(scope: AnalyticsScope): Promise<readonly string[]>;
}

/** What is removed once it is old enough. Documents' files follow their rows: see `claimRemoval`. */
export type CleanupClass =
  | 'opportunities'
  | 'documents'
  | 'cerReports'
  | 'conversions'
  | 'deliveries'
  | 'mailEvents'
  | 'scheduleTicks'
  | 'syncRejects'
  | 'syncPositions';

export interface Cleanup {
  /** How much is past its time; of `documents`, `files` are those that no younger document shares. */
  due(what: CleanupClass, before: Date): Promise<{ readonly rows: number; readonly files: number }>;
  /** Removes up to `limit` rows, oldest first, and counts them for the job; 0 when nothing is left. */
  removeBatch(what: CleanupClass, before: Date, limit: number, jobKey: string): Promise<number>;
  /**
   * Names a file whose row is gone and that no other row wants, and claims it for so many seconds: until then a row that
   * wants it again is refused. A claim whose worker died ends by itself, and the file is named again.
   */
  claimRemoval(seconds: number): Promise<string | undefined>;
  /** The file is gone. */
  finishRemoval(storageKey: string, jobKey: string): Promise<void>;
  /** What this job has removed so far, by class; files as `files`. */
  counts(jobKey: string): Promise<Readonly<Record<string, number>>>;
}

export interface ScheduleTicks {
  /** The latest tick that is known for a schedule, whatever became of it; of those until a time when one is given. */
  last(schedule: string, until?: Date): Promise<Date | undefined>;
  /**
   * Marks the time from which a schedule counts of which no tick until then is known; ticks before it were not missed.
   * Of several within ten minutes one stands.
   */
  baseline(schedule: string, at: Date): Promise<void>;
  /** `true` for one scheduler only; another may take over a claim that was not confirmed in time. */
  claim(claim: {
    schedule: string;
    tickAt: Date;
    owner: string;
    seconds: number;
    caughtUp: boolean;
  }): Promise<boolean>;
  confirm(schedule: string, tickAt: Date, jobId: string): Promise<void>;
  /** Ticks that were claimed and never confirmed, since their scheduler died in between; not those of a backfill. */
  unconfirmed(schedule: string): Promise<readonly Date[]>;
}
