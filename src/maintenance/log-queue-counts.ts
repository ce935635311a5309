import type { Logger } from '../observability/logger.ts';
import type { QueueCounts } from '../queue/queue-manager.ts';

export interface CountLogOptions {
  readonly queues: readonly string[];
  counts(queue: string): Promise<QueueCounts>;
  readonly log: Logger;
}

/** Makes a duty that logs each queue's counts when they have changed since the last time. */
export function createCountLog({ queues, counts, log }: CountLogOptions): () => Promise<void> {
  const last = new Map<string, string>();
  return async () => {
    for (const queue of queues) {
      const now = await counts(queue);
      const text = JSON.stringify(now);
      if (last.get(queue) !== text) log.info({ queue, ...now }, 'queue counts');
      last.set(queue, text);
    }
  };
}
