import { z } from 'zod';
import type { QueueControl } from '../../queue/queue-control.ts';
import { type Route, reply, route } from '../route.ts';
import { activityQuery, queue, queueActivity, queueAddress } from '../schemas/queues.ts';

const tag = 'Queues';
const errors = ['UNKNOWN_QUEUE', 'QUEUE_UNAVAILABLE', 'DATABASE_UNAVAILABLE'] as const;
const objectOf = ({ queue: name }: z.output<typeof queueAddress>) => `queue:${name}`;
const hourMs = 3_600_000;

/** How the queues do, and whether they go on. */
export function queueRoutes(queues: QueueControl): Route[] {
  const list = route({
    method: 'get',
    path: '/queues',
    tag,
    permission: 'queues.read',
    summary: 'See all queues',
    description: 'Counts, rates, waits, durations and workers, over all processes.',
    answers: { 200: z.object({ queues: z.array(queue) }) },
    errors,
    async handle() {
      return reply(200, { queues: await queues.list() });
    },
  });

  const show = route({
    method: 'get',
    path: '/queues/{queue}',
    tag,
    permission: 'queues.read',
    summary: 'See one queue',
    params: queueAddress,
    answers: { 200: z.object({ queue }) },
    errors,
    async handle({ params }) {
      return reply(200, { queue: await queues.find(params.queue) });
    },
  });

  const activity = route({
    method: 'get',
    path: '/queues/{queue}/activity',
    tag,
    permission: 'queues.read',
    summary: 'See what a queue did',
    description:
      'A step for each minute or more, of all processes; steps in which nothing happened are left out. Kept for eight days.',
    params: queueAddress,
    query: activityQuery,
    answers: { 200: z.object({ activity: z.array(queueActivity) }) },
    errors,
    async handle({ params, query }) {
      const until = new Date();
      const from = new Date(until.getTime() - query.hours * hourMs);
      return reply(200, { activity: await queues.activity(params.queue, from, until, query.step) });
    },
  });

  const pause = route({
    method: 'post',
    path: '/queues/{queue}/pause',
    tag,
    permission: 'queues.change',
    summary: 'Pause a queue',
    description:
      'Workers take no more of its jobs until it is resumed; jobs that run go on, and jobs can be added.',
    params: queueAddress,
    answers: { 200: z.object({ queue }) },
    errors,
    audit: { action: 'queue.pause', object: objectOf },
    async handle({ params }) {
      return reply(200, { queue: await queues.pause(params.queue) });
    },
  });

  const resume = route({
    method: 'post',
    path: '/queues/{queue}/resume',
    tag,
    permission: 'queues.change',
    summary: 'Resume a queue',
    params: queueAddress,
    answers: { 200: z.object({ queue }) },
    errors,
    audit: { action: 'queue.resume', object: objectOf },
    async handle({ params }) {
      return reply(200, { queue: await queues.resume(params.queue) });
    },
  });

  return [list, show, activity, pause, resume];
}
