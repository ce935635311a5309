import type { JobState } from './job-view.ts';

/** A job that a schedule has made. */
export interface ScheduledJob {
  readonly id: string;
  /** `forgotten`: it has ended, and its queue keeps it no longer. */
  readonly state: JobState | 'forgotten';
  readonly startedAt: Date | undefined;
  readonly finishedAt: Date | undefined;
}

export interface TickView {
  readonly tickAt: Date;
  /** From the tick until its job was made; absent for one that was filled in later. */
  readonly latenessSeconds: number | undefined;
  /** Made up for after nothing had run. */
  readonly caughtUp: boolean;
  readonly backfilledBy: string | undefined;
  /** Absent while it is being made. */
  readonly job: ScheduledJob | undefined;
}

export interface RunView {
  readonly at: Date;
  readonly by: string;
  readonly job: ScheduledJob;
}

/** A schedule as people see it. */
export interface ScheduleView {
  readonly name: string;
  readonly cron: string;
  readonly timeZone: string;
  readonly queue: string;
  readonly job: string;
  /** Whether it makes jobs: it is on in the configuration, and nobody has paused it. */
  readonly enabled: boolean;
  /** Whether it is on in the configuration; if not, it cannot be resumed. */
  readonly configured: boolean;
  /** Who paused or resumed it last. */
  readonly changedBy: string | undefined;
  readonly changedAt: Date | undefined;
  /** How late a tick that was missed is still made up for. */
  readonly catchUpSeconds: number;
  /** The next ticks; none while it is off. */
  readonly next: readonly Date[];
  /** The latest first. */
  readonly ticks: readonly TickView[];
  /** Jobs that somebody had made at once, the latest first. */
  readonly runs: readonly RunView[];
}

export interface BackfillRequest {
  readonly from: Date;
  /** Included; not in the future. */
  readonly to: Date;
  /** Only says what would be done. */
  readonly dryRun: boolean;
  /** Jobs a second. */
  readonly perSecond: number;
  /** Ticks that this part deals with, at most. */
  readonly limit: number;
  /** The `nextCursor` of the part before; `undefined` begins. */
  readonly cursor: string | undefined;
  readonly by: string;
}

export interface BackfilledTick {
  readonly tickAt: Date;
  /**
   * `missing`: it has no job and would get one; `made`: it got one now; `there`: it had one; `forgotten`: it lies before
   * what the ledger still knows, so it may have had one, and is left alone.
   */
  readonly state: 'missing' | 'made' | 'there' | 'forgotten';
  readonly jobId: string | undefined;
}

/** What became of one part of a span. */
export interface Backfill {
  readonly dryRun: boolean;
  readonly missing: number;
  readonly made: number;
  /** Ticks without a job in the parts to come. */
  readonly left: number;
  /** Where the next part begins; `undefined` after the last. */
  readonly nextCursor: string | undefined;
  /** Whether each job gets its tick's own date. */
  readonly dated: boolean;
  readonly ticks: readonly BackfilledTick[];
}

/** What people do with schedules. All throw MillraceError SCHEDULE_NOT_FOUND. */
export interface Schedules {
  list(): Promise<readonly ScheduleView[]>;
  find(name: string): Promise<ScheduleView>;
  /**
   * Makes its job at once, beside its ticks. @param key the same again is the same job.
   * @throws MillraceError JOB_UNAVAILABLE, QUEUE_UNAVAILABLE
   */
  run(name: string, by: string, key?: string): Promise<{ readonly id: string; readonly created: boolean }>;
  /** Pauses or resumes it, in every scheduler. @throws MillraceError SCHEDULE_NOT_CONFIGURED */
  setEnabled(name: string, enabled: boolean, by: string): Promise<ScheduleView>;
  /**
   * Makes a job for each tick of a span that has none, with the tick's own date where its payload has one: a part of
   * the span at a time, each harmless when it comes again.
   * @throws MillraceError INVALID_REQUEST when the span is too long, or in the future, or the cursor of another.
   */
  backfill(name: string, request: BackfillRequest): Promise<Backfill>;
}
