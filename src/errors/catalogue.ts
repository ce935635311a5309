import { ai } from './codes/ai.ts';
import { attachments } from './codes/attachments.ts';
import { attempts } from './codes/attempts.ts';
import { backends } from './codes/backends.ts';
import { conversions } from './codes/conversions.ts';
import { deadLetters } from './codes/dead-letters.ts';
import { documents } from './codes/documents.ts';
import type { ErrorEntry } from './codes/entry.ts';
import { jobs } from './codes/jobs.ts';
import { mail } from './codes/mail.ts';
import { platform } from './codes/platform.ts';
import { requests } from './codes/requests.ts';
import { schedules } from './codes/schedules.ts';
import { sync } from './codes/sync.ts';
import { unforeseen } from './codes/unforeseen.ts';
import { webhooks } from './codes/webhooks.ts';

/**
 * Every error that Millrace raises on purpose: its code, the HTTP status it answers with, whether a job that
 * fails with it is tried again, and what it means. Codes are stable: they stand in job records, in answers and
 * in alerts, and are never reused for something else. `docs/errors.md` is made from this table, which has a file for
 * each subject in `codes/`.
 */
export const catalogue = {
  ...platform,
  ...jobs,
  ...deadLetters,
  ...schedules,
  ...requests,
  ...backends,
  ...attempts,
  ...mail,
  ...sync,
  ...ai,
  ...webhooks,
  ...attachments,
  ...conversions,
  ...documents,
  ...unforeseen,
} as const satisfies Record<string, ErrorEntry>;

export type ErrorCode = keyof typeof catalogue;

/** One fault in something given to us: where it is and what is wrong with it. */
export interface Fault {
  /** Path of the field, e.g. `data.opportunities[2].deadline`. */
  readonly path: string;
  readonly message: string;
}

export interface ErrorOptions {
  readonly cause?: unknown;
  /** The faults, for people who must mend their input. */
  readonly details?: readonly Fault[];
  /** How long the other side asked us to wait, in ms: the job is delayed by it and no attempt is counted. */
  readonly retryAfterMs?: number;
  /** Overrides the table where the place that raised the error knows better. */
  readonly retryable?: boolean;
}

/** The root of all errors of Millrace. `message` is a sentence for the person who must act. */
export class MillraceError extends Error {
  override readonly name: string = 'MillraceError';
  readonly code: ErrorCode;
  readonly status: number;
  readonly retryable: boolean;
  readonly retryAfterMs: number | undefined;
  readonly details: readonly Fault[] | undefined;

  constructor(code: ErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options.cause === undefined ? undefined : { cause: options.cause });
    this.code = code;
    this.status = catalogue[code].status;
    this.retryable = options.retryable ?? catalogue[code].retryable;
    this.retryAfterMs = options.retryAfterMs;
    this.details = options.details;
  }
}

/** The environment is unfit; every fault is listed, none shows a secret. */
export class ConfigError extends MillraceError {
  override readonly name = 'ConfigError';
  constructor(faults: readonly Fault[]) {
    const lines = faults.map((fault) => `  ${fault.path}: ${fault.message}`);
    super('CONFIG_INVALID', `The configuration has ${faults.length} fault(s):\n${lines.join('\n')}`, {
      details: faults,
    });
  }
}

/** A payload may have a fault for each of its thousands of items; nobody mends more than these at a time. */
const mostDetails = 100;
const mostListed = 5;

/** The first faults as one line; the rest is counted. */
export function listFaults(faults: readonly Fault[]): string {
  const list = faults.slice(0, mostListed).map((fault) => `${fault.path}: ${fault.message}`);
  const more = faults.length - list.length;
  return more > 0 ? `${list.join('; ')}; and ${more} more` : list.join('; ');
}

/** A payload that does not fit its job's schema, with the path of each wrong field. */
export class InvalidPayloadError extends MillraceError {
  override readonly name = 'InvalidPayloadError';
  constructor(queue: string, job: string, faults: readonly Fault[]) {
    super('INVALID_PAYLOAD', `The payload of ${queue}/${job} is invalid. ${listFaults(faults)}`, {
      details: faults.slice(0, mostDetails),
    });
  }
}

/** Thrown by a processor that knows that trying again is of no use. */
export class UnrecoverableError extends MillraceError {
  override readonly name = 'UnrecoverableError';
  constructor(message: string, options: ErrorOptions & { readonly code?: ErrorCode } = {}) {
    super(options.code ?? 'UNKNOWN', message, { ...options, retryable: false });
  }
}

/** A provider told us to wait: the job is delayed for `retryAfterMs` and loses no attempt. */
export class RateLimitedError extends MillraceError {
  override readonly name = 'RateLimitedError';
  constructor(code: ErrorCode, message: string, retryAfterMs: number, cause?: unknown) {
    super(code, message, { retryAfterMs: Math.max(0, Math.ceil(retryAfterMs)), cause });
  }
}
