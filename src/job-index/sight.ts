import type { JobSight, ShownJob } from '../integrations/database/port.ts';
import { dueAt } from '../queue/due-at.ts';
import { readEnvelope } from '../queue/envelope.ts';
import { type StoredJob, viewJob } from '../queue/job-view.ts';
import { keptPayload, wordsIn } from './payload.ts';
import type { MaskPayload } from './recorder.ts';

/** How a cancelled job ended, as the index tells it. */
export const cancellation = { code: 'JOB_CANCELLED', message: 'Cancelled.' } as const;

/** What is to be compared of a job that a queue shows with what the index says of it. */
export function shownIn(queue: string, stateInStore: string, job: StoredJob): ShownJob {
  const { id, createdAt, state, attempts } = viewJob(queue, stateInStore, job, []);
  return { queue, jobId: id, addedAt: createdAt, state, attempts: attempts.made };
}

/** What a queue says of one of its jobs, as the index writes it. `seenAt`: when the queue was asked. */
export function sightOf(
  queue: string,
  stateInStore: string,
  job: StoredJob & { readonly attemptsStarted: number },
  seenAt: Date,
  mask: MaskPayload,
): JobSight {
  const view = viewJob(queue, stateInStore, job, []);
  const { tenant, parent, rerunOf, traceId } = readEnvelope(job.data)?.meta ?? {};
  const error = failureOf(view.failure);
  const { payload, content } = keptPayload(mask(queue, job.name, view.payload));
  const { startedAt, finishedAt } = view;
  return {
    queue,
    jobId: view.id,
    addedAt: view.createdAt,
    name: view.name,
    state: view.state,
    stateAt: seenAt,
    correlationId: view.correlationId,
    owner: view.addedBy,
    tenant,
    parent,
    rerunOf,
    traceId,
    attempts: view.attempts.made,
    maxAttempts: view.attempts.max,
    dueAt: job.opts.delay === undefined ? undefined : new Date(job.timestamp + job.opts.delay),
    startedAt,
    finishedAt,
    // Of later attempts the queue says nothing of the first.
    waitMs:
      startedAt === undefined || job.attemptsStarted > 1
        ? undefined
        : Math.max(0, startedAt.getTime() - dueAt(job)),
    durationMs: startedAt && finishedAt ? finishedAt.getTime() - startedAt.getTime() : undefined,
    error,
    payload,
    content: error === undefined ? content : `${content} ${wordsIn(error.message)}`,
  };
}

/** Failures are kept as `[CODE] message`; those that BullMQ records by itself have no code. */
function failureOf(failure: string | undefined): JobSight['error'] {
  if (failure === undefined || failure === '') return undefined;
  const [, code = 'UNKNOWN', message = failure] = /^\[([A-Z_]+)\] (.*)$/s.exec(failure) ?? [];
  return { code, message: message.slice(0, 1_000).replaceAll('\0', ' ').toWellFormed() };
}
