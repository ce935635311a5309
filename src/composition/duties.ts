import { queueNames } from '../../queues/index.ts';
import { createLoop } from '../lifecycle/loop.ts';
import type { Service } from '../lifecycle/service.ts';
import { createCountLog } from '../maintenance/log-queue-counts.ts';
import { reconcileDeadLetters } from '../maintenance/reconcile-dead-letters.ts';
import type { Events } from '../observability/events.ts';
import type { Logger } from '../observability/logger.ts';
import type { DeadLetters } from '../queue/dead-letters.ts';
import type { QueueManager } from '../queue/queue-manager.ts';

export function openDuties(
  log: Logger,
  queues: QueueManager,
  deadLetters: DeadLetters,
  events: Events,
): Service[] {
  const onError = (error: unknown) => log.warn({ err: error }, 'upkeep will be tried again');
  return [
    createLoop({
      name: 'dead-letter reconciler',
      intervalMs: 60_000,
      runOnce: () =>
        reconcileDeadLetters({
          queues: queueNames,
          queueOf: (name) => queues.queue(name),
          deadLetters,
          events,
        }),
      onError,
    }),
    createLoop({
      name: 'queue counts',
      intervalMs: 30_000,
      runOnce: createCountLog({ queues: queueNames, counts: (queue) => queues.counts(queue), log }),
      onError,
    }),
  ];
}
