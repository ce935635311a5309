import { randomUUID } from 'node:crypto';
import type { Job } from '../backend/port.ts';
import { InvalidPayloadError, MillraceError } from '../errors/catalogue.ts';
import type {
  DeadLetterFilter,
  DeadLetterGroup,
  DeadLetterRecord,
  DeadLetterRecords,
  OpenedDeadLetter,
} from '../integrations/database/port.ts';
import { deadLetterIdOf } from './dead-letter.ts';
import { LetterJobs } from './dead-letter-job.ts';
import type { DeadLetters } from './dead-letters.ts';
import { DeadLettersInBulk } from './dead-letters-in-bulk.ts';
import { definitionOf, queueNameOf } from './definitions.ts';
import { jobMask, masked } from './masking/index.ts';
import { masksIn, unmask } from './masking/unmask.ts';
import { parsePayload } from './payload.ts';
import type { QueueManager } from './queue-manager.ts';

export interface DeadLetterControlOptions {
  readonly queues: QueueManager;
  readonly letters: DeadLetters;
  readonly records: DeadLetterRecords;
}

export interface ReplayRequest {
  readonly by: string;
  /** Runs with this instead of what it died with. What was shown masked and was left so keeps its value. */
  readonly payload?: unknown;
  /** The replay of many that it is part of. */
  readonly operation?: string;
}

/** The job that runs in a dead letter's place. */
export interface ReplayedJob {
  readonly queue: string;
  readonly id: string;
}

/** A replay takes some round trips; whoever died over one holds a letter up for no longer than this. */
const claimSeconds = 10;

/** What people do with dead letters: look, replay, discard. */
export class DeadLetterControl {
  /** What is done with many of them at a time. */
  readonly inBulk: DeadLettersInBulk;
  readonly #jobs: LetterJobs;
  readonly #letters: DeadLetters;
  readonly #records: DeadLetterRecords;

  constructor({ queues, letters, records }: DeadLetterControlOptions) {
    this.inBulk = new DeadLettersInBulk(records);
    this.#jobs = new LetterJobs(queues);
    this.#letters = letters;
    this.#records = records;
  }

  /** Those that failed last, first; `before` is the cursor of a letter. */
  list(filter: DeadLetterFilter, before: string | undefined, limit: number): Promise<DeadLetterRecord[]> {
    return this.#records.list(filter, before, limit);
  }

  /** The causes, those of most letters first. */
  groups(filter: DeadLetterFilter, limit: number): Promise<DeadLetterGroup[]> {
    return this.#records.groups(filter, limit);
  }

  /** @throws MillraceError DEAD_LETTER_NOT_FOUND */
  async find(id: string): Promise<OpenedDeadLetter> {
    const letter = await this.#records.find(id);
    if (letter !== undefined) return letter;
    throw new MillraceError(
      'DEAD_LETTER_NOT_FOUND',
      'There is no dead letter of that id. A new one may take a minute to be listed; closed ones are kept for 90 days.',
    );
  }

  /**
   * Lets a letter's job run once more.
   * @throws InvalidPayloadError when the payload, edited or not, does not fit the job; MillraceError
   * DEAD_LETTER_NOT_FOUND, DEAD_LETTER_CLOSED, DEAD_LETTER_BUSY, UNKNOWN_QUEUE, UNKNOWN_JOB, QUEUE_UNAVAILABLE.
   */
  async replay(id: string, request: ReplayRequest): Promise<ReplayedJob> {
    const letter = await this.find(id);
    refuseClosed(letter);
    const queue = queueNameOf(letter.queue);
    const { payload: own } = letter.content;
    const edited = request.payload === undefined ? own : completed(letter, request.payload);
    const { payload } = parsePayload(queue, letter.job, definitionOf(queue, letter.job), edited);
    return this.#claimed(letter, async (owner) => {
      const seen = await this.#jobs.look(letter);
      if (seen.kind === 'retried') await this.#close(letter, owner, 'replayed', 'retry', letter.jobId, {});
      const job = await this.#jobs.letGo(letter, payload, seen);
      await this.#close(letter, owner, 'replayed', request.by, job, { operation: request.operation });
      return { queue, id: job };
    });
  }

  /**
   * Puts a letter aside for good; its job stays as it is.
   * @throws MillraceError DEAD_LETTER_NOT_FOUND, DEAD_LETTER_CLOSED, DEAD_LETTER_BUSY
   */
  async discard(
    id: string,
    { by, reason, operation }: { readonly by: string; readonly reason: string; readonly operation?: string },
  ): Promise<void> {
    const letter = await this.find(id);
    refuseClosed(letter);
    await this.#claimed(letter, (owner) =>
      this.#close(letter, owner, 'discarded', by, undefined, { reason, operation }),
    );
  }

  /** A failed job was let go by other means: its letter, if it has one, is closed. @param job as it was before. */
  async retried(queue: string, job: Job, by: string): Promise<void> {
    const letter = await this.#records.find(deadLetterIdOf(job, job.attemptsMade));
    if (letter?.state !== 'open' || letter.queue !== queue) return;
    await this.#close(letter, 'retry', 'replayed', by, job.id, {});
  }

  /** Brings to an end what a process was about to do with a letter when it died. */
  async settle(id: string): Promise<void> {
    const letter = await this.#records.find(id);
    if (letter?.state !== 'open') return;
    await this.#claimed(letter, async (owner) => {
      const seen = await this.#jobs.look(letter);
      if (seen.kind === 'gone' || seen.kind === 'failed' || seen.kind === 'unsettled') return;
      if (seen.kind === 'replayed') await this.#close(letter, owner, 'replayed', 'recovered', seen.id, {});
      else await this.#close(letter, owner, 'replayed', 'retry', letter.jobId, {});
    });
  }

  async #claimed<T>(letter: OpenedDeadLetter, work: (owner: string) => Promise<T>): Promise<T> {
    const owner = randomUUID();
    if (!(await this.#records.claim(letter.id, owner, claimSeconds))) {
      refuseClosed(await this.find(letter.id));
      throw new MillraceError(
        'DEAD_LETTER_BUSY',
        'Somebody else is about to deal with this dead letter. Look again in some seconds.',
      );
    }
    try {
      return await work(owner);
    } finally {
      // A letter that was closed has no claim any more. Where the database is away the claim ends by itself.
      await this.#records.release(letter.id, owner).catch(() => undefined);
    }
  }

  async #close(
    letter: Pick<OpenedDeadLetter, 'id' | 'queue'>,
    owner: string,
    state: 'replayed' | 'discarded',
    by: string,
    replayJob: string | undefined,
    { reason, operation }: { readonly reason?: string; readonly operation?: string | undefined },
  ): Promise<void> {
    const closed = await this.#records.close({
      id: letter.id,
      owner,
      state,
      by,
      reason,
      replayJob,
      operation,
    });
    // What stays in the queue is removed by `takeIn`.
    if (closed) await this.#letters.remove(letter.queue, letter.id).catch(() => undefined);
  }
}

/** An edited payload with the values in the places of their masks. @throws InvalidPayloadError naming masks that are left. */
function completed({ queue, job, content }: OpenedDeadLetter, edited: unknown): unknown {
  const { payload } = content;
  const whole = unmask(edited, jobMask({ queue, name: job, payload }).payload, payload);
  const left = masksIn(whole).filter((path) => !masksIn(payload).includes(path));
  if (left.length === 0) return whole;
  const message = `is ${masked}, which stands for a value that is not shown: leave it in its place, or write the value`;
  throw new InvalidPayloadError(
    queue,
    job,
    left.map((path) => ({ path, message })),
  );
}

function refuseClosed({ state, closedBy, closedAt, replayJob }: DeadLetterRecord): void {
  if (state === 'open') return;
  const as = replayJob === undefined ? '' : ` as job ${replayJob}`;
  throw new MillraceError(
    'DEAD_LETTER_CLOSED',
    `This dead letter was ${state}${as} by ${closedBy ?? 'somebody'} at ${closedAt?.toISOString() ?? 'an unknown time'}.`,
  );
}
