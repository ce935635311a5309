/** Names one job for good: ids come round again when a queue was emptied. */
export interface JobIdentity {
  readonly queue: string;
  readonly jobId: string;
  readonly addedAt: Date;
}

export interface CancelledJob {
  /** The job as it was handed to `request`, read back from JSON. */
  readonly job: unknown;
  readonly addedAt: Date;
  readonly by: string;
  readonly at: Date;
}

/**
 * Jobs that are to be cancelled. A request stands until somebody has seen that the job has ended, so that it outlives
 * the worker that was about to heed it.
 */
export interface JobCancellations {
  /** Asks for it; again is harmless. Requests are kept for a week. */
  request(request: JobIdentity & { readonly by: string; readonly job: unknown }): Promise<void>;
  /** What is still to be done, the oldest thousand. */
  pending(): Promise<readonly (JobIdentity & { readonly by: string })[]>;
  /** `true` for the one call that settled it; `cancelled` goes over an `ended` of somebody who only saw that the job was gone. */
  settle(job: JobIdentity, outcome: 'cancelled' | 'ended'): Promise<boolean>;
  /** The last job of this id that was cancelled. */
  find(queue: string, jobId: string): Promise<CancelledJob | undefined>;
}
