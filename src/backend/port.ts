import type { Job, Processor, Queue, Worker } from 'bullmq';

/** BullMQ's Queue, without what differs by store: its options and the store's own handle. */
export type JobQueue = Pick<
  Queue,
  | 'name'
  | 'add'
  | 'addBulk'
  | 'getJob'
  | 'getJobs'
  | 'getJobState'
  | 'getJobCounts'
  | 'getJobLogs'
  | 'addJobLog'
  | 'remove'
  | 'pause'
  | 'resume'
  | 'isPaused'
  | 'getWorkers'
  | 'close'
  | 'waitUntilReady'
> & { on(event: 'error', listener: (error: Error) => void): unknown };

/** BullMQ's Worker, likewise. */
export type JobWorker = Pick<Worker, 'name' | 'run' | 'pause' | 'close' | 'isRunning' | 'waitUntilReady'> & {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'failed', listener: (job: Job | undefined, error: Error) => void): unknown;
  on(event: 'lockRenewalFailed', listener: (jobIds: string[]) => void): unknown;
};

/** The settings of a BullMQ worker that the platform makes use of; times in ms. */
export interface WorkerSettings {
  readonly concurrency: number;
  readonly lockDurationMs: number;
  readonly maxStalls: number;
  readonly keepCompleted: { readonly ageMs?: number; readonly count?: number };
  readonly keepFailed: { readonly ageMs?: number; readonly count?: number };
  /** How many jobs of the queue all workers of all processes together may begin in a time. */
  readonly limit?: { readonly max: number; readonly durationMs: number };
  /** Shown on the board as the worker's name. */
  readonly name: string;
}

/** What a look at the surroundings has found, with what to do about it. A fault would lose work, so nothing starts with one. */
export interface Finding {
  readonly level: 'fault' | 'warning';
  readonly about: string;
  readonly message: string;
}

/**
 * Where the queues live. Everything above speaks BullMQ's Queue and Worker and does not know which store is beneath.
 */
export interface Backend {
  readonly kind: 'redis' | 'postgres' | 'embedded';
  /** For people: the store's address without its secrets. */
  readonly address: string;
  queue(name: string): JobQueue;
  worker(name: string, processor: Processor, settings: WorkerSettings): JobWorker;
  /** Latency in ms of the smallest round trip; rejects when the store is away. */
  ping(): Promise<number>;
  /** Looks at the store's version, settings and clock. `beside`: connections that the process may open to it for other things. */
  inspect(beside: number): Promise<Finding[]>;
  /** Closes the connections; queues and workers have been closed before. */
  close(): Promise<void>;
}

export type { Job };
