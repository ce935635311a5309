import { createHash, randomUUID } from 'node:crypto';
import type { Job } from '../backend/port.ts';
import { InvalidPayloadError, MillraceError } from '../errors/catalogue.ts';
import type {
  DeadLetterFilter,
  DeadLetterGroup,
  DeadLetterOperation,
  DeadLetterOperationKind,
  DeadLetterRecord,
  DeadLetterRecords,
  OpenedDeadLetter,
} from '../integrations/database/port.ts';
import { type DeadLetters, deadLetterIdOf } from './dead-letters.ts';
import { definitionOf, queueNameOf } from './definitions.ts';
import { readEnvelope } from './envelope.ts';
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

/** What a replay or a discard of many would do. */
export interface DeadLetterPreview {
  readonly total: number;
  readonly groups: readonly DeadLetterGroup[];
  readonly samples: readonly DeadLetterRecord[];
}

/** A replay takes some round trips; whoever died over one holds a letter up for no longer than this. */
const claimSeconds = 10;
const mostSamples = 10;
const mostGroups = 20;

/**
 * What people do with dead letters: look, replay, discard.
 *
 * A letter is replayed by letting its own job go again, with its attempts counted anew, so that whoever waits for the job
 * sees it end, and that a job runs once for each replay is held by the queue itself: a job that has failed can be let go
 * once. Where the queue has forgotten the job a new one takes its place, under an id that follows from the letter. The
 * records follow: a process that dies in between leaves a claim, and whoever comes next sees in the queue how far it was.
 */
export class DeadLetterControl {
  readonly #queues: QueueManager;
  readonly #letters: DeadLetters;
  readonly #records: DeadLetterRecords;

  constructor({ queues, letters, records }: DeadLetterControlOptions) {
    this.#queues = queues;
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
      const job = await this.#letGo(letter, payload, owner);
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

  /** What would be dealt with, without doing it. */
  async preview(filter: DeadLetterFilter): Promise<DeadLetterPreview> {
    const open = { ...filter, state: 'open' } as const;
    const [total, groups, samples] = await Promise.all([
      this.#records.count(open),
      this.#records.groups(open, mostGroups),
      this.#records.list(open, undefined, mostSamples),
    ]);
    return { total, groups, samples };
  }

  /**
   * Begins to replay or discard all letters that fit and are there by now; `maintenance/work-off-dead-letters.ts` does it.
   * @param key the same again is the same operation.
   */
  start(
    wanted: Pick<DeadLetterOperation, 'kind' | 'filter' | 'perSecond' | 'reason' | 'requestedBy'>,
    key?: string,
  ): Promise<DeadLetterOperation> {
    const id = key === undefined ? randomUUID() : hashOf(`${wanted.kind}\n${wanted.requestedBy}\n${key}`);
    return this.#records.operations.start({ ...wanted, id });
  }

  /** @throws MillraceError DEAD_LETTER_OPERATION_NOT_FOUND */
  async operation(kind: DeadLetterOperationKind, id: string): Promise<DeadLetterOperation> {
    return known(kind, id, await this.#records.operations.find(kind, id));
  }

  /** The newest first. */
  operations(limit: number): Promise<DeadLetterOperation[]> {
    return this.#records.operations.list(limit);
  }

  /** Stops one where it is; one that has ended stays as it is. @throws MillraceError DEAD_LETTER_OPERATION_NOT_FOUND */
  async stop(kind: DeadLetterOperationKind, id: string): Promise<DeadLetterOperation> {
    return known(kind, id, await this.#records.operations.stop(kind, id));
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
      const seen = await this.#look(letter);
      if (seen.kind === 'gone' || seen.kind === 'failed' || seen.kind === 'unsettled') return;
      const by = seen.kind === 'replayed' ? 'recovered' : 'retry';
      await this.#close(letter, owner, 'replayed', by, letter.jobId, {});
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

  /** @returns the id of the job that goes. */
  async #letGo(
    letter: OpenedDeadLetter,
    payload: { readonly type: string; readonly data: unknown },
    owner: string,
  ): Promise<string> {
    const seen = await this.#look(letter);
    switch (seen.kind) {
      case 'gone':
        return this.#addAnew(letter, payload);
      case 'replayed':
        return letter.jobId;
      case 'failed':
        break;
      case 'unsettled':
        throw new MillraceError(
          'DEAD_LETTER_BUSY',
          `The failure of job ${letter.jobId} is not recorded yet. Try again in some seconds.`,
        );
      case 'retried':
        await this.#close(letter, owner, 'replayed', 'retry', letter.jobId, {});
        throw new MillraceError(
          'DEAD_LETTER_CLOSED',
          `Job ${letter.jobId} was retried since it died, so it is not run once more.`,
        );
    }
    const { job } = seen;
    await this.#queues.reach(async () => {
      await job.updateData(markedFor(letter, job, payload));
      await job.retry('failed', { resetAttemptsMade: true }).catch(async (error: unknown) => {
        // Somebody else has let it go in this moment: what counts is that it goes.
        if ((await this.#look(letter)).kind !== 'replayed') throw error;
      });
    });
    return letter.jobId;
  }

  async #addAnew(
    letter: OpenedDeadLetter,
    payload: { readonly type: string; readonly data: unknown },
  ): Promise<string> {
    const { correlationId, addedBy } = letter;
    const { key } = letter.content;
    const { id } = await this.#queues.addUntyped(letter.queue, letter.job, payload, {
      jobId: `replay-${hashOf(letter.id)}`,
      replay: letter.id,
      ...(key === undefined ? {} : { key }),
      ...(correlationId === undefined ? {} : { correlationId }),
      ...(addedBy === undefined ? {} : { addedBy }),
    });
    return id;
  }

  /** Where a letter's job is, as far as it matters to the letter. */
  async #look(letter: OpenedDeadLetter): Promise<Seen> {
    return this.#queues.reach(async () => {
      const queue = this.#queues.queue(letter.queue);
      const state = await queue.getJobState(letter.jobId);
      const job = await queue.getJob(letter.jobId);
      if (job?.timestamp !== letter.addedAt.getTime()) return { kind: 'gone' };
      const replay = readEnvelope(job.data)?.meta.replay;
      if (replay?.letter === letter.id) {
        // One that is marked and has not failed since was about to be let go when somebody died.
        const waits = state === 'failed' && job.finishedOn === replay.after;
        return waits ? { kind: 'failed', job } : { kind: 'replayed' };
      }
      if (deadLetterIdOf(job, letter.attempts) !== letter.id) return { kind: 'retried' };
      if (state === 'failed' && deadLetterIdOf(job, job.attemptsMade) === letter.id)
        return { kind: 'failed', job };
      return { kind: job.attemptsMade < letter.attempts && state !== 'completed' ? 'unsettled' : 'retried' };
    });
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

type Seen =
  /** The queue does not know it any more. */
  | { readonly kind: 'gone' }
  /** It has failed as the letter says. */
  | { readonly kind: 'failed'; readonly job: Job }
  /** It was let go for this letter. */
  | { readonly kind: 'replayed' }
  /** It was let go by other means. */
  | { readonly kind: 'retried' }
  /** The letter is written, and its failure is not recorded. */
  | { readonly kind: 'unsettled' };

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

/** What a job runs with when it is let go for a letter. */
function markedFor(
  letter: OpenedDeadLetter,
  job: Job,
  payload: { readonly type: string; readonly data: unknown },
) {
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

function refuseClosed({ state, closedBy, closedAt, replayJob }: DeadLetterRecord): void {
  if (state === 'open') return;
  const as = replayJob === undefined ? '' : ` as job ${replayJob}`;
  throw new MillraceError(
    'DEAD_LETTER_CLOSED',
    `This dead letter was ${state}${as} by ${closedBy ?? 'somebody'} at ${closedAt?.toISOString() ?? 'an unknown time'}.`,
  );
}

function known(
  kind: DeadLetterOperationKind,
  id: string,
  operation: DeadLetterOperation | undefined,
): DeadLetterOperation {
  if (operation !== undefined) return operation;
  throw new MillraceError(
    'DEAD_LETTER_OPERATION_NOT_FOUND',
    `There is no ${kind} of many of the id "${id}".`,
  );
}

function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 32);
}
