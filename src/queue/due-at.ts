import type { Job } from '../backend/port.ts';
import { readEnvelope } from './envelope.ts';

/** When a job was due, in ms since 1970: when it was added, with its delay, or when it was last replayed. */
export function dueAt(job: Pick<Job, 'timestamp' | 'opts' | 'data'>): number {
  const replayedAt = readEnvelope(job.data)?.meta.replay?.at ?? 0;
  return Math.max(job.timestamp + (job.opts.delay ?? 0), replayedAt);
}
