import { type JobDefinition, type QueueName, queueNames, queues } from '../../queues/index.ts';
import type { Backend, Job, JobWorker } from '../backend/port.ts';
import { MillraceError } from '../errors/catalogue.ts';
import { type Classified, classify } from '../errors/classify.ts';
import type { Service } from '../lifecycle/service.ts';
import { logConnections } from '../observability/connection-log.ts';
import type { Events } from '../observability/events.ts';
import type { Logger } from '../observability/logger.ts';
import type { DeadLetters } from '../queue/dead-letters.ts';
import { dueAt } from '../queue/due-at.ts';
import { readEnvelope } from '../queue/envelope.ts';
import { isRecordedByUs, settle } from './bullmq-outcome.ts';
import { type Executable, Execution, type ExecutionPorts } from './execution.ts';
import type { Outcome } from './outcome.ts';
import type { RunnableProcessor } from './run-context.ts';

export type RunnableProcessors = Readonly<Record<string, Readonly<Record<string, RunnableProcessor>>>>;

/** A job that is to be stopped, and who wants it. */
export interface CancelledJob {
  readonly queue: string;
  readonly jobId: string;
  readonly addedAt: Date;
  readonly by: string;
}

export interface WorkerRuntimeOptions {
  readonly backend: Backend;
  readonly processors: RunnableProcessors;
  /** All that a processor may ask for. */
  readonly services: Readonly<Record<string, unknown>>;
  readonly ports: ExecutionPorts;
  readonly deadLetters: DeadLetters;
  readonly events: Events;
  readonly log: Logger;
  readonly concurrency: Readonly<Record<QueueName, number>>;
  readonly lockDurationMs: number;
  /** How long running jobs may take to finish when the worker stops, before they are handed back. */
  readonly shutdownTimeoutMs: number;
  readonly instance: string;
}

/** How long a worker may take to close when none of its jobs runs any more. */
const closingGraceMs = 5_000;

/** Takes jobs from every queue, runs them, and sees to it that each ends in one of the outcomes. */
export class WorkerRuntime implements Service {
  readonly name = 'workers';
  readonly #options: WorkerRuntimeOptions;
  readonly #workers = new Map<QueueName, JobWorker>();
  readonly #running = new Map<string, Map<string, Execution>>();
  readonly #connectionError: (queue: string, error: Error) => void;
  #stopping: Promise<void> | undefined;
  #handingBack = false;

  constructor(options: WorkerRuntimeOptions) {
    this.#options = options;
    this.#connectionError = logConnections(options.log, 'worker connection');
  }

  async start(): Promise<void> {
    if (this.#workers.size > 0) return;
    for (const queue of queueNames) this.#workers.set(queue, this.#open(queue));
    await Promise.all([...this.#workers.values()].map((worker) => worker.waitUntilReady()));
    for (const [queue, worker] of this.#workers) {
      worker
        .run()
        .catch((error: unknown) => this.#options.log.error({ queue, err: error }, 'worker stopped running'));
    }
  }

  /**
   * Takes nothing more, lets running jobs finish for `shutdownTimeoutMs`, then aborts their signals and hands them
   * back to the queue. Resolves when all have ended; when the store is away, soon after the last job has.
   */
  stop(): Promise<void> {
    this.#stopping ??= this.#drain();
    return this.#stopping;
  }

  /** Stops without waiting: running jobs are told at once to stop, and go back to the queue. */
  handBack(): Promise<void> {
    this.#handingBack = true;
    this.#stopAll();
    return this.stop();
  }

  /** Jobs that run at this moment, by queue. */
  active(): ReadonlyMap<string, number> {
    return new Map([...this.#running].map(([queue, jobs]) => [queue, jobs.size]));
  }

  /**
   * Aborts the signal of a job that runs here. `false` when it does not; `addedAt` tells it from an earlier job of its id.
   */
  cancel({ queue, jobId, addedAt, by }: CancelledJob): boolean {
    const jobs = this.#running.get(queue);
    const execution = jobs?.get(jobId);
    if (execution?.addedAt !== addedAt.getTime()) return false;
    execution.stop('cancelled', 'JOB_CANCELLED', `Cancelled by ${by}.`);
    return true;
  }

  /** Whether every queue has a worker that takes jobs. */
  get healthy(): boolean {
    return this.#workers.size > 0 && [...this.#workers.values()].every((worker) => worker.isRunning());
  }

  async #drain(): Promise<void> {
    const deadline = setTimeout(() => void this.handBack(), this.#options.shutdownTimeoutMs);
    // BullMQ's close fetches nothing more and waits for the jobs that run.
    const closed = Promise.all([...this.#workers.values()].map((worker) => worker.close()));
    closed.catch(() => undefined);
    const overdue = this.#watchClosing();
    try {
      await Promise.race([closed, overdue.passed]);
    } finally {
      clearTimeout(deadline);
      overdue.cancel();
    }
  }

  /**
   * A worker that has lost its store may never say that it has closed (BullMQ waits for the end of a connection that is
   * being made again). So it gets a while after its last job, and the last job a while after its signal.
   */
  #watchClosing(): { readonly passed: Promise<void>; cancel(): void } {
    const latest = performance.now() + this.#options.shutdownTimeoutMs + 2 * closingGraceMs;
    let idleSince: number | undefined;
    let timer: NodeJS.Timeout | undefined;
    const passed = new Promise<void>((resolve) => {
      timer = setInterval(() => {
        const now = performance.now();
        const busy = [...this.#running.values()].some((jobs) => jobs.size > 0);
        idleSince = busy ? undefined : (idleSince ?? now);
        if (now < latest && (idleSince === undefined || now - idleSince < closingGraceMs)) return;
        this.#options.log.warn('the workers did not close in time; their store may be away');
        resolve();
      }, 100);
    });
    return { passed, cancel: () => clearInterval(timer) };
  }

  #stopAll(): void {
    for (const jobs of this.#running.values()) for (const execution of jobs.values()) sendBack(execution);
  }

  #open(queue: QueueName): JobWorker {
    const { backend, concurrency, lockDurationMs, instance } = this.#options;
    const { defaults } = queues[queue];
    const running = new Map<string, Execution>();
    this.#running.set(queue, running);
    const executables = this.#executables(queue);
    const worker = backend.worker(queue, (job, token) => this.#run(queue, executables, running, job, token), {
      name: instance,
      concurrency: concurrency[queue],
      lockDurationMs,
      maxStalls: defaults.maxStalls,
      keepCompleted: defaults.keepCompleted,
      keepFailed: defaults.keepFailed,
      ...(defaults.limit === undefined ? {} : { limit: defaults.limit }),
    });
    worker.on('error', (error) => {
      // What a closing connection still says is no news.
      if (this.#stopping === undefined) this.#connectionError(queue, error);
    });
    worker.on('lockRenewalFailed', (jobIds) => {
      for (const id of jobIds)
        running.get(id)?.stop('lost', 'JOB_ABORTED', 'The job was given to another worker.');
    });
    worker.on('failed', (job, error) => {
      // Failures of ours had their dead letter before; this is for those that BullMQ records by itself.
      if (job !== undefined && !isRecordedByUs(error.message)) void this.#buryStalled(queue, job, error);
    });
    return worker;
  }

  #executables(queue: QueueName): ReadonlyMap<string, Executable> {
    const jobs: Readonly<Record<string, JobDefinition>> = queues[queue].jobs;
    const executables = new Map<string, Executable>();
    for (const [name, processor] of Object.entries(this.#options.processors[queue] ?? {})) {
      const definition = jobs[name];
      if (definition === undefined) continue;
      const timeoutMs = definition.defaults.timeoutMs ?? queues[queue].defaults.timeoutMs ?? 300_000;
      const services = Object.fromEntries(
        processor.services.map((service) => [service, this.#options.services[service]]),
      );
      executables.set(name, { definition, processor, timeoutMs, services });
    }
    return executables;
  }

  async #run(
    queue: QueueName,
    executables: ReadonlyMap<string, Executable>,
    running: Map<string, Execution>,
    job: Job,
    token: string | undefined,
  ): Promise<unknown> {
    const id = job.id ?? '';
    const execution = new Execution(queue, job, executables.get(job.name), this.#options.ports);
    running.set(id, execution);
    // Fetched in the moment before its worker was told to take nothing more.
    if (this.#handingBack) sendBack(execution);
    const began = performance.now();
    try {
      const identity = identify(queue, job);
      this.#options.events.emit('job.started', { ...identity, waitSeconds: waitSeconds(job) });
      const outcome = await execution.run();
      await this.#record(identity, job, outcome, (performance.now() - began) / 1_000);
      return await settle(outcome, job, token);
    } finally {
      running.delete(id);
    }
  }

  /** Writes what must be written before the outcome is, and tells those who listen. */
  async #record(identity: Identity, job: Job, outcome: Outcome, seconds: number): Promise<void> {
    const { events } = this.#options;
    const event = { ...identity, seconds };
    switch (outcome.kind) {
      case 'completed':
        return events.emit('job.completed', event);
      case 'retried':
        return events.emit('job.retried', { ...event, failure: outcome.failure });
      case 'waiting':
        return events.emit('job.waiting', { ...event, delayMs: outcome.delayMs, failure: outcome.failure });
      case 'returned':
      case 'lost':
        return events.emit('job.waiting', { ...event, delayMs: 0, failure: outcome.failure });
      case 'cancelled':
        return events.emit('job.cancelled', event);
      case 'dead-lettered':
        return this.#bury(identity, job, outcome.failure, seconds);
    }
  }

  async #bury(identity: Identity, job: Job, failure: Classified, seconds: number): Promise<void> {
    const { id, created } = await this.#options.deadLetters.put(
      identity.queue,
      job,
      identity.attempt,
      failure,
    );
    if (created)
      this.#options.events.emit('job.dead_lettered', { ...identity, seconds, failure, deadLetterId: id });
  }

  async #buryStalled(queue: QueueName, job: Job, error: Error): Promise<void> {
    const failure = classify(new MillraceError('JOB_STALLED', `BullMQ gave the job up: ${error.message}.`));
    try {
      // The failure is recorded by now, so this attempt is already counted.
      await this.#bury({ ...identify(queue, job), attempt: job.attemptsMade }, job, failure, 0);
    } catch (thrown) {
      // The reconciler finds the failed job and writes the letter later.
      this.#options.log.warn({ queue, jobId: job.id, err: thrown }, 'dead letter not written yet');
    }
  }
}

function sendBack(execution: Execution): void {
  execution.stop('shutdown', 'JOB_ABORTED', 'The worker is stopping; the job goes back to its queue.');
}

type Identity = ReturnType<typeof identify>;

/** What a job's events have in common. */
function identify(queue: QueueName, job: Job) {
  return {
    queue,
    job: job.name,
    jobId: job.id ?? '',
    attempt: job.attemptsMade + 1,
    correlationId: readEnvelope(job.data)?.meta.correlationId ?? '',
    addedAt: new Date(job.timestamp),
  };
}

/** Seconds from when the job was due to when it was taken. */
function waitSeconds(job: Job): number {
  return Math.max(0, (job.processedOn ?? Date.now()) - dueAt(job)) / 1_000;
}
