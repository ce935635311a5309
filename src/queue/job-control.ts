import { z } from 'zod';
import type { Job } from '../backend/port.ts';
import { MillraceError } from '../errors/catalogue.ts';
import type { JobCancellations, JobIdentity } from '../integrations/database/port.ts';
import type { Events } from '../observability/events.ts';
import type { DeadLetterControl } from './dead-letter-control.ts';
import { type Envelope, readEnvelope } from './envelope.ts';
import { type JobState, type JobView, viewJob } from './job-view.ts';
import type { QueueManager } from './queue-manager.ts';

export interface JobControlOptions {
  readonly queues: QueueManager;
  readonly cancellations: JobCancellations;
  readonly events: Events;
  /** Hears of failed jobs that were let go, since their dead letters are closed by that. */
  readonly deadLetters?: Pick<DeadLetterControl, 'retried'>;
}

export interface Cancelling {
  readonly job: JobView;
  /** The job runs: its signal is aborted within a second or so, and it ends as its processor heeds that. */
  readonly cancelling: boolean;
}

/** Times are dates in a view and texts in the JSON that is kept of it. */
const keptView = z.object({
  id: z.string(),
  queue: z.string(),
  name: z.string(),
  progress: z.object({ percent: z.number(), message: z.string().exactOptional() }),
  attempts: z.object({ made: z.number(), max: z.number() }),
  payload: z.unknown(),
  correlationId: z.string().optional(),
  addedBy: z.string().optional(),
  createdAt: z.coerce.date(),
  startedAt: z.coerce.date().optional(),
  logs: z.array(z.string()),
});

/**
 * What people do to jobs that are in a queue. Cancelling goes through a table: it reaches a job in whichever process it
 * runs, on every store, and it is not forgotten when that process dies before it has heeded it. Workers look at the
 * table each second (`maintenance/heed-cancellations.ts`).
 */
export class JobControl {
  readonly #queues: QueueManager;
  readonly #cancellations: JobCancellations;
  readonly #events: Events;
  readonly #deadLetters: Pick<DeadLetterControl, 'retried'> | undefined;

  constructor({ queues, cancellations, events, deadLetters }: JobControlOptions) {
    this.#deadLetters = deadLetters;
    this.#queues = queues;
    this.#cancellations = cancellations;
    this.#events = events;
  }

  /** A job, also one that was cancelled and is no longer in its queue; `undefined` when there is none of that id. */
  async find(queue: string, id: string): Promise<JobView | undefined> {
    return (await this.#queues.job(queue, id)) ?? (await this.#cancelled(queue, id));
  }

  /**
   * Takes a waiting or delayed job out of its queue, and asks for a running one to stop. Again is harmless.
   * @param by who wants it; stands in the job's failure.
   * @throws MillraceError JOB_NOT_FOUND; JOB_STATE_CONFLICT when it has ended.
   */
  async cancel(queue: string, id: string, by: string): Promise<Cancelling> {
    const job = await this.#existing(queue, id);
    if (job.state === 'cancelled') return { job, cancelling: false };
    if (job.state === 'completed' || job.state === 'failed') {
      throw conflict(job, 'cancelled', 'waiting, delayed or running');
    }
    const request = { queue, jobId: id, addedAt: job.createdAt, by };
    await this.#cancellations.request({ ...request, job });
    await this.#bringToEnd(request, job);
    const now = (await this.find(queue, id)) ?? job;
    if (now.state === 'completed' || now.state === 'failed') {
      throw conflict(now, 'cancelled', 'waiting, delayed or running');
    }
    return { job: now, cancelling: now.state !== 'cancelled' };
  }

  /**
   * Lets a failed job, or one that was cancelled while it ran, go once more, with its attempts counted on. Its dead letter
   * is closed by that.
   * @param by who wants it; stands in the dead letter.
   * @throws MillraceError JOB_NOT_FOUND, JOB_STATE_CONFLICT
   */
  async retry(queue: string, id: string, by = 'retry'): Promise<JobView> {
    return this.#move(queue, id, 'retried', ['failed', 'cancelled'], async (job) => {
      await job.retry('failed');
      // A letter that stays open since the database is away is closed by whoever wants to replay it.
      await this.#deadLetters?.retried(queue, job, by).catch(() => undefined);
    });
  }

  /**
   * Lets a delayed job go now.
   * @throws MillraceError JOB_NOT_FOUND, JOB_STATE_CONFLICT
   */
  async promote(queue: string, id: string): Promise<JobView> {
    return this.#move(queue, id, 'promoted', ['delayed'], (job) => job.promote());
  }

  /** Brings a cancellation to its end if that can be done from here; a job that runs is left to its worker. */
  async settle(request: JobIdentity & { readonly by: string }): Promise<void> {
    return this.#bringToEnd(request);
  }

  /** @param asked the job as it was when its cancellation was asked for a moment ago. */
  async #bringToEnd(request: JobIdentity, asked?: JobView): Promise<void> {
    const { queue, jobId } = request;
    const seen = await this.#queues.reach(async () => {
      const state = await this.#queues.queue(queue).getJobState(jobId);
      const job = await this.#queues.queue(queue).getJob(jobId);
      return job?.timestamp === request.addedAt.getTime() ? { job, state } : undefined;
    });
    if (seen === undefined) {
      // One that did not run a moment ago was taken out by another process that has seen the request too.
      if (asked?.state === 'waiting' || asked?.state === 'delayed') return this.#note(request, asked);
      await this.#cancellations.settle(request, 'ended');
      return;
    }
    const view = viewJob(queue, seen.state, seen.job, []);
    switch (view.state) {
      case 'waiting':
      case 'delayed':
        return this.#takeOut(request, view, readEnvelope(seen.job.data));
      case 'cancelled':
        // Its worker has told the others when it stopped it.
        await this.#cancellations.settle(request, 'cancelled');
        return;
      case 'completed':
      case 'failed':
        await this.#cancellations.settle(request, 'ended');
        return;
      default:
        return;
    }
  }

  /** A job that a worker takes at the same moment stays, and is stopped there. */
  async #takeOut(request: JobIdentity, job: JobView, envelope: Envelope | undefined): Promise<void> {
    const { queue, jobId } = request;
    const removed = await this.#queues.reach(() => this.#queues.queue(queue).remove(jobId));
    if (removed === 1) await this.#note(request, job, envelope);
  }

  /** Notes that a job was taken out, and tells it if nobody else has. */
  async #note(request: JobIdentity, job: JobView, envelope?: Envelope): Promise<void> {
    if (!(await this.#cancellations.settle(request, 'cancelled'))) return;
    this.#events.emit('job.cancelled', {
      queue: request.queue,
      job: job.name,
      jobId: request.jobId,
      attempt: job.attempts.made + 1,
      correlationId: job.correlationId ?? '',
      addedAt: request.addedAt,
      seconds: 0,
      envelope,
    });
  }

  async #move(
    queue: string,
    id: string,
    deed: string,
    states: readonly JobState[],
    work: (job: Job) => Promise<void>,
  ): Promise<JobView> {
    const before = await this.#existing(queue, id);
    const job = await this.#queues.reach(() => this.#queues.queue(queue).getJob(id));
    if (!states.includes(before.state)) throw conflict(before, deed, states.join(' or '));
    if (job === undefined) {
      const message = `Job ${id} was cancelled before it ran and is no longer in queue ${queue}: add it again.`;
      throw new MillraceError('JOB_STATE_CONFLICT', message);
    }
    const at = new Date();
    try {
      await this.#queues.reach(() => work(job));
    } catch (error) {
      // BullMQ refuses what has left the state meanwhile, with errors that have no more than a text.
      const now = await this.#existing(queue, id);
      if (now.state === before.state) throw error;
      throw conflict(now, deed, states.join(' or '));
    }
    this.#events.emit('job.requeued', {
      queue,
      job: job.name,
      jobId: id,
      attempt: job.attemptsMade + 1,
      correlationId: before.correlationId ?? '',
      addedAt: before.createdAt,
      at,
    });
    return this.#existing(queue, id);
  }

  async #existing(queue: string, id: string): Promise<JobView> {
    const job = await this.find(queue, id);
    if (job !== undefined) return job;
    throw new MillraceError(
      'JOB_NOT_FOUND',
      `Queue ${queue} has no job "${id}": it never was, or its retention has passed.`,
    );
  }

  async #cancelled(queue: string, id: string): Promise<JobView | undefined> {
    const cancelled = await this.#cancellations.find(queue, id);
    if (cancelled === undefined) return undefined;
    const { progress, payload, correlationId, addedBy, startedAt, ...kept } = keptView.parse(cancelled.job);
    return {
      ...kept,
      state: 'cancelled',
      progress,
      payload,
      correlationId,
      addedBy,
      result: undefined,
      failure: `[JOB_CANCELLED] Cancelled by ${cancelled.by}.`,
      startedAt,
      finishedAt: cancelled.at,
    };
  }
}

function conflict(job: JobView, deed: string, states: string): MillraceError {
  return new MillraceError(
    'JOB_STATE_CONFLICT',
    `Job ${job.id} of ${job.queue} is ${job.state}; only a job that is ${states} can be ${deed}.`,
  );
}
