import { queueNames } from '../../queues/index.ts';
import type { Database } from '../integrations/database/port.ts';
import { createLoop } from '../lifecycle/loop.ts';
import type { Service } from '../lifecycle/service.ts';
import { createCancellationDuty } from '../maintenance/heed-cancellations.ts';
import { createCountLog } from '../maintenance/log-queue-counts.ts';
import { reconcileDeadLetters } from '../maintenance/reconcile-dead-letters.ts';
import { settleCerReports } from '../maintenance/settle-cer-reports.ts';
import type { Events } from '../observability/events.ts';
import type { Logger } from '../observability/logger.ts';
import type { DeadLetters } from '../queue/dead-letters.ts';
import type { JobControl } from '../queue/job-control.ts';
import type { QueueManager } from '../queue/queue-manager.ts';
import type { WorkerRuntime } from '../worker/runtime.ts';

interface UpkeepParts {
  readonly queues: QueueManager;
  readonly deadLetters: DeadLetters;
  readonly events: Events;
  readonly database: Database;
  readonly jobs: JobControl;
}

/** What is done once for all worker processes of a parent. */
export function openUpkeep(log: Logger, parts: UpkeepParts): Service[] {
  const { queues, deadLetters, events, database, jobs } = parts;
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
      onError: laterWith(log),
    }),
    createLoop({
      name: 'clinical evaluation reports',
      intervalMs: 30_000,
      runOnce: () => settleCerReports({ reports: database.cerReports, queues, jobs }),
      onError: laterWith(log),
    }),
    createLoop({
      name: 'queue counts',
      intervalMs: 30_000,
      runOnce: createCountLog({ queues: queueNames, counts: (queue) => queues.counts(queue), log }),
      onError: laterWith(log),
    }),
  ];
}

interface DutyParts {
  readonly database: Database;
  readonly jobs: JobControl;
  readonly workers: WorkerRuntime;
}

/** What each process does that runs jobs. */
export function openDuties(log: Logger, { database, jobs, workers }: DutyParts): Service[] {
  return [
    createLoop({
      name: 'cancellations',
      intervalMs: 1_000,
      runOnce: createCancellationDuty({
        cancellations: database.jobCancellations,
        active: () => workers.active(),
        cancel: (job) => workers.cancel(job),
        settle: (job) => jobs.settle(job),
      }),
      onError: laterWith(log),
    }),
  ];
}

function laterWith(log: Logger) {
  return (error: unknown) => log.warn({ err: error }, 'upkeep will be tried again');
}
