import type { JobJson, MinimalJob, ParentKeyOpts, QueueBaseOptions, WorkerOptions } from 'bullmq';

/** A job to add as BullMQ hands it to its backend. */
export interface Entry {
  readonly job: JobJson;
  readonly jobId: string;
  readonly parentKeyOpts?: ParentKeyOpts;
}

/** BullMQ's answer to a take: the job's fields, its id, ms until the rate limit ends, when the next delayed job is due. */
export type Taken = unknown[];

/** A worker's call: a job to complete, another to take, or both. */
export interface Turn {
  readonly job: MinimalJob | undefined;
  /** The job's result as JSON. */
  readonly result: string;
  readonly token: string;
  readonly wantsNext: boolean;
}

/** What became of a worker's call. */
export interface TurnAnswer {
  /** Whether the job is completed; when not, all of the call goes BullMQ's own way. */
  readonly finished: boolean;
  /** When, in ms. */
  readonly finishedOn: number;
  /** The job taken, or that there is none; else what is to be done to take one. */
  readonly next: Taken | 'stock' | 'again';
}

/** The answer to a take when there is no job, with the time at which the next delayed one is due (ms; 0 for none). */
export function nothingTaken(nextDelayed = 0): Taken {
  return [null, '', 0, nextDelayed];
}

/** Options that only go along with a job, whatever their value. */
const harmless = new Set([
  'attempts',
  'backoff',
  'jobId',
  'removeOnComplete',
  'removeOnFail',
  'sizeLimit',
  'stackTraceLimit',
  'timestamp',
]);
/** Options that change where a job goes, unless they are off. */
const routing = new Set(['delay', 'lifo', 'priority']);

/**
 * Whether a job only goes to the end of its queue. Everything else, options of a later BullMQ included, is left to
 * BullMQ's own ways.
 */
export function isPlainAdd({ job, parentKeyOpts }: Entry): boolean {
  if (job.parentKey !== undefined || job.parent !== undefined || job.repeatJobKey !== undefined) return false;
  if (job.deduplicationId !== undefined || job.delay || job.priority) return false;
  if (parentKeyOpts?.parentKey || parentKeyOpts?.addToWaitingChildren) return false;
  for (const [name, value] of Object.entries(job.opts)) {
    if (value === undefined || harmless.has(name) || (routing.has(name) && !value)) continue;
    return false;
  }
  return true;
}

/** What a worker's completions have in common, when they can be gathered. */
export interface FinishSettings {
  readonly lockMs: number;
  readonly worker: string;
  /** Age in seconds and count of the completed jobs that are kept; no bound when absent. */
  readonly keepAge: number | undefined;
  readonly keepCount: number | undefined;
}

/**
 * `undefined` for a queue, which completes nothing, and for a worker whose completions are not plain: with a limit, with
 * BullMQ's own metrics, or with a retention of a kind that the platform does not use.
 */
export function finishSettings(opts: QueueBaseOptions): FinishSettings | undefined {
  if (!isWorker(opts) || opts.lockDuration === undefined) return undefined;
  if (opts.limiter !== undefined || opts.metrics !== undefined) return undefined;
  const { age, count, ...others } = { age: undefined, count: undefined, ...opts.removeOnComplete };
  if (count === 0 || Object.keys(others).length > 0) return undefined;
  return {
    lockMs: opts.lockDuration,
    worker: opts.name ?? '',
    keepAge: age,
    keepCount: count === undefined || count < 0 ? undefined : count,
  };
}

function isWorker(opts: QueueBaseOptions): opts is QueueBaseOptions & Partial<WorkerOptions> {
  return 'lockDuration' in opts;
}

/** Whether a job's completion changes nothing but the job: no parent that waits, no retention of its own. */
export function isPlainFinish(
  job: MinimalJob,
  removeOnComplete: unknown,
  token: string | undefined,
): boolean {
  return (
    removeOnComplete === undefined &&
    job.parentKey === undefined &&
    job.parent === undefined &&
    job.opts.deduplication === undefined &&
    token !== undefined &&
    token !== '0'
  );
}
