import { isAdded, isJob, isNamed, isQueue, listOf, unreadable } from './answers.ts';
import { DeadLetters } from './dead-letters.ts';
import { JobFailedError } from './errors.ts';
import { newKey } from './keys.ts';
import { Schedules } from './schedules.ts';
import { type Received, type Sent, Transport, type TransportOptions } from './transport.ts';
import type {
  AddedJob,
  CallOptions,
  CompletedJob,
  Job,
  JobName,
  JobOptions,
  JobReference,
  JobState,
  NewJob,
  Payload,
  Queue,
  QueueName,
  ResultOf,
  WaitOptions,
} from './types.ts';
import { watch } from './watch.ts';

/** One job of `addJobs`. */
export interface AddedOfMany extends JobReference {
  readonly name: string;
  /** `false` when its idempotency key had been used before, if only by an earlier try of this call. */
  readonly created: boolean;
}

/** A platform over HTTP. All calls throw RefusedError or UnansweredError, and repeat what may pass by itself. */
export class Client {
  readonly deadLetters: DeadLetters;
  readonly schedules: Schedules;
  readonly #transport: Transport;

  constructor(options: TransportOptions) {
    this.#transport = new Transport(options);
    this.deadLetters = new DeadLetters(this.#transport);
    this.schedules = new Schedules(this.#transport);
  }

  /** Adds one job; resolves when the queue has it. Payloads have the types of `queues/`. */
  async addJob<Q extends QueueName, N extends JobName<Q>>(
    queue: Q,
    name: N,
    payload: Payload<Q, N>,
    options: JobOptions & CallOptions = {},
  ): Promise<AddedJob<Q, N>> {
    const { id, state, created } = await this.addUntyped(queue, name, payload, options);
    return { id, queue, name, state, created };
  }

  /** `addJob` for names and payloads that come from outside; the platform checks them all the same. */
  async addUntyped(
    queue: string,
    name: string,
    payload: unknown,
    options: JobOptions & CallOptions = {},
  ): Promise<JobReference & { readonly name: string; readonly state: JobState; readonly created: boolean }> {
    const { signal, idempotencyKey, ...jobOptions } = options;
    const { status, data } = await this.#transport.call({
      method: 'POST',
      path: addressOf(queue, name),
      body: { payload, ...(Object.keys(jobOptions).length === 0 ? {} : { options: jobOptions }) },
      idempotencyKey: idempotencyKey ?? newKey(),
      signal,
    });
    const { job } = data;
    if (!isAdded(job)) throw unreadable('a job');
    // Under a key of our own, a job that was there before came of an earlier try of this very call.
    return {
      id: job.id,
      queue,
      name,
      state: job.state,
      created: idempotencyKey === undefined || status === 202,
    };
  }

  /** Adds up to 1,000 jobs of one kind, all or none. Without a key of its own each gets one of the request's. */
  async addJobs<Q extends QueueName, N extends JobName<Q>>(
    queue: Q,
    name: N,
    jobs: readonly NewJob<Q, N>[],
    { signal, idempotencyKey }: CallOptions & Pick<JobOptions, 'idempotencyKey'> = {},
  ): Promise<readonly AddedOfMany[]> {
    if (jobs.length === 0) return [];
    const { data } = await this.#transport.call({
      method: 'POST',
      path: `${addressOf(queue, name)}/bulk`,
      body: { jobs },
      idempotencyKey: idempotencyKey ?? newKey(),
      signal,
    });
    if (!listOf(data.jobs, isNamed)) throw unreadable('jobs');
    return data.jobs.map(({ id, created }) => ({ id, queue, name, created: created === true }));
  }

  /** A job as it stands. @throws RefusedError JOB_NOT_FOUND */
  async getJob({ queue, id }: JobReference, { signal }: CallOptions = {}): Promise<Job> {
    return jobOf(await this.#transport.call({ method: 'GET', path: addressOf(queue, id), signal }));
  }

  /**
   * Waits until a job is completed, and gives it with its result.
   * @throws JobFailedError when it has failed or was cancelled; WaitTimeoutError when it takes too long, and goes on.
   */
  async waitFor<J extends JobReference>(
    job: J,
    options: WaitOptions = {},
  ): Promise<CompletedJob<ResultOf<J>>> {
    const ended = await this.watch(job, options);
    if (!isCompleted<ResultOf<J>>(ended)) throw new JobFailedError(ended);
    return ended;
  }

  /** As `waitFor`, but a job that has failed or was cancelled is given too. */
  async watch(job: JobReference, options: WaitOptions = {}): Promise<Job> {
    return watch(this.#transport, job, options);
  }

  /** Takes a job back: at once when it waits, else by the signal that its processor heeds. Again is harmless. */
  async cancel(job: JobReference, options: CallOptions = {}): Promise<Job> {
    return this.#steer(job, 'cancel', { ...options, repeatable: true });
  }

  /** Gives a failed job another attempt. */
  async retry(job: JobReference, options: CallOptions = {}): Promise<Job> {
    return this.#steer(job, 'retry', options);
  }

  /** Lets a delayed job run now. */
  async promote(job: JobReference, options: CallOptions = {}): Promise<Job> {
    return this.#steer(job, 'promote', options);
  }

  /**
   * Adds a new job that does what an earlier one did, and is linked to it. The same idempotency key again is the same job.
   * @param options.payload `{ type, data }`, in the place of its own; what was shown as `[masked]` and is left so keeps its
   * value. Has to be given where the queue has forgotten the job.
   * @throws RefusedError INVALID_PAYLOAD, JOB_NOT_FOUND
   */
  async runAgain(
    { queue, id }: JobReference,
    {
      payload,
      idempotencyKey = newKey(),
      signal,
    }: CallOptions & { readonly payload?: unknown; readonly idempotencyKey?: string } = {},
  ): Promise<JobReference & { readonly name: string; readonly state: JobState }> {
    const path = `${addressOf(queue, id)}/run-again`;
    const body = payload === undefined ? {} : { payload };
    const { data } = await this.#transport.call({ method: 'POST', path, body, idempotencyKey, signal });
    if (!isAdded(data.job)) throw unreadable('a job');
    return data.job;
  }

  /** All queues with their counts, rates and workers. */
  async queues({ signal }: CallOptions = {}): Promise<readonly Queue[]> {
    const { data } = await this.#transport.call({ method: 'GET', path: '/queues', signal });
    if (!listOf(data.queues, isQueue)) throw unreadable('queues');
    return data.queues;
  }

  async queue(name: QueueName, { signal }: CallOptions = {}): Promise<Queue> {
    const path = `/queues/${encodeURIComponent(name)}`;
    return queueOf(await this.#transport.call({ method: 'GET', path, signal }));
  }

  /** Workers take no more of its jobs until it is resumed. Again is harmless, as with `resumeQueue`. */
  async pauseQueue(name: QueueName, { signal }: CallOptions = {}): Promise<Queue> {
    const path = `/queues/${encodeURIComponent(name)}/pause`;
    return queueOf(await this.#transport.call({ method: 'POST', path, signal, repeatable: true }));
  }

  async resumeQueue(name: QueueName, { signal }: CallOptions = {}): Promise<Queue> {
    const path = `/queues/${encodeURIComponent(name)}/resume`;
    return queueOf(await this.#transport.call({ method: 'POST', path, signal, repeatable: true }));
  }

  /**
   * Any other operation of the API, with the same errors and repetitions, and its answer's `data` as it is.
   * @param sent.path below `/api`, such as `/stories`. @param sent.body JSON, or a form as it is.
   */
  async request(sent: Sent): Promise<Received> {
    return this.#transport.call(sent);
  }

  async #steer(
    { queue, id }: JobReference,
    action: 'cancel' | 'retry' | 'promote',
    { signal, repeatable = false }: CallOptions & { readonly repeatable?: boolean },
  ): Promise<Job> {
    const path = `${addressOf(queue, id)}/${action}`;
    return jobOf(await this.#transport.call({ method: 'POST', path, signal, repeatable }));
  }
}

function addressOf(queue: string, nameOrId: string): string {
  return `/jobs/${encodeURIComponent(queue)}/${encodeURIComponent(nameOrId)}`;
}

function jobOf({ data: { job } }: Received): Job {
  if (isJob(job)) return job;
  throw unreadable('a job');
}

function queueOf({ data: { queue } }: Received): Queue {
  if (isQueue(queue)) return queue;
  throw unreadable('a queue');
}

/** The platform has checked the result by the job's own schema. */
function isCompleted<R>(job: Job): job is CompletedJob<R> {
  return job.state === 'completed';
}
