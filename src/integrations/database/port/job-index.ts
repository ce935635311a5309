import type { JobIdentity } from './job-cancellations.ts';

/**
 * Where a job stands. `unknown` is one that is no longer in its queue and whose end nobody saw: it was removed there, or
 * forgotten before the index was mended.
 */
export type IndexedState =
  | 'waiting'
  | 'active'
  | 'delayed'
  | 'completed'
  | 'failed'
  | 'cancelled'
  | 'unknown';

/** An attempt that did not complete its job. */
export interface JobTry {
  /** When it began, or was given up. */
  readonly at: Date;
  /** Counted from 1. */
  readonly attempt: number;
  readonly seconds: number;
  readonly outcome: 'retried' | 'waiting' | 'failed' | 'cancelled';
  readonly code: string;
  readonly message: string;
}

/** What a job's row says of it beside its payload. */
export interface JobFacts {
  readonly correlationId?: string | undefined;
  readonly tenant?: string | undefined;
  /** Who added it; absent when the platform did. */
  readonly owner?: string | undefined;
  /** `<queue>/<id>` of the job that added it. */
  readonly parent?: string | undefined;
  /** `<queue>/<id>` of the job that it is a second run of. */
  readonly rerunOf?: string | undefined;
  readonly traceId?: string | undefined;
  readonly maxAttempts?: number | undefined;
  /** When a delayed job may be taken. */
  readonly dueAt?: Date | undefined;
  /** Of the latest attempt. */
  readonly startedAt?: Date | undefined;
  readonly finishedAt?: Date | undefined;
  /** From when it was due to when it was first taken. */
  readonly waitMs?: number | undefined;
  /** How long the latest attempt ran. */
  readonly durationMs?: number | undefined;
  readonly error?: { readonly code: string; readonly message: string } | undefined;
}

/** What somebody knows of a job at a time. What is absent is not known, and does not replace what is. */
export interface JobSight extends JobIdentity, JobFacts {
  readonly name: string;
  readonly state: IndexedState;
  /** When it was seen in that state. */
  readonly stateAt: Date;
  readonly attempts?: number | undefined;
  readonly tries?: readonly JobTry[] | undefined;
  /** JSON of what is kept of the payload, and the words by which it is found: small letters, with a space between them. */
  readonly payload?: string | undefined;
  readonly content?: string | undefined;
}

/** A job in a list. */
export interface IndexedJob extends JobIdentity, JobFacts {
  /** Tells apart what was added in the same millisecond. */
  readonly seq: string;
  readonly name: string;
  readonly state: IndexedState;
  readonly attempts: number;
}

/** A job with all that is kept of it. */
export interface JobHistory extends IndexedJob {
  readonly tries: readonly JobTry[];
  /** Shortened, without what is sensitive in it; `undefined` while nobody has seen it. */
  readonly payload: unknown;
}

export interface JobFilter {
  readonly queue?: string | undefined;
  readonly name?: string | undefined;
  readonly state?: IndexedState | undefined;
  readonly id?: string | undefined;
  readonly correlationId?: string | undefined;
  readonly tenant?: string | undefined;
  readonly owner?: string | undefined;
  readonly parent?: string | undefined;
  readonly rerunOf?: string | undefined;
  readonly errorCode?: string | undefined;
  readonly from?: Date | undefined;
  /** Before this time. */
  readonly until?: Date | undefined;
  /** Words of payload and failure, as `to_tsquery` reads them: `invoice & 4711 & acm:*`. */
  readonly words?: string | undefined;
  /** Goes on after this job, towards the older. */
  readonly before?: { readonly addedAt: Date; readonly seq: string } | undefined;
}

/** How a queue shows a job, to be compared with what the index says. */
export interface ShownJob extends JobIdentity {
  readonly state: IndexedState;
  readonly attempts: number;
}

/** A queue with jobs of which a process has noted nothing, for `forMs` by now. */
export interface LeftJobs {
  readonly queue: string;
  readonly jobs: number;
  /** Whether some wait among delayed or prioritized jobs. */
  readonly sorted: boolean;
  readonly forMs: number;
}

/** A queue whose jobs are to be read, since they were left to it. */
export interface ClaimedJobs {
  readonly queue: string;
  readonly sorted: boolean;
  /** What happened earlier than so long ago need not be read. */
  readonly sinceMs: number;
  /** Until when they were left; to be given back when all is read. */
  readonly latest: string;
  /** Whether a process has no time. */
  readonly busy: boolean;
}

/** One row for each job that was ever added, kept longer than its queue does. */
export interface JobIndex {
  /**
   * Adds what is known, in whatever order it comes: a later sight of a state replaces an earlier one. Again is harmless.
   * Answers with those that the database refuses for what is in them: they are in nobody's way, and nothing comes of trying again.
   */
  record(sights: readonly JobSight[]): Promise<readonly JobSight[]>;
  /** Puts down what is known, at a tenth of the price of `record`: nobody finds it until it is filed. Answers as `record`. */
  stash(sights: readonly JobSight[]): Promise<readonly JobSight[]>;
  /** For how long the oldest batch lies that is not yet filed, and the latest; `undefined` when there is none. */
  stashAges(): Promise<{ readonly oldestMs: number; readonly latestMs: number } | undefined>;
  /** Files one batch of what was put down, as `record` would: how many sights, and how long it lay. None are left at 0. */
  unstash(): Promise<{ readonly sights: number; readonly waitedMs: number }>;
  /** Says of which queues jobs are to be read later, since nothing was noted of them. */
  leave(queues: readonly LeftJobs[]): Promise<void>;
  /**
   * Takes for `holdMs` a queue to which jobs were left, if there is time to read them or `deferredMs` have passed; somebody
   * has no time who has left jobs within `lateMs`.
   */
  claimLeft(terms: {
    readonly busy: boolean;
    readonly lateMs: number;
    readonly deferredMs: number;
    readonly holdMs: number;
  }): Promise<ClaimedJobs | undefined>;
  /** Holds it for so long again; answers whether somebody has no time. */
  holdLeft(queue: string, holdMs: number, lateMs: number): Promise<boolean>;
  /** Gives it back. `latest`: all is read that was left until then. */
  releaseLeft(queue: string, latest: string | undefined): Promise<void>;
  /** When the oldest was put down, or left to its queue, that is not yet written. */
  unwrittenSince(): Promise<Date | undefined>;
  /** The newest first, at most `limit`. */
  search(filter: JobFilter, limit: number): Promise<readonly IndexedJob[]>;
  /** The latest job of an id. */
  find(queue: string, jobId: string): Promise<JobHistory | undefined>;
  /** Of jobs as their queue shows them, the positions of those that the index does not know or knows otherwise. */
  gaps(jobs: readonly ShownJob[]): Promise<readonly number[]>;
  /** Jobs that were last seen in one of these states before a time; the oldest first, on from `after`. */
  unsettled(
    states: readonly IndexedState[],
    before: Date,
    after: { readonly addedAt: Date; readonly seq: string } | undefined,
    limit: number,
  ): Promise<
    readonly (JobIdentity & { readonly seq: string; readonly name: string; readonly state: string })[]
  >;
  /** Removes jobs that were added before so many days and have ended, at most `limit`; answers how many those were. */
  forget(olderThanDays: number, limit: number): Promise<number>;
}
