export interface ScheduleSwitch {
  readonly schedule: string;
  readonly enabled: boolean;
  readonly changedBy: string;
  readonly changedAt: Date;
}

export interface ScheduleTick {
  readonly tickAt: Date;
  /** `claimed`: somebody is about to make its job. */
  readonly state: 'claimed' | 'enqueued';
  readonly jobId: string | undefined;
  readonly caughtUp: boolean;
  /** Who had it filled in later. */
  readonly backfilledBy: string | undefined;
  /** When it was taken up. */
  readonly takenAt: Date;
}

export interface ScheduleRun {
  readonly jobId: string;
  readonly by: string;
  readonly at: Date;
}

/** What people do with schedules, and what schedules have done. */
export interface ScheduleRecords {
  /** Those that somebody has paused or resumed; the others are as they are configured. */
  switches(): Promise<readonly ScheduleSwitch[]>;
  /** Ticks that were due while it was paused were not missed. */
  setEnabled(schedule: string, enabled: boolean, by: string): Promise<void>;
  /** The latest first. */
  ticks(schedule: string, limit: number): Promise<readonly ScheduleTick[]>;
  /** Jobs that were made at once, the latest first; kept for 90 days. */
  runs(schedule: string, limit: number): Promise<readonly ScheduleRun[]>;
  noteRun(schedule: string, jobId: string, by: string): Promise<void>;
  /** Which ticks in [from, until] have a job, and since when that is known; `undefined`: since the schedule began. */
  span(
    schedule: string,
    from: Date,
    until: Date,
  ): Promise<{ readonly taken: readonly Date[]; readonly knownFrom: Date | undefined }>;
  /** `true` for whoever may make a past tick's job; confirmed by `ScheduleTicks.confirm`. */
  claimBackfill(claim: {
    readonly schedule: string;
    readonly tickAt: Date;
    readonly owner: string;
    readonly seconds: number;
    readonly by: string;
  }): Promise<boolean>;
}
