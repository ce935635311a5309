import { isQueueName, type JobDefinition, type QueueName, queueNames, queues } from '../../queues/index.ts';
import { MillraceError } from '../errors/catalogue.ts';
import { shorten } from '../errors/faults.ts';

/** @throws MillraceError UNKNOWN_QUEUE, with the queues that there are. */
export function queueNameOf(queue: string): QueueName {
  if (isQueueName(queue)) return queue;
  throw new MillraceError(
    'UNKNOWN_QUEUE',
    `There is no queue "${shorten(queue)}". There are ${queueNames.join(', ')}.`,
  );
}

/** @throws MillraceError UNKNOWN_JOB, with the jobs that the queue has. */
export function definitionOf(queue: QueueName, name: string): JobDefinition {
  const definition = findDefinition(queue, name);
  if (definition !== undefined) return definition;
  throw new MillraceError(
    'UNKNOWN_JOB',
    `Queue ${queue} has no job "${shorten(name)}". It has ${Object.keys(queues[queue].jobs).join(', ')}.`,
  );
}

/** The definition of a job, whatever the names are; `undefined` when this version has none. */
export function findDefinition(queue: string, name: string): JobDefinition | undefined {
  if (!isQueueName(queue)) return undefined;
  const jobs: Readonly<Record<string, JobDefinition>> = queues[queue].jobs;
  return Object.hasOwn(jobs, name) ? jobs[name] : undefined;
}
