import { z } from 'zod';
import type { Job } from '../backend/port.ts';
import { catalogue, type ErrorCode } from '../errors/catalogue.ts';
import type { Classified } from '../errors/classify.ts';
import type { NewDeadLetter } from '../integrations/database/port.ts';
import { causeOf } from './dead-letter-cause.ts';
import { readEnvelope } from './envelope.ts';
import { jobMask } from './masking/index.ts';
import { unstorableTexts } from './storable.ts';

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

/** A letter under its id. */
export type KeptDeadLetter = DeadLetter & { readonly id: string };

/**
 * Attempts tell apart the letters of a job that was retried by hand and died again, and so does the number of its replays,
 * after which attempts count anew; the time of adding tells apart jobs whose id came round again after the store was
 * emptied.
 */
export function deadLetterIdOf(job: Pick<Job, 'id' | 'timestamp' | 'data'>, attempts: number): string {
  const replays = readEnvelope(job.data)?.meta.replay?.count ?? 0;
  return `dl-${job.id}-${job.timestamp}-${attempts}${replays === 0 ? '' : `-r${replays}`}`;
}

/**
 * A letter as the records keep it. Its message was masked when the job failed; letters of before are masked here, since
 * messages are listed, grouped and searched.
 * What PostgreSQL's jsonb cannot hold is left out of its texts.
 */
export function recordOf(letter: KeptDeadLetter): NewDeadLetter {
  const { id, queue, job, jobId, attempts, addedAt, failedAt, correlationId, addedBy, error } = letter;
  const message = jobMask({ queue, name: job, payload: letter.payload }).text(storable(error.message));
  const cause = causeOf(queue, job, error.code, message);
  const record: NewDeadLetter = {
    ...{ id, queue, job, jobId, attempts, addedAt, failedAt, correlationId, addedBy },
    cause: cause.id,
    causeMessage: cause.message,
    code: error.code,
    message,
    content: {
      payload: letter.payload ?? null,
      key: letter.key,
      stack: error.stack === undefined ? undefined : storable(error.stack),
      details: error.details,
    },
  };
  // A payload of ours has been checked when it was added; a stranger's may hold anything.
  return isStorableJson(record) ? record : { ...record, content: { ...record.content, payload: null } };
}

function storable(text: string): string {
  return text.toWellFormed().replaceAll('\0', '');
}

function isStorableJson(value: unknown): boolean {
  return unstorableTexts(value, JSON.stringify(value)).length === 0;
}

export function letterOf(queue: string, job: Job, attempts: number, error: Classified): DeadLetter {
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

export function readLetter(job: Job): KeptDeadLetter | undefined {
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
