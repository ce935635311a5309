import type { Config } from '../../config/index.ts';
import { queueNames } from '../../queues/index.ts';
import type { Database } from '../integrations/database/port.ts';
import { keepsItsJobs } from '../job-index/left-jobs.ts';
import { JobRecorder } from '../job-index/recorder.ts';
import { createIndexWriter } from '../job-index/writer.ts';
import { createLoop } from '../lifecycle/loop.ts';
import type { Service } from '../lifecycle/service.ts';
import { ageJobIndex } from '../maintenance/age-job-index.ts';
import { createJobIndexCatchUp } from '../maintenance/catch-up-job-index.ts';
import { createJobIndexReconciler } from '../maintenance/reconcile-job-index.ts';
import type { Events } from '../observability/events.ts';
import type { Logger } from '../observability/logger.ts';
import { createStoredMask, createValidatedMask } from '../queue/masking/index.ts';
import type { QueueManager } from '../queue/queue-manager.ts';

interface IndexParts {
  readonly database: Database;
  readonly events: Events;
}

/**
 * Every process writes down what it sees of jobs; nothing where JOB_INDEX is off. What is sensitive is masked before: nobody
 * finds a job by it, and it is not kept for longer than by the queue.
 */
export function openJobIndex(
  config: Config,
  log: Logger,
  { database, events }: IndexParts,
): Service | undefined {
  if (!config.jobIndex.on) return undefined;
  return createIndexWriter({
    recorder: new JobRecorder(events, { mask: createValidatedMask(), keeps: keepsItsJobs }),
    index: database.jobIndex,
    events,
    onError: (error) => log.warn({ err: error }, 'the job index will be written later'),
  });
}

/** Reads for the index what was left to the queues, mends it and clears it, once for all worker processes of a parent. */
export function openIndexUpkeep(
  config: Config,
  log: Logger,
  { database, events, queues }: IndexParts & { readonly queues: QueueManager },
): Service[] {
  if (!config.jobIndex.on) return [];
  const onError = (error: unknown) => log.warn({ err: error }, 'upkeep will be tried again');
  const { jobIndex: index } = database;
  const mask = createStoredMask();
  const stored = { queues: queueNames, queueOf: (name: string) => queues.queue(name), index, mask, events };
  return [
    createJobIndexCatchUp({ ...stored, onError }),
    createLoop({
      name: 'job index reconciler',
      intervalMs: 30_000,
      runOnce: createJobIndexReconciler({ ...stored, cancellations: database.jobCancellations }),
      onError,
    }),
    createLoop({
      name: 'job history',
      intervalMs: 10 * 60_000,
      runOnce: () => ageJobIndex({ index, historyDays: config.jobIndex.historyDays, events }),
      onError,
    }),
  ];
}
