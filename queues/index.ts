import type { z } from 'zod';
import { documentQueue } from './document.ts';
import { emailQueue } from './email.ts';
import { storyEnhancementQueue } from './story-enhancement.ts';
import { syncQueue } from './sync.ts';

/** All that can be asked of the platform. A new queue is a file beside this one and a line here. */
export const queues = {
  email: emailQueue,
  document: documentQueue,
  sync: syncQueue,
  'story-enhancement': storyEnhancementQueue,
} as const;

export type Queues = typeof queues;
export type QueueName = keyof Queues;
export type JobName<Q extends QueueName> = Extract<keyof Queues[Q]['jobs'], string>;

type Definition<Q extends QueueName, N extends JobName<Q>> = Queues[Q]['jobs'][N];

/** What a caller hands in; fields with defaults may be left out. */
export type Payload<Q extends QueueName, N extends JobName<Q>> =
  Definition<Q, N> extends { payload: infer P extends z.ZodType } ? z.input<P> : never;

/** What a processor gets: the payload with its defaults filled in. */
export type ParsedPayload<Q extends QueueName, N extends JobName<Q>> =
  Definition<Q, N> extends { payload: infer P extends z.ZodType } ? z.output<P> : never;

/** What a processor gives back. */
export type Result<Q extends QueueName, N extends JobName<Q>> =
  Definition<Q, N> extends { result: infer R extends z.ZodType } ? z.output<R> : never;

/** Whether a string from outside names a queue. */
export function isQueueName(name: string): name is QueueName {
  return Object.hasOwn(queues, name);
}

export const queueNames: readonly QueueName[] = Object.keys(queues).filter(isQueueName);

export type { JobDefinition, QueueDefaults, QueueDefinition, Retention } from './define.ts';
