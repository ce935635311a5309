import type { JobName, ParsedPayload, Payload, QueueName } from '../../queues/index.ts';

/** What processors log through: pino's shape, with queue, job, attempt and correlation id already bound. */
export interface JobLog {
  debug(fields: object, message: string): void;
  info(fields: object, message: string): void;
  warn(fields: object, message: string): void;
  error(fields: object, message: string): void;
}

/** The job as a processor sees it. */
export interface JobInfo {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  /** Counted from 1. */
  readonly attempt: number;
  readonly maxAttempts: number;
  /**
   * Names this piece of work for good: the same over attempts, restarts and replays, and unlike `id` never used
   * again. Ledgers and file names are made from it.
   */
  readonly key: string;
  readonly correlationId: string;
  /** Who added it, or the job that it follows from; absent when the platform did by itself. */
  readonly addedBy?: string;
  /** When the job was added: what a job without a date of its own goes by, so that a later attempt means the same day. */
  readonly addedAt?: Date;
}

export interface AddedJob {
  readonly id: string;
}

/** How a follow-up job is added. The same idempotency key again is the same job, for as long as its queue keeps it. */
export interface FollowUpOptions {
  readonly idempotencyKey?: string;
  readonly delayMs?: number;
  /** Names the work, for ledgers that know it for longer than the queue does; made from the id when absent. */
  readonly key?: string;
}

/** One of many follow-up jobs of a queue. */
export type FollowUp<Q extends QueueName> = {
  readonly [N in JobName<Q>]: {
    readonly name: N;
    readonly payload: Payload<Q, N>;
    readonly options?: FollowUpOptions;
  };
}[JobName<Q>];

type Part<E, K extends string> = E extends { readonly [P in K]: infer V } ? V : never;

/** What a job's processor is given. `services` holds those that it asked for, and no others. */
export interface JobContext<Q extends QueueName, N extends JobName<Q>, S> {
  readonly job: JobInfo;
  readonly type: Part<ParsedPayload<Q, N>, 'type'>;
  readonly data: Part<ParsedPayload<Q, N>, 'data'>;
  readonly payload: ParsedPayload<Q, N>;
  readonly log: JobLog;
  /** Aborted on timeout, shutdown and loss of the job; pass it on to all that waits. */
  readonly signal: AbortSignal;
  /** Shown on the board and in the API. Frequent calls are cheap: only the latest is written. */
  progress(percent: number, message?: string): void;
  /** Adds a further job under this one's correlation id. */
  addJob<Q2 extends QueueName, N2 extends JobName<Q2>>(
    queue: Q2,
    name: N2,
    payload: Payload<Q2, N2>,
    options?: FollowUpOptions,
  ): Promise<AddedJob>;
  /**
   * Adds many jobs of one queue, all or none; some hundreds at a time. `created` is false for those whose idempotency
   * key was there before.
   */
  addJobs<Q2 extends QueueName>(
    queue: Q2,
    jobs: readonly FollowUp<Q2>[],
  ): Promise<readonly (AddedJob & { readonly created: boolean })[]>;
  readonly services: S;
}
