import type { Job } from './types.ts';

/** One wrong field of what was sent. */
export interface Fault {
  /** Such as `data.opportunities[2].deadline`. */
  readonly path: string;
  readonly message: string;
}

/** The root of all errors of the client. `code` is stable and fit to be compared. */
export class ClientError extends Error {
  override readonly name: string = 'ClientError';
  readonly code: string;
  /** Under which the request stands in the logs of the platform; quote it when you report something. */
  readonly correlationId: string | undefined;

  constructor(code: string, message: string, correlationId?: string, options?: ErrorOptions) {
    super(message, options);
    this.code = code;
    this.correlationId = correlationId;
  }
}

/** The platform refused, with a code of `docs/errors.md`; what may pass was tried again before. */
export class RefusedError extends ClientError {
  override readonly name = 'RefusedError';
  /** Of HTTP. */
  readonly status: number;
  /** Each wrong field. */
  readonly details: readonly Fault[];
  /** When the platform wants to be asked again. */
  readonly retryAfterMs: number | undefined;

  constructor(
    refusal: {
      readonly code: string;
      readonly message: string;
      readonly status: number;
      readonly details: readonly Fault[];
      readonly retryAfterMs: number | undefined;
    },
    correlationId: string | undefined,
  ) {
    super(refusal.code, refusal.message, correlationId);
    this.status = refusal.status;
    this.details = refusal.details;
    this.retryAfterMs = refusal.retryAfterMs;
  }
}

/** No answer came, or none that is Millrace's: `NETWORK`, `TIMEOUT` or `UNREADABLE`. */
export class UnansweredError extends ClientError {
  override readonly name = 'UnansweredError';
}

/** The job that was waited for has failed or was cancelled; `code` is that of its last failure. */
export class JobFailedError extends ClientError {
  override readonly name = 'JobFailedError';
  readonly job: Job;

  constructor(job: Job) {
    const [, code = job.state === 'cancelled' ? 'JOB_CANCELLED' : 'UNKNOWN', message = job.failure] =
      /^\[([A-Z0-9_]+)\] ([\s\S]*)$/.exec(job.failure ?? '') ?? [];
    super(code, message ?? `The job was ${job.state}.`, job.correlationId);
    this.job = job;
  }
}

/** The job did not end in the time that one was ready to wait (`WAIT_TIMEOUT`). It goes on. */
export class WaitTimeoutError extends ClientError {
  override readonly name = 'WaitTimeoutError';
}
