import type { Config } from '../../config/index.ts';
import { queueNames } from '../../queues/index.ts';
import type { Database } from '../integrations/database/port.ts';
import { JobRecorder, type MaskPayload } from '../job-index/recorder.ts';
import { createIndexWriter } from '../job-index/writer.ts';
import { createLoop } from '../lifecycle/loop.ts';
import type { Service } from '../lifecycle/service.ts';
import { ageJobIndex } from '../maintenance/age-job-index.ts';
import { createJobIndexReconciler } from '../maintenance/reconcile-job-index.ts';
import type { Events } from '../observability/events.ts';
import type { Logger } from '../observability/logger.ts';
import { createValidatedMask, jobMask } from '../queue/masking/index.ts';
import type { QueueManager } from '../queue/queue-manager.ts';

interface IndexParts {
  readonly database: Database;
  readonly events: Events;
}

/** What is sensitive is masked before it is written: nobody finds a job by it, and it is not kept for longer than by the queue. */
const mask: MaskPayload = (queue, name, payload) => jobMask({ queue, name, payload }).payload;

/** Every process writes down what it sees of jobs; nothing where JOB_INDEX is off. */
export function openJobIndex(
  config: Config,
  log: Logger,
  { database, events }: IndexParts,
): Service | undefined {
  if (!config.jobIndex.on) return undefined;
  return createIndexWriter({
    recorder: new JobRecorder(events, { mask: createValidatedMask() }),
    index: database.jobIndex,
    events,
    onError: (error) => log.warn({ err: error }, 'the job index will be written later'),
  });
}

/** Mends and clears the index, once for all worker processes of a parent. */
export function openIndexUpkeep(
  config: Config,
  log: Logger,
  { database, events, queues }: IndexParts & { readonly queues: QueueManager },
): Service[] {
  if (!config.jobIndex.on) return [];
  const onError = (error: unknown) => log.warn({ err: error }, 'upkeep will be tried again');
  const { jobIndex: index } = database;
  return [
    createLoop({
      name: 'job index reconciler',
      intervalMs: 30_000,
      runOnce: createJobIndexReconciler({
        queues: queueNames,
        queueOf: (name) => queues.queue(name),
        index,
        cancellations: database.jobCancellations,
        mask,
        events,
      }),
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
