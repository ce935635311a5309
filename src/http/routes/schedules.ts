import { z } from 'zod';
import type { Schedules } from '../../queue/schedules.ts';
import { type Route, reply, route } from '../route.ts';
import { idempotencyHeader } from '../schemas/jobs.ts';
import {
  backfill,
  backfillRequest,
  schedule,
  scheduleAddress,
  scheduleChange,
} from '../schemas/schedules.ts';

const tag = 'Schedules';
const errors = ['SCHEDULE_NOT_FOUND', 'QUEUE_UNAVAILABLE', 'DATABASE_UNAVAILABLE'] as const;
const objectOf = ({ schedule: name }: z.output<typeof scheduleAddress>) => `schedule:${name}`;

/** The schedules: what they did, what comes next, and whether they go on. */
export function scheduleRoutes(schedules: Schedules): Route[] {
  const list = route({
    method: 'get',
    path: '/schedules',
    tag,
    permission: 'schedules.read',
    summary: 'See all schedules',
    description: 'With their next ticks, and the latest ones with their jobs.',
    answers: { 200: z.object({ schedules: z.array(schedule) }) },
    errors: ['QUEUE_UNAVAILABLE', 'DATABASE_UNAVAILABLE'],
    async handle() {
      return reply(200, { schedules: await schedules.list() });
    },
  });

  const show = route({
    method: 'get',
    path: '/schedules/{schedule}',
    tag,
    permission: 'schedules.read',
    summary: 'See one schedule',
    params: scheduleAddress,
    answers: { 200: z.object({ schedule }) },
    errors,
    async handle({ params }) {
      return reply(200, { schedule: await schedules.find(params.schedule) });
    },
  });

  const run = route({
    method: 'post',
    path: '/schedules/{schedule}/run',
    tag,
    permission: 'schedules.change',
    summary: 'Run a schedule now',
    description:
      'Makes its job at once; its ticks come as they would have. Also while it is paused. The same `Idempotency-Key` is the same job: 200.',
    params: scheduleAddress,
    headers: idempotencyHeader,
    answers: {
      200: z.object({ job: z.object({ queue: z.string(), id: z.string() }) }),
      202: z.object({ job: z.object({ queue: z.string(), id: z.string() }) }),
    },
    errors: [...errors, 'JOB_UNAVAILABLE'],
    audit: { action: 'schedule.run', object: objectOf },
    async handle({ params, headers, principal, note }) {
      const { id, created } = await schedules.run(
        params.schedule,
        principal.subject,
        headers['Idempotency-Key'],
      );
      const { queue } = await schedules.find(params.schedule);
      note({ job: `${queue}/${id}`, created });
      const data = { job: { queue, id } };
      return created ? reply(202, data) : reply(200, data);
    },
  });

  const change = route({
    method: 'patch',
    path: '/schedules/{schedule}',
    tag,
    permission: 'schedules.change',
    summary: 'Pause or resume a schedule',
    description:
      'Kept in the database and heeded by every scheduler at its next tick. What was due while it was paused was not missed: it is not made up for, and nobody is alerted. Again is harmless.',
    params: scheduleAddress,
    body: scheduleChange,
    answers: { 200: z.object({ schedule }) },
    errors: [...errors, 'SCHEDULE_NOT_CONFIGURED'],
    audit: { action: 'schedule.change', object: objectOf },
    async handle({ params, body: { enabled }, principal, note }) {
      note({ enabled });
      return reply(200, {
        schedule: await schedules.setEnabled(params.schedule, enabled, principal.subject),
      });
    },
  });

  const fill = route({
    method: 'post',
    path: '/schedules/{schedule}/backfill',
    tag,
    permission: 'schedules.change',
    summary: 'Make the jobs of ticks that had none',
    description:
      "One job for each tick of the span that has none, with the tick's own date in the payload where it has one, in a span of at most 5,000; they run one after another at the pace. A dry run unless told otherwise. One request deals with at most `limit` ticks; the rest of the span is for the next, with its `nextCursor` as `cursor`, at the same pace. Again is harmless: a tick has one job.",
    params: scheduleAddress,
    body: backfillRequest,
    answers: { 200: z.object({ backfill }), 202: z.object({ backfill }) },
    errors: [...errors, 'INVALID_REQUEST', 'JOB_UNAVAILABLE'],
    audit: { action: 'schedule.backfill', object: objectOf },
    async handle({ params, body, principal, note }) {
      note({ from: body.from.toISOString(), to: body.to.toISOString(), dryRun: body.dryRun });
      const { nextCursor = null, ...filled } = await schedules.backfill(params.schedule, {
        ...body,
        cursor: body.cursor,
        by: principal.subject,
      });
      note({ made: filled.made, missing: filled.missing, left: filled.left });
      const data = { backfill: { ...filled, nextCursor } };
      return body.dryRun ? reply(200, data) : reply(202, data);
    },
  });

  return [list, show, run, change, fill];
}
