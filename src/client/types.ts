import type { JobName, Payload, QueueName, Result } from '../../queues/index.ts';

export type { JobName, Payload, QueueName, Result } from '../../queues/index.ts';

export type JobState = 'waiting' | 'active' | 'delayed' | 'completed' | 'failed' | 'cancelled' | 'unknown';

export interface Progress {
  /** 0 to 100. */
  readonly percent: number;
  readonly message?: string;
}

/** What names a job. */
export interface JobReference {
  readonly queue: string;
  readonly id: string;
}

/** A job as the API shows it; times are ISO 8601. */
export interface Job extends JobReference {
  readonly name: string;
  readonly state: JobState;
  readonly progress: Progress;
  readonly attempts: { readonly made: number; readonly max: number };
  /** As it was given, `{ type, data }`; of sensitive fields only who may see them reads the values. */
  readonly payload: unknown;
  readonly correlationId?: string;
  readonly addedBy?: string;
  /** For whom it was added. */
  readonly tenant?: string;
  /** The dead letter that it was last replayed from. */
  readonly replayOf?: string;
  readonly result?: unknown;
  /** A code in brackets and a message. */
  readonly failure?: string;
  readonly createdAt: string;
  readonly startedAt?: string;
  readonly finishedAt?: string;
  readonly logs: readonly string[];
}

/** A job that was added: hand it to `waitFor` and its result has its type. */
export interface AddedJob<Q extends QueueName = QueueName, N extends JobName<Q> = JobName<Q>>
  extends JobReference {
  readonly queue: Q;
  readonly name: N;
  readonly state: JobState;
  /** `false` when the idempotency key had been used before: this is the job of then. */
  readonly created: boolean;
}

/** A job that is completed. */
export type CompletedJob<R = unknown> = Omit<Job, 'state' | 'result'> & {
  readonly state: 'completed';
  readonly result: R;
};

/** How a job is to be run; times in ms. */
export interface JobOptions {
  readonly delay?: number;
  /** 1 goes first; jobs without one go before all that have one. */
  readonly priority?: number;
  /** Tries in all. */
  readonly attempts?: number;
  readonly correlationId?: string;
  /** Whose work it is, where one Millrace serves several customers; jobs are found by it. */
  readonly tenant?: string;
  /** At most one job with this id waits and one runs; the latest payload wins. */
  readonly deduplicate?: { readonly id: string };
  /**
   * The same key again is the same job. When absent the client makes one, so that its own repetitions add nothing twice;
   * choose one when yours must not either, after a crash of your process for example.
   */
  readonly idempotencyKey?: string;
}

export interface CallOptions {
  /** Ends the call, the pauses between tries included; it rejects with the signal's reason. */
  readonly signal?: AbortSignal;
}

export interface WaitOptions extends CallOptions {
  /** How long to wait, in ms; for ever when absent. */
  readonly timeoutMs?: number;
  readonly onProgress?: (progress: Progress) => void;
  readonly onState?: (state: JobState) => void;
  /** Each line that the job's processor logs. */
  readonly onLog?: (line: string) => void;
}

export interface Spread {
  readonly p50: number;
  readonly p95: number;
}

/** A queue as the API shows it. */
export interface Queue {
  readonly name: string;
  readonly summary: string;
  readonly paused: boolean;
  readonly counts: Readonly<Record<'waiting' | 'active' | 'delayed' | 'completed' | 'failed', number>>;
  readonly deadLetters: number;
  readonly oldestWaitingSeconds: number;
  readonly perMinute: Readonly<Record<'completed' | 'failed' | 'retried' | 'cancelled', number>>;
  readonly waitSeconds?: Spread;
  readonly durationSeconds?: Spread;
  readonly workers: readonly {
    readonly instance: string;
    readonly host: string;
    readonly pid: number;
    readonly startedAt: string;
    readonly seenAt: string;
    readonly memoryBytes: number;
    readonly active: number;
  }[];
}

/** The payload of one job of a list. */
export interface NewJob<Q extends QueueName, N extends JobName<Q>> {
  readonly payload: Payload<Q, N>;
  readonly options?: JobOptions;
}

/** What a job gives back. */
export type ResultOf<J> = J extends AddedJob<infer Q, infer N> ? Result<Q, N> : unknown;
