import { z } from 'zod';
import type { Job, JobQueue } from '../backend/port.ts';
import { catalogue, type ErrorCode } from '../errors/catalogue.ts';
import type { Classified } from '../errors/classify.ts';
import { readEnvelope } from './envelope.ts';

/** Where a queue's dead letters lie. */
export function deadLetterQueueOf(queue: string): string {
  return `${queue}-dead-letter`;
}

/** A job that will not be tried again, with all that is needed to understand it and to run it once more. */
export interface DeadLetter {
  readonly queue: string;
  readonly job: string;
  readonly jobId: string;
  readonly payload: unknown;
  readonly key: string | undefined;
  readonly correlationId: string | undefined;
  /** Whose job it was, and is again when it is replayed. */
  readonly addedBy: string | undefined;
  readonly attempts: number;
  readonly error: {
    readonly code: ErrorCode;
    readonly message: string;
    readonly stack: string | undefined;
    readonly details: readonly { readonly path: string; readonly message: string }[] | undefined;
  };
  readonly addedAt: string;
  readonly failedAt: string;
}

const deadLetter = z.object({
  queue: z.string(),
  job: z.string(),
  jobId: z.string(),
  payload: z.unknown(),
  key: z.string().optional(),
  correlationId: z.string().optional(),
  addedBy: z.string().optional(),
  attempts: z.number(),
  error: z.object({
    code: z.string(),
    message: z.string(),
    stack: z.string().optional(),
    details: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
  }),
  addedAt: z.string(),
  failedAt: z.string(),
});

/**
 * Keeps the jobs that have failed for good. A dead letter is written BEFORE the failure is recorded, under an id that
 * follows from the job and its attempts: a crash between the two makes the job run again and fail again, and the second
 * letter has the id of the first.
 */
export class DeadLetters {
  readonly #queueOf: (name: string) => JobQueue;

  constructor(queueOf: (name: string) => JobQueue) {
    this.#queueOf = queueOf;
  }

  /** Writes the letter unless it is there already; `created` tells which. */
  async put(
    queue: string,
    job: Job,
    attempts: number,
    error: Classified,
  ): Promise<{ id: string; created: boolean }> {
    const id = deadLetterIdOf(job, attempts);
    const letters = this.#queueOf(deadLetterQueueOf(queue));
    if ((await letters.getJob(id)) !== undefined) return { id, created: false };
    await letters.add(job.name, letterOf(queue, job, attempts, error), { jobId: id });
    return { id, created: true };
  }

  /** The newest letters first. */
  async list(queue: string, limit = 100): Promise<(DeadLetter & { readonly id: string })[]> {
    const jobs = await this.#queueOf(deadLetterQueueOf(queue)).getJobs(['waiting'], 0, limit - 1, false);
    return jobs.flatMap((job) => {
      const letter = readLetter(job);
      return letter === undefined ? [] : [letter];
    });
  }
}

/**
 * Attempts tell apart the letters of a job that was retried by hand and died again; the time of adding tells apart jobs
 * whose id came round again after the store was emptied.
 */
function deadLetterIdOf(job: Pick<Job, 'id' | 'timestamp'>, attempts: number): string {
  return `dl-${job.id}-${job.timestamp}-${attempts}`;
}

function letterOf(queue: string, job: Job, attempts: number, error: Classified): DeadLetter {
  const envelope = readEnvelope(job.data);
  return {
    queue,
    job: job.name,
    jobId: job.id ?? '',
    payload: envelope === undefined ? job.data : { type: envelope.type, data: envelope.data },
    key: envelope?.meta.key,
    correlationId: envelope?.meta.correlationId,
    addedBy: envelope?.meta.addedBy,
    attempts,
    error: { code: error.code, message: error.message, stack: error.stack, details: error.details },
    addedAt: new Date(job.timestamp).toISOString(),
    failedAt: new Date().toISOString(),
  };
}

function readLetter(job: Job): (DeadLetter & { readonly id: string }) | undefined {
  const parsed = deadLetter.safeParse(job.data);
  if (!parsed.success || job.id === undefined) return undefined;
  const { error, key, correlationId, addedBy, ...rest } = parsed.data;
  return {
    ...rest,
    id: job.id,
    key,
    correlationId,
    addedBy,
    payload: rest.payload,
    error: {
      code: isErrorCode(error.code) ? error.code : 'UNKNOWN',
      message: error.message,
      stack: error.stack,
      details: error.details,
    },
  };
}

function isErrorCode(code: string): code is ErrorCode {
  return Object.hasOwn(catalogue, code);
}
