import { DelayedError, UnrecoverableError, WaitingError } from 'bullmq';
import type { Job } from '../backend/port.ts';
import type { Classified } from '../errors/classify.ts';
import type { Outcome } from './outcome.ts';

/**
 * Tells BullMQ how an attempt ended: the one place that knows that it wants exceptions for some of the ends.
 * A delay and a return need `moveTo...` first, and then an error that says "leave the job alone".
 */
export async function settle(outcome: Outcome, job: Job, token: string | undefined): Promise<unknown> {
  switch (outcome.kind) {
    case 'completed':
      return outcome.result;
    case 'retried':
      throw recorded(new Error(recordedReason(outcome.failure)), outcome.failure);
    case 'dead-lettered':
    case 'cancelled':
      throw recorded(new UnrecoverableError(recordedReason(outcome.failure)), outcome.failure);
    case 'waiting':
      await job.moveToDelayed(Date.now() + outcome.delayMs, token);
      throw new DelayedError();
    case 'returned':
      await job.moveToWait(token);
      throw new WaitingError();
    case 'lost':
      throw new WaitingError();
  }
}

/** What stands in a failed job: the code in brackets, then the message. */
function recordedReason(failure: Classified): string {
  return `[${failure.code}] ${failure.message}`;
}

/**
 * Whether a failure was recorded by this platform, which has then written its dead letter. Failures that BullMQ records
 * by itself (a job that outlived its workers too often) bear no code.
 */
export function isRecordedByUs(failedReason: string | undefined): boolean {
  return failedReason !== undefined && /^\[[A-Z][A-Z0-9_]+\] /.test(failedReason);
}

/** BullMQ stores the stack of what is thrown; the one worth having is that of the processor's error. */
function recorded(error: Error, failure: Classified): Error {
  error.stack = failure.stack ?? error.message;
  return error;
}
