import { type JobName, type Payload, type QueueName, queueNames } from '../../queues/index.ts';
import type { Backend, Job, JobQueue } from '../backend/port.ts';
import { type Fault, InvalidPayloadError, listFaults, MillraceError } from '../errors/catalogue.ts';
import type { Events } from '../observability/events.ts';
import { prepareAll } from './bulk.ts';
import { deadLetterQueueOf } from './dead-letters.ts';
import { definitionOf, queueNameOf } from './definitions.ts';
import { dueAt } from './due-at.ts';
import { type Envelope, readEnvelope } from './envelope.ts';
import { fewAtOnce } from './few-at-once.ts';
import { sameJson } from './idempotency.ts';
import { type JobView, viewJob } from './job-view.ts';
import { OpenQueues } from './open-queues.ts';
import { type AddOptions, parseOptions } from './options.ts';
import { type JobRules, type PreparedJob, prepareJob } from './prepared-job.ts';
import { reach } from './reach.ts';
import { type ReferenceCheck, referencesIn } from './references.ts';

/** What `addJob` answers: the job's id, under which it can be looked up. */
export interface JobHandle {
  readonly id: string;
  readonly queue: QueueName;
  readonly name: string;
  readonly correlationId: string;
  /** `false` when the idempotency key had been used before: this is the job of then. */
  readonly created: boolean;
  /** Who added it, which may be somebody else when it was there before. */
  readonly addedBy: string | undefined;
}

export type QueueCounts = Readonly<Record<'waiting' | 'active' | 'delayed' | 'completed' | 'failed', number>>;

export interface QueueManagerOptions extends JobRules {
  readonly backend: Backend;
  /** Hears of errors of the queues' connections; calls fail by themselves. */
  readonly onError: (queue: string, error: Error) => void;
  /** Hear of each job that was added. */
  readonly events?: Events;
}

/** The way into the queues: validates, gives each job its key and correlation id, and adds it. */
export class QueueManager {
  readonly #options: QueueManagerOptions;
  readonly #queues: OpenQueues;

  constructor(options: QueueManagerOptions) {
    this.#options = options;
    this.#queues = new OpenQueues(options.backend, options.onError);
  }

  /**
   * Adds one job. Resolves when the store has it.
   * @throws InvalidPayloadError naming the path of each wrong field; MillraceError INVALID_OPTIONS, TOO_LARGE,
   * UNKNOWN_QUEUE, UNKNOWN_JOB, JOB_UNAVAILABLE, IDEMPOTENCY_CONFLICT; QUEUE_UNAVAILABLE when nothing was accepted;
   * REQUEST_TIMEOUT when the store gave no answer, so that nobody knows.
   */
  addJob<Q extends QueueName, N extends JobName<Q>>(
    queue: Q,
    name: N,
    payload: Payload<Q, N>,
    options?: AddOptions,
  ): Promise<JobHandle> {
    return this.addUntyped(queue, name, payload, options);
  }

  /**
   * `addJob` for callers whose names and payload come from outside; the checks at run time are the same.
   * @param check whether the caller may name what the payload names; within the platform everything may be named.
   */
  async addUntyped(
    queue: string,
    name: string,
    payload: unknown,
    options?: AddOptions,
    check?: ReferenceCheck,
  ): Promise<JobHandle> {
    const known = queueNameOf(queue);
    const wanted = parseOptions(options);
    const ready = prepareJob(this.#options, known, name, payload, wanted);
    const faults = await this.#unnameable(known, [{ ready, prefix: '' }], check);
    if (faults.length > 0) throw new InvalidPayloadError(queue, name, faults);
    const keyed = ready.data.meta.nonce !== undefined;
    const job = await this.reach(() => (keyed ? this.#addOnce(known, ready) : this.#add(known, ready)));
    const stored = keyed ? readEnvelope(job.data) : ready.data;
    if (stored === undefined)
      throw new MillraceError('UNKNOWN', `Job ${job.id} of ${queue} holds no payload of ours.`);
    if (keyed && wanted.idempotencyKey !== undefined && !sameWork(stored, ready.data)) {
      throw new MillraceError(
        'IDEMPOTENCY_CONFLICT',
        `The idempotency key was used before for job ${job.id} with another payload. Use a new key for new work.`,
      );
    }
    const created = !keyed || stored.meta.nonce === ready.data.meta.nonce;
    if (created) this.#tell(known, job, ready);
    return {
      id: job.id ?? '',
      queue: known,
      name,
      correlationId: stored.meta.correlationId,
      created,
      addedBy: stored.meta.addedBy,
    };
  }

  /**
   * Adds many jobs of one queue, all or none. All are validated before the first is added. `created` is false for those
   * whose idempotency key was there before.
   * @throws as `addJob`; paths begin with the job's index.
   */
  addJobs<Q extends QueueName>(
    queue: Q,
    jobs: readonly {
      [N in JobName<Q>]: { name: N; payload: Payload<Q, N>; options?: AddOptions };
    }[JobName<Q>][],
  ): Promise<{ readonly id: string; readonly created: boolean }[]> {
    return this.addManyUntyped(queue, jobs);
  }

  /** `addJobs` for callers whose names and payloads come from outside; `check` is as with `addUntyped`. */
  async addManyUntyped(
    queue: string,
    jobs: readonly { readonly name: string; readonly payload: unknown; readonly options?: AddOptions }[],
    check?: ReferenceCheck,
  ): Promise<{ readonly id: string; readonly created: boolean }[]> {
    const known = queueNameOf(queue);
    const ready = prepareAll(jobs, ({ name, payload, options }) =>
      prepareJob(this.#options, known, name, payload, parseOptions(options)),
    );
    if (ready.length === 0) return [];
    const entries = ready.map((each, index) => ({ ready: each, prefix: `[${index}].` }));
    const details = await this.#unnameable(known, entries, check);
    if (details.length > 0) {
      throw new MillraceError('INVALID_PAYLOAD', `Nothing was added. ${listFaults(details)}`, { details });
    }
    return this.reach(async () => {
      const added = await this.queue(known).addBulk(ready);
      return fewAtOnce(added, async (job, at) => {
        const { id = '' } = job;
        const created = await this.#isNew(known, id, ready[at]);
        if (created) this.#tell(known, job, ready[at]);
        return { id, created };
      });
    });
  }

  /** What jobs name and may not. One that is there already is the answer, whatever has become since of what it names. */
  async #unnameable(
    queue: QueueName,
    jobs: readonly { readonly ready: PreparedJob; readonly prefix: string }[],
    check: ReferenceCheck | undefined,
  ): Promise<readonly Fault[]> {
    if (check === undefined) return [];
    const named = jobs.map(({ ready, prefix }) => ({
      ready,
      references: referencesIn(definitionOf(queue, ready.name), ready.data).map((reference) => ({
        ...reference,
        path: `${prefix}${reference.path}`,
      })),
    }));
    const faults = await check(named.flatMap(({ references }) => references));
    if (faults.length === 0) return faults;
    const isNew = await this.reach(() => fewAtOnce(named, ({ ready }) => this.#isToCome(queue, ready)));
    return check(named.flatMap(({ references }, at) => (isNew[at] === true ? references : [])));
  }

  async #isToCome(queue: QueueName, { data, opts }: PreparedJob): Promise<boolean> {
    if (opts.jobId === undefined) return true;
    const stored = readEnvelope((await this.queue(queue).getJob(opts.jobId))?.data);
    return stored === undefined || stored.meta.addedBy !== data.meta.addedBy || !sameWork(stored, data);
  }

  /** With `deduplicate` the store may have answered with a job that was there before, under a new time. */
  #tell(queue: QueueName, job: Job, ready: PreparedJob | undefined): void {
    if (ready === undefined || ready.opts.deduplication !== undefined) return;
    const { data: envelope, opts, bytes } = ready;
    this.#options.events?.emit('job.added', {
      queue,
      job: ready.name,
      jobId: job.id ?? '',
      correlationId: envelope.meta.correlationId,
      addedAt: new Date(job.timestamp),
      dueAt: opts.delay === undefined ? undefined : new Date(job.timestamp + opts.delay),
      priority: opts.priority,
      maxAttempts: opts.attempts,
      envelope,
      bytes,
    });
  }

  /** A job that is gone again has been done since, so it was ours that was added. */
  async #isNew(queue: QueueName, id: string, ready: PreparedJob | undefined): Promise<boolean> {
    const nonce = ready?.data.meta.nonce;
    if (nonce === undefined) return true;
    const stored = await this.queue(queue).getJob(id);
    return stored === undefined || readEnvelope(stored.data)?.meta.nonce === nonce;
  }

  /** A job with its state, result, failure and logs; `undefined` when there is none of that id. */
  async job(queue: string, id: string): Promise<JobView | undefined> {
    const known = queueNameOf(queue);
    return this.reach(async () => {
      const state = await this.queue(known).getJobState(id);
      const job = await this.queue(known).getJob(id);
      if (job === undefined) return undefined;
      const { logs } = await this.queue(known).getJobLogs(id);
      return viewJob(known, state, job, logs);
    });
  }

  /**
   * Runs work on the queues of `queue`.
   * @throws MillraceError as `reach` says; else what the work throws.
   */
  reach<T>(work: () => Promise<T>): Promise<T> {
    return reach(this.#options.backend, work);
  }

  /** How many jobs a queue has in each state; waiting ones include those with a priority. */
  async counts(queue: QueueName | string): Promise<QueueCounts> {
    return this.reach(async () => {
      const states = ['waiting', 'prioritized', 'active', 'delayed', 'completed', 'failed'] as const;
      const counts = await this.queue(queue).getJobCounts(...states);
      return {
        waiting: (counts.waiting ?? 0) + (counts.prioritized ?? 0),
        active: counts.active ?? 0,
        delayed: counts.delayed ?? 0,
        completed: counts.completed ?? 0,
        failed: counts.failed ?? 0,
      };
    });
  }

  /** Seconds since the oldest waiting job of a queue was due; 0 when none waits. */
  async oldestWaitingSeconds(queue: string): Promise<number> {
    return this.reach(async () => {
      const [oldest] = await this.queue(queue).getJobs(['waiting'], 0, 0, true);
      if (oldest === undefined) return 0;
      return Math.max(0, Date.now() - dueAt(oldest)) / 1_000;
    });
  }

  /** BullMQ's own queue, for the board and the upkeep of the queues. Also knows `<queue>-dead-letter`. */
  queue(name: string): JobQueue {
    return this.#queues.get(name);
  }

  /** Names of all queues, each followed by that of its dead letters. */
  get names(): readonly string[] {
    return queueNames.flatMap((name) => [name, deadLetterQueueOf(name)]);
  }

  async close(): Promise<void> {
    await this.#queues.close();
  }

  #add(queue: QueueName, { name, data, opts }: PreparedJob): Promise<Job> {
    return this.queue(queue).add(name, data, opts);
  }

  /** BullMQ keeps the first job of an id but answers with the data of the last: so what is stored is read back. */
  async #addOnce(queue: QueueName, ready: PreparedJob): Promise<Job> {
    const { jobId, deduplication } = ready.opts;
    if (jobId !== undefined && deduplication !== undefined) {
      // BullMQ would point the deduplication id at a job that has ended, and drop every later add in its favour.
      const existing = await this.queue(queue).getJob(jobId);
      if (existing !== undefined) return existing;
    }
    const added = await this.#add(queue, ready);
    const stored = added.id === undefined ? undefined : await this.queue(queue).getJob(added.id);
    return stored ?? added;
  }
}

function sameWork(stored: Envelope, wanted: Envelope): boolean {
  return stored.type === wanted.type && sameJson(stored.data, wanted.data);
}
