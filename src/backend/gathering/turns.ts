import type { KeepJobs, MinimalJob, QueueBaseOptions, WorkerOptions } from 'bullmq';
import { Gatherer, type Pending } from './gatherer.ts';

/** A worker's call: a job to complete, another to take, or both. */
export interface Turn {
  readonly job: MinimalJob | undefined;
  /** The job's result as JSON. */
  readonly result: string;
  readonly token: string;
  readonly wantsNext: boolean;
}

/** BullMQ's answer to a take: the job's fields, its id, ms until a rate limit ends, when the next delayed job is due. */
export type Taken = unknown[];

/** What the store says to the turns of one call. */
export interface TurnsReply {
  /** For each turn 0 or `notPlain`. */
  readonly codes: readonly number[];
  /** By the index of the turn. */
  readonly taken: ReadonlyMap<number, Taken>;
  /** 0, `notPlain` or `delayedDue` for the turns that got no job. */
  readonly state: number;
  /** When the next delayed job is due, in ms; 0 for none. */
  readonly nextDelayed: number;
}

/** A job cannot simply be completed, or no job simply be taken: BullMQ's own way does it, or says what is wrong. */
export const notPlain = 1;
/** Delayed jobs are due: the next of BullMQ's own takes puts them in their places. */
export const delayedDue = 2;

/** What a worker's turns have in common. */
export interface TurnSettings {
  readonly lockMs: number;
  readonly worker: string;
  /** Age in seconds and number of the completed jobs that are kept; no bound when absent. */
  readonly keepAge: number | undefined;
  readonly keepCount: number | undefined;
}

export interface TurnsOptions {
  /** Completes and takes, at `now` (ms). */
  send(turns: readonly Turn[], now: number): Promise<TurnsReply>;
  /** Whether the store refused a call as a whole and did none of it, so that each turn should go alone. */
  refusedWhole(error: unknown): boolean;
  /** BullMQ's own way to take a job. */
  takeAlone(token: string): Promise<Taken>;
  onError(error: unknown): void;
}

const most = 200;
const inFlightMost = 2;

type Completion = { readonly result: Taken; readonly finishedOn: number };

interface Answer {
  /** Whether the job is completed; when not, all of the turn goes BullMQ's own way. */
  readonly finished: boolean;
  readonly finishedOn: number;
  /** The job taken, or that there is none; else what is to be done to take one. */
  readonly next: Taken | 'stock' | 'again';
}

/** Completes plain jobs and takes others together. What is not plain goes BullMQ's own way. */
export class Turns {
  readonly #options: TurnsOptions;
  readonly #gatherer: Gatherer<Turn, Answer>;

  constructor(options: TurnsOptions) {
    this.#options = options;
    this.#gatherer = new Gatherer({
      send: (batch) => this.#send(batch),
      most,
      inFlightMost,
      // All that one answer of the store has set going comes to its end before.
      defer: setImmediate,
    });
  }

  async take(token: string): Promise<Taken> {
    const { next } = await this.#gatherer.call({ job: undefined, result: '', token, wantsNext: true });
    return typeof next === 'string' ? this.#takeBy(next, token) : next;
  }

  /** `undefined` when BullMQ's own way is to be taken. */
  async complete(
    job: MinimalJob,
    value: unknown,
    token: string,
    wantsNext: boolean,
  ): Promise<Completion | undefined> {
    const result = JSON.stringify(value) ?? 'null';
    const { finished, finishedOn, next } = await this.#gatherer.call({ job, result, token, wantsNext });
    if (!finished) return undefined;
    if (typeof next !== 'string') return { finishedOn, result: next };
    try {
      return { finishedOn, result: await this.#takeBy(next, token) };
    } catch (error) {
      // The job is completed: that no other could be taken must not look as if it were not.
      this.#options.onError(error);
      return { finishedOn, result: nothingTaken(0) };
    }
  }

  #takeBy(how: 'stock' | 'again', token: string): Promise<Taken> {
    return how === 'again' ? this.take(token) : this.#options.takeAlone(token);
  }

  async #send(batch: readonly Pending<Turn, Answer>[]): Promise<void> {
    const now = Date.now();
    let reply: TurnsReply;
    try {
      reply = await this.#options.send(
        batch.map(({ call }) => call),
        now,
      );
    } catch (error) {
      if (!this.#options.refusedWhole(error)) throw error;
      for (const { resolve } of batch) resolve({ finished: false, finishedOn: now, next: 'stock' });
      return;
    }
    const elsewhere = howElse(reply);
    for (const [at, { call, resolve }] of batch.entries()) {
      if (reply.codes[at] === notPlain) resolve({ finished: false, finishedOn: now, next: 'stock' });
      else {
        const next = call.wantsNext ? (reply.taken.get(at) ?? elsewhere()) : [];
        resolve({ finished: true, finishedOn: now, next });
      }
    }
  }
}

/** What those are told who got no job. */
function howElse({ state, nextDelayed }: TurnsReply): () => Answer['next'] {
  let promoting = false;
  return () => {
    if (state === notPlain) return 'stock';
    if (state !== delayedDue) return nothingTaken(nextDelayed);
    if (promoting) return 'again';
    // One of BullMQ's own takes puts the due jobs in their places.
    promoting = true;
    return 'stock';
  };
}

function nothingTaken(nextDelayed: number): Taken {
  return [null, '', 0, nextDelayed];
}

/**
 * `undefined` for a queue, which completes nothing, and for a worker whose completions are not plain: with a limit, with
 * BullMQ's own metrics, or with a retention of a kind that the platform does not use.
 */
export function turnSettings(opts: QueueBaseOptions<unknown>): TurnSettings | undefined {
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

function isWorker<C>(opts: QueueBaseOptions<C>): opts is QueueBaseOptions<C> & Partial<WorkerOptions<C>> {
  return 'lockDuration' in opts;
}

/** Whether a job's completion changes nothing but the job: no parent that waits, no retention of its own. */
export function isPlainFinish(
  job: MinimalJob,
  removeOnComplete: boolean | number | KeepJobs | undefined,
  token: string,
): boolean {
  return (
    removeOnComplete === undefined &&
    job.parentKey === undefined &&
    job.parent === undefined &&
    job.opts.deduplication === undefined &&
    token !== '0'
  );
}
