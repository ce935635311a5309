import type { JobQueue } from '../backend/port.ts';
import { MillraceError } from '../errors/catalogue.ts';
import { classify } from '../errors/classify.ts';
import type { Events } from '../observability/events.ts';
import type { DeadLetters } from '../queue/dead-letters.ts';
import { readEnvelope } from '../queue/envelope.ts';
import { isRecordedByUs } from '../worker/bullmq-outcome.ts';

export interface ReconcilerOptions {
  readonly queues: readonly string[];
  queueOf(name: string): JobQueue;
  readonly deadLetters: DeadLetters;
  readonly events: Events;
}

/** How many of a queue's newest failures are looked at; older ones were, in earlier rounds. */
const scanned = 1_000;

/**
 * Writes the dead letters of jobs that failed outside their processor: those that outlived their workers too often, with
 * the worker that noticed dying right after. All others had theirs before they failed.
 * @returns how many letters were missing.
 */
export async function reconcileDeadLetters({
  queues,
  queueOf,
  deadLetters,
  events,
}: ReconcilerOptions): Promise<number> {
  let written = 0;
  for (const queue of queues) {
    const failed = await queueOf(queue).getJobs(['failed'], 0, scanned - 1, false);
    for (const job of failed) {
      if (isRecordedByUs(job.failedReason)) continue;
      const failure = classify(
        new MillraceError('JOB_STALLED', `BullMQ gave the job up: ${job.failedReason}.`),
      );
      const { id, created } = await deadLetters.put(queue, job, job.attemptsMade, failure);
      if (!created) continue;
      written++;
      events.emit('job.dead_lettered', {
        queue,
        job: job.name,
        jobId: job.id ?? '',
        attempt: job.attemptsMade,
        correlationId: readEnvelope(job.data)?.meta.correlationId ?? '',
        addedAt: new Date(job.timestamp),
        seconds: 0,
        failure,
        deadLetterId: id,
      });
    }
  }
  return written;
}
