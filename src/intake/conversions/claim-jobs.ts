import type { ClaimedConversion } from '../../integrations/database/port.ts';
import type { QueueManager } from '../../queue/queue-manager.ts';

/** The jobs that claims become. */
export interface ClaimJobs {
  /** All or none. Added again they are the same jobs. */
  add(claims: readonly ClaimedConversion[]): Promise<void>;
  /** Whether the queue has a claim's job, and whether it has ended. */
  stateOf(jobKey: string): Promise<'there' | 'missing' | 'ended'>;
}

/**
 * A claim's job has the claim's key as its id: the row's own, with the number of the claim. BullMQ remembers the ids of
 * jobs that have ended, so a row that is claimed again needs another.
 */
export function createClaimJobs(queues: QueueManager): ClaimJobs {
  return {
    async add(claims) {
      await queues.addJobs(
        'document',
        claims.map(({ id, jobKey }) => ({
          name: 'convert-pdf' as const,
          payload: { type: 'pdf-to-xml' as const, data: { conversionId: id } },
          options: { jobId: jobKey, key: jobKey },
        })),
      );
    },
    async stateOf(jobKey) {
      const state = await queues.queue('document').getJobState(jobKey);
      if (state === 'unknown') return 'missing';
      return state === 'completed' || state === 'failed' ? 'ended' : 'there';
    },
  };
}
