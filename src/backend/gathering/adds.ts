import type { IQueueBackend, JobJson, ParentKeyOpts } from 'bullmq';
import { Gatherer, type Pending } from './gatherer.ts';

/** A job to add as BullMQ hands it to its backend. */
export interface Entry {
  readonly job: JobJson;
  readonly jobId: string;
  readonly parentKeyOpts?: ParentKeyOpts;
}

/** A job that only goes to the end of its queue. */
export interface PlainJob {
  /** '' when the store counts one up. */
  readonly id: string;
  readonly name: string;
  /** JSON. */
  readonly data: string;
  /** JSON. */
  readonly opts: string;
  readonly attempts: number;
  /** ms since 1970. */
  readonly timestamp: number;
}

export interface AddsOptions {
  /** Adds all or none; gives their ids in order. */
  send(jobs: readonly PlainJob[]): Promise<readonly string[]>;
  /** Whether the store refused a call as a whole and did none of it, so that each job should go alone. */
  refusedWhole(error: unknown): boolean;
  /** BullMQ's own ways. */
  readonly stock: Pick<IQueueBackend, 'addJob' | 'addJobs'>;
}

const most = 500;
const inFlightMost = 2;

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

/** Adds plain jobs together. Everything else, options of a later BullMQ included, goes BullMQ's own way. */
export class Adds {
  readonly #options: AddsOptions;
  readonly #gatherer: Gatherer<PlainJob, string>;

  constructor(options: AddsOptions) {
    this.#options = options;
    this.#gatherer = new Gatherer({
      send: (batch) => this.#send(batch),
      most,
      inFlightMost,
      defer: queueMicrotask,
    });
  }

  /** Resolves with the job's id. */
  append(job: PlainJob): Promise<string> {
    return this.#gatherer.call(job);
  }

  add(job: JobJson, jobId: string, parentKeyOpts: ParentKeyOpts | undefined): Promise<string> {
    return isPlain(job, parentKeyOpts)
      ? this.append(plainJob(job, jobId))
      : this.#options.stock.addJob(job, jobId, parentKeyOpts);
  }

  /** In one call, however many, since all or none are to be added. */
  async addMany(entries: Entry[]): Promise<string[]> {
    if (entries.length === 0 || !entries.every(({ job, parentKeyOpts }) => isPlain(job, parentKeyOpts)))
      return this.#options.stock.addJobs(entries);
    return [...(await this.#options.send(entries.map(({ job, jobId }) => plainJob(job, jobId))))];
  }

  async #send(batch: readonly Pending<PlainJob, string>[]): Promise<void> {
    try {
      const ids = await this.#options.send(batch.map(({ call }) => call));
      for (const [at, { resolve, reject }] of batch.entries()) {
        const id = ids[at];
        if (id === undefined) reject(new Error('The store answered with fewer jobs than were added.'));
        else resolve(id);
      }
    } catch (error) {
      if (batch.length === 1 || !this.#options.refusedWhole(error)) throw error;
      // One of them is at fault, and the others are not to suffer for it.
      await Promise.all(batch.map((one) => this.#send([one]).catch((own: unknown) => one.reject(own))));
    }
  }
}

function plainJob(job: JobJson, jobId: string): PlainJob {
  return {
    id: jobId || '',
    name: job.name,
    data: job.data,
    opts: JSON.stringify(job.opts),
    attempts: job.opts.attempts ?? 1,
    timestamp: job.timestamp,
  };
}

function isPlain(job: JobJson, parentKeyOpts: ParentKeyOpts | undefined): boolean {
  if (job.parentKey !== undefined || job.parent !== undefined || job.repeatJobKey !== undefined) return false;
  if (job.deduplicationId !== undefined || job.delay || job.priority) return false;
  if (parentKeyOpts?.parentKey || parentKeyOpts?.addToWaitingChildren) return false;
  for (const [name, value] of Object.entries(job.opts)) {
    if (value === undefined || harmless.has(name) || (routing.has(name) && !value)) continue;
    return false;
  }
  return true;
}
