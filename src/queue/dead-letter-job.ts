import { randomUUID } from 'node:crypto';
import type { Job } from '../backend/port.ts';
import { MillraceError } from '../errors/catalogue.ts';
import type { OpenedDeadLetter } from '../integrations/database/port.ts';
import { deadLetterIdOf } from './dead-letter.ts';
import { readEnvelope } from './envelope.ts';
import { shortHash } from './idempotency.ts';
import type { Payload } from './payload.ts';
import type { QueueManager } from './queue-manager.ts';

/** Where a letter's job is, as far as it matters to the letter. */
export type LetterJob =
  /** The queue does not know it any more. */
  | { readonly kind: 'gone' }
  /** It has failed as the letter says. */
  | { readonly kind: 'failed'; readonly job: Job }
  /** It was let go for this letter, or another that was added in its place. */
  | { readonly kind: 'replayed'; readonly id: string }
  /** It was let go by other means. */
  | { readonly kind: 'retried' }
  /** The letter is written, and its failure is not recorded. */
  | { readonly kind: 'unsettled' };

/**
 * The jobs of dead letters.
 *
 * A letter is replayed by letting its own job go again, with its attempts counted anew, so that whoever waits for the job
 * sees it end, and that a job runs once for each replay is held by the queue itself: a job that has failed can be let go
 * once. Where the queue has forgotten the job a new one takes its place, under an id that follows from the letter. The
 * records follow: a process that dies in between leaves a claim, and whoever comes next sees in the queue how far it was.
 */
export class LetterJobs {
  readonly #queues: QueueManager;

  constructor(queues: QueueManager) {
    this.#queues = queues;
  }

  async look(letter: OpenedDeadLetter): Promise<LetterJob> {
    return this.#queues.reach(async () => {
      const queue = this.#queues.queue(letter.queue);
      const state = await queue.getJobState(letter.jobId);
      const job = await queue.getJob(letter.jobId);
      if (job?.timestamp !== letter.addedAt.getTime()) {
        const inItsPlace = await queue.getJob(replayIdOf(letter));
        return inItsPlace?.id === undefined ? { kind: 'gone' } : { kind: 'replayed', id: inItsPlace.id };
      }
      const replay = readEnvelope(job.data)?.meta.replay;
      if (replay?.letter === letter.id) {
        // One that is marked and has not failed since was about to be let go when somebody died.
        const waits = state === 'failed' && job.finishedOn === replay.after;
        return waits ? { kind: 'failed', job } : { kind: 'replayed', id: letter.jobId };
      }
      if (deadLetterIdOf(job, letter.attempts) !== letter.id) return { kind: 'retried' };
      if (state === 'failed' && deadLetterIdOf(job, job.attemptsMade) === letter.id)
        return { kind: 'failed', job };
      return { kind: job.attemptsMade < letter.attempts && state !== 'completed' ? 'unsettled' : 'retried' };
    });
  }

  /**
   * @param seen where `look` has just found its job.
   * @returns the id of the job that goes.
   * @throws MillraceError DEAD_LETTER_BUSY, DEAD_LETTER_CLOSED
   */
  async letGo(letter: OpenedDeadLetter, payload: Payload, seen: LetterJob): Promise<string> {
    switch (seen.kind) {
      case 'gone':
        return this.#addAnew(letter, payload);
      case 'replayed':
        return seen.id;
      case 'failed':
        await this.#retry(letter, payload, seen.job);
        return letter.jobId;
      case 'unsettled':
        throw new MillraceError(
          'DEAD_LETTER_BUSY',
          `The failure of job ${letter.jobId} is not recorded yet. Try again in some seconds.`,
        );
      case 'retried':
        throw new MillraceError(
          'DEAD_LETTER_CLOSED',
          `Job ${letter.jobId} was retried since it died, so it is not run once more.`,
        );
    }
  }

  #retry(letter: OpenedDeadLetter, payload: Payload, job: Job): Promise<void> {
    return this.#queues.reach(async () => {
      await job.updateData(markedFor(letter, job, payload));
      await job.retry('failed', { resetAttemptsMade: true }).catch(async (error: unknown) => {
        // Somebody else has let it go in this moment: what counts is that it goes.
        if ((await this.look(letter)).kind !== 'replayed') throw error;
      });
    });
  }

  async #addAnew(letter: OpenedDeadLetter, payload: Payload): Promise<string> {
    const { correlationId, addedBy } = letter;
    const { key } = letter.content;
    const { id } = await this.#queues.addUntyped(letter.queue, letter.job, payload, {
      jobId: replayIdOf(letter),
      replay: letter.id,
      ...(key === undefined ? {} : { key }),
      ...(correlationId === undefined ? {} : { correlationId }),
      ...(addedBy === undefined ? {} : { addedBy }),
    });
    return id;
  }
}

/** The id of the job that takes the place of one that its queue has forgotten. */
function replayIdOf({ id }: OpenedDeadLetter): string {
  return `replay-${shortHash(id)}`;
}

/** What a job runs with when it is let go for a letter. */
function markedFor(letter: OpenedDeadLetter, job: Job, payload: Payload) {
  const meta = readEnvelope(job.data)?.meta;
  const before = meta?.replay;
  return {
    ...payload,
    meta: {
      ...meta,
      key: meta?.key ?? `${letter.queue}.${letter.jobId}`,
      correlationId: meta?.correlationId ?? letter.correlationId ?? randomUUID(),
      replay: {
        letter: letter.id,
        at: Date.now(),
        count: before?.letter === letter.id ? before.count : (before?.count ?? 0) + 1,
        after: job.finishedOn ?? 0,
      },
    },
  };
}
