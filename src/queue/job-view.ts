import type { Job } from '../backend/port.ts';
import type { ErrorCode } from '../errors/catalogue.ts';
import { readEnvelope } from './envelope.ts';

export type JobState = 'waiting' | 'active' | 'delayed' | 'completed' | 'failed' | 'cancelled' | 'unknown';

/** A job as people and the API see it. */
export interface JobView {
  readonly id: string;
  readonly queue: string;
  readonly name: string;
  readonly state: JobState;
  readonly progress: { readonly percent: number; readonly message?: string };
  readonly attempts: { readonly made: number; readonly max: number };
  readonly payload: unknown;
  readonly correlationId: string | undefined;
  readonly addedBy: string | undefined;
  readonly tenant?: string | undefined;
  /** The dead letter that it was last replayed from. */
  readonly replayOf?: string | undefined;
  readonly result: unknown;
  readonly failure: string | undefined;
  readonly createdAt: Date;
  readonly startedAt: Date | undefined;
  readonly finishedAt: Date | undefined;
  readonly logs: readonly string[];
}

/** BullMQ tells states apart that mean the same to whoever waits for a job. */
function stateOf(state: string): JobState {
  switch (state) {
    case 'active':
    case 'delayed':
    case 'completed':
    case 'failed':
    case 'waiting':
      return state;
    case 'prioritized':
    case 'waiting-children':
    case 'wait':
      return 'waiting';
    default:
      return 'unknown';
  }
}

/** What the store keeps of a job. */
export type StoredJob = Pick<
  Job,
  | 'id'
  | 'name'
  | 'data'
  | 'opts'
  | 'progress'
  | 'attemptsMade'
  | 'returnvalue'
  | 'failedReason'
  | 'timestamp'
  | 'processedOn'
  | 'finishedOn'
>;

/**
 * Makes the view of a job. Its state must have been read before `job` was: then a completed job has its result, where the
 * other order may show as completed what was read while the job still ran.
 */
export function viewJob(
  queue: string,
  stateInStore: string,
  job: StoredJob,
  logs: readonly string[],
): JobView {
  const state = wasCancelled(stateInStore, job.failedReason) ? 'cancelled' : stateOf(stateInStore);
  const envelope = readEnvelope(job.data);
  return {
    id: job.id ?? '',
    queue,
    name: job.name,
    state,
    progress: progressOf(job.progress, state),
    attempts: { made: job.attemptsMade, max: job.opts.attempts ?? 1 },
    payload: envelope === undefined ? job.data : { type: envelope.type, data: envelope.data },
    correlationId: envelope?.meta.correlationId,
    addedBy: envelope?.meta.addedBy,
    tenant: envelope?.meta.tenant,
    replayOf: envelope?.meta.replay?.letter,
    result: job.returnvalue ?? undefined,
    failure: state === 'completed' ? undefined : (job.failedReason ?? undefined),
    createdAt: new Date(job.timestamp),
    startedAt: job.processedOn === undefined ? undefined : new Date(job.processedOn),
    finishedAt: job.finishedOn === undefined ? undefined : new Date(job.finishedOn),
    logs,
  };
}

/** The store knows no such state: a job that was cancelled while it ran has failed there, with our code for it. */
function wasCancelled(state: string, failedReason: string | undefined): boolean {
  return state === 'failed' && failedReason?.startsWith(`[${'JOB_CANCELLED' satisfies ErrorCode}] `) === true;
}

function progressOf(progress: unknown, state: JobState): JobView['progress'] {
  if (state === 'completed') return { percent: 100 };
  if (typeof progress === 'number') return { percent: progress };
  if (typeof progress !== 'object' || progress === null) return { percent: 0 };
  const percent = 'percent' in progress && typeof progress.percent === 'number' ? progress.percent : 0;
  const message =
    'message' in progress && typeof progress.message === 'string' ? progress.message : undefined;
  return message === undefined ? { percent } : { percent, message };
}
