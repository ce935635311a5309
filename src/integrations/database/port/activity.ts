/** A process's word that it is there. */
export interface ProcessReport {
  /** Its name among all; a process that starts again under it takes its place. */
  readonly instance: string;
  readonly roles: readonly string[];
  readonly host: string;
  readonly pid: number;
  readonly version: string;
  readonly startedAt: Date;
  readonly memoryBytes: number;
  /** Jobs that run there, by queue. */
  readonly active: Readonly<Record<string, number>>;
}

export interface LiveProcess extends ProcessReport {
  readonly seenAt: Date;
}

/** Ends of attempts, and how long jobs waited and ran: how many in each of the buckets that the engine has chosen. */
export interface ActivityCounts {
  readonly completed: number;
  readonly failed: number;
  readonly retried: number;
  readonly cancelled: number;
  readonly waits: readonly number[];
  readonly durations: readonly number[];
}

export interface ActivityMinute extends ActivityCounts {
  readonly queue: string;
  readonly minute: Date;
}

export interface ActivityStep extends ActivityCounts {
  readonly queue: string;
  readonly at: Date;
}

/** What the queues do and which processes there are; minutes are kept for eight days. */
export interface Activity {
  /** Reports a process, and adds what it has counted since its last report. */
  record(process: ProcessReport, minutes: readonly ActivityMinute[]): Promise<void>;
  /** A process that stops in order is forgotten at once. */
  forget(instance: string): Promise<void>;
  /** Those that have reported within so many seconds. */
  processes(withinSeconds: number): Promise<readonly LiveProcess[]>;
  /** What happened in [from, until), in steps of so many seconds; steps in which nothing happened are left out. */
  steps(from: Date, until: Date, stepSeconds: number): Promise<readonly ActivityStep[]>;
}
