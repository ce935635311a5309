/** Where a clinical evaluation report stands. `completed` is final; a failed one can be replayed. */
export type CerStatus = 'queued' | 'processing' | 'completed' | 'failed';

export type CerRenderer = 'chromium' | 'pdfkit';

export interface CerReport {
  readonly id: string;
  /** Who asked for it, as the token says. */
  readonly subject: string;
  readonly correlationId: string;
  /** The job that is in charge of it. */
  readonly jobId: string;
  readonly deviceName: string;
  readonly status: CerStatus;
  /** How often a job has begun it. */
  readonly attempts: number;
  readonly browserFailures: number;
  readonly renderer: CerRenderer | undefined;
  readonly documentId: string | undefined;
  readonly error: { readonly code: string; readonly message: string } | undefined;
  readonly notifyEmail: string | undefined;
  readonly notifyUrl: string | undefined;
  /** How often it has completed or failed. */
  readonly outcomes: number;
  readonly createdAt: Date;
  readonly startedAt: Date | undefined;
  readonly completedAt: Date | undefined;
  readonly failedAt: Date | undefined;
  readonly updatedAt: Date;
}

export interface NewCerReport {
  readonly id: string;
  readonly subject: string;
  readonly correlationId: string;
  readonly jobId: string;
  readonly deviceName: string;
  readonly request: object;
  readonly notifyEmail: string | undefined;
  readonly notifyUrl: string | undefined;
}

/** A report that should be compared with its job. */
export interface CerCheck {
  readonly id: string;
  readonly jobId: string;
  readonly correlationId: string;
  readonly status: CerStatus;
  /** Its end is known, and those who wait for it have not been told yet. */
  readonly noticeDue: boolean;
}

/** Clinical evaluation reports: `queued`, `processing`, then `completed` or `failed`. */
export interface CerReports {
  create(report: NewCerReport): Promise<CerReport>;
  find(id: string): Promise<CerReport | undefined>;
  /** The report that a job is in charge of. */
  findByJob(jobId: string): Promise<CerReport | undefined>;
  /** The request as it was stored, and what a model has drafted for it, as JSON that is still to be checked. */
  content(id: string): Promise<{ readonly request: unknown; readonly drafts: unknown } | undefined>;
  /** Takes a report back that never got its job; one that was begun stays. */
  remove(id: string): Promise<void>;
  /** A job takes the report on; `undefined` when there is none, or when it is completed. */
  begin(id: string, jobId: string): Promise<CerReport | undefined>;
  /** Puts another job in charge of a report that has not ended. */
  setJob(id: string, jobId: string): Promise<void>;
  saveDrafts(id: string, drafts: object): Promise<void>;
  /** Says how often the browser has failed at this report, this time included. */
  countBrowserFailure(id: string): Promise<number>;
  /** `false` when another attempt has completed it before. */
  complete(
    id: string,
    outcome: { readonly documentId: string; readonly renderer: CerRenderer },
  ): Promise<boolean>;
  /** Its job has failed for good. The report's id, unless it had ended before or belongs to another job by now. */
  fail(
    jobId: string,
    error: { readonly code: string; readonly message: string },
  ): Promise<string | undefined>;
  /** Notices of the end that was the `outcomes`th have been added to their queue. */
  noticed(id: string, outcomes: number): Promise<void>;
  /** Open reports that were not compared with their jobs for so many seconds, oldest first; each caller gets others. */
  claimChecks(seconds: number, limit: number): Promise<readonly CerCheck[]>;
  /** How many wait to be begun. */
  queued(): Promise<number>;
}
