import type { ClaimedConversion } from '../../integrations/database/port.ts';
import type { JobControl } from '../../queue/job-control.ts';
import type { QueueManager } from '../../queue/queue-manager.ts';

const queue = 'document';

/** Where a claim's job stands; of one that has ended, what it said. */
export type ClaimJobState =
  | { readonly kind: 'there' }
  | { readonly kind: 'missing' }
  | { readonly kind: 'ended'; readonly failure: string | undefined };

/** The jobs that claims become. */
export interface ClaimJobs {
  /** All or none. Added again they are the same jobs. */
  add(claims: readonly ClaimedConversion[]): Promise<void>;
  stateOf(jobKey: string): Promise<ClaimJobState>;
}

/**
 * A claim's job has the claim's key as its id: the row's own, with the number of the claim. BullMQ remembers the ids of
 * jobs that have ended, so a row that is claimed again needs another.
 */
export function createClaimJobs(queues: QueueManager, control: JobControl): ClaimJobs {
  return {
    async add(claims) {
      await queues.addJobs(
        queue,
        claims.map(({ id, jobKey }) => ({
          name: 'convert-pdf' as const,
          payload: { type: 'pdf-to-xml' as const, data: { conversionId: id } },
          options: { jobId: jobKey, key: jobKey },
        })),
      );
    },
    async stateOf(jobKey) {
      const job = await control.find(queue, jobKey);
      if (job === undefined) return { kind: 'missing' };
      const ended = job.state === 'completed' || job.state === 'failed' || job.state === 'cancelled';
      return ended ? { kind: 'ended', failure: job.failure } : { kind: 'there' };
    },
  };
}
