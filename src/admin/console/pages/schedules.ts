import { z } from 'zod';
import { html } from '../../../http/html.ts';
import type { Schedules } from '../../../queue/schedules.ts';
import { type ConsolePage, defineAction, definePage } from '../page.ts';
import { facts } from '../parts/table.ts';
import { duration, text, time } from '../parts/values.ts';
import { below, live } from '../parts/ways.ts';
import { fillIn } from '../schedules/fill-in.ts';
import {
  buttons,
  runTable,
  schedulesPath,
  scheduleTable,
  stateBadge,
  tickTable,
} from '../schedules/tables.ts';

export interface ScheduleServices {
  readonly schedules: Schedules;
}

const nav = 'Schedules';
/** Ticks of a backfill that one page shows, and one form makes jobs of. */
const ticksShown = 500;
const moment = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d/, 'must be a time')
  .transform((value) => new Date(/Z$/.test(value) ? value : `${value}Z`))
  .refine((at) => !Number.isNaN(at.getTime()), 'must be a time');
const place = z.string().min(1).max(500);
const named = z.object({ schedule: z.string().max(100) });
const perSecond = z.coerce
  .number({ error: 'must be a number' })
  .min(0.01, 'must be 0.01 at least')
  .max(50, 'must be 50 at most');

/** Schedules: what they did, what comes next, and whether they go on. */
export function schedulePages({ schedules }: ScheduleServices): ConsolePage[] {
  const body = z.object({ schedule: z.string().max(100) });
  const change = {
    permission: 'schedules.change',
    body,
    object: (_params: unknown, { schedule }: z.output<typeof body>) => `schedule:${schedule}`,
  } as const;
  const actions = {
    run: defineAction({
      ...change,
      audit: 'schedule.run',
      async run({ body: { schedule }, principal, note }) {
        const { id } = await schedules.run(schedule, principal.subject);
        note({ job: id });
        return { notice: `${schedule} runs now, as job ${id}.` };
      },
    }),
    pause: defineAction({
      ...change,
      audit: 'schedule.change',
      async run({ body: { schedule }, principal, note }) {
        note({ enabled: false });
        await schedules.setEnabled(schedule, false, principal.subject);
        return { notice: `${schedule} is paused: it makes no jobs until it is resumed.` };
      },
    }),
    resume: defineAction({
      ...change,
      audit: 'schedule.change',
      async run({ body: { schedule }, principal, note }) {
        note({ enabled: true });
        await schedules.setEnabled(schedule, true, principal.subject);
        return { notice: `${schedule} goes on. What was due meanwhile is not made up for.` };
      },
    }),
  };

  const list = definePage({
    path: '/schedules',
    title: 'Schedules',
    nav,
    permission: 'schedules.read',
    actions,
    async render(view) {
      const rows = await schedules.list();
      return {
        body: live('schedules', 15, html`${scheduleTable(rows, view)}`),
      };
    },
  });

  const show = definePage({
    path: '/schedules/:schedule',
    title: 'Schedule',
    nav,
    permission: 'schedules.read',
    params: named,
    query: z.object({ from: moment.optional(), to: moment.optional(), cursor: place.optional() }),
    actions: {
      ...actions,
      backfill: defineAction({
        permission: 'schedules.change',
        audit: 'schedule.backfill',
        params: named,
        body: z.object({ from: moment, to: moment, perSecond, cursor: place.optional() }),
        object: ({ schedule }) => `schedule:${schedule}`,
        async run({ params: { schedule }, body, principal, note }) {
          const span = { from: body.from.toISOString(), to: body.to.toISOString() };
          note(span);
          const { made, left, nextCursor } = await schedules.backfill(schedule, {
            ...body,
            cursor: body.cursor,
            dryRun: false,
            limit: ticksShown,
            by: principal.subject,
          });
          note({ made, left });
          const jobs = made === 1 ? '1 job was' : `${made} jobs were`;
          const notice = `${jobs} made for ticks that had none.`;
          const page = below(schedulesPath, schedule);
          if (nextCursor === undefined) return { to: page, notice };
          // What is left is shown in its turn, and made when it is asked for.
          const rest = new URLSearchParams({ ...span, cursor: nextCursor });
          return { to: `${page}?${rest}`, notice: `${notice} ${left} are left: they stand below.` };
        },
      }),
    },
    async render(view) {
      const { params, query, now, principal, may } = view;
      const schedule = await schedules.find(params.schedule);
      const { from, to, cursor } = query;
      const found =
        from === undefined || to === undefined
          ? undefined
          : await schedules.backfill(schedule.name, {
              from,
              to,
              dryRun: true,
              perSecond: 1,
              limit: ticksShown,
              cursor,
              by: principal.subject,
            });
      return {
        title: schedule.name,
        crumbs: [{ label: nav, href: schedulesPath }],
        body: html`${facts({
          State: stateBadge(schedule),
          'Paused or resumed by':
            schedule.changedBy === undefined
              ? undefined
              : html`${text(schedule.changedBy)}, ${time(schedule.changedAt, now)}`,
          When: html`<code>${schedule.cron}</code> ${schedule.timeZone}`,
          Job: `${schedule.queue} / ${schedule.job}`,
          'Made up for within': duration(schedule.catchUpSeconds),
          Next:
            schedule.next.length === 0
              ? 'None while it is off'
              : html`<ul class="plain">${schedule.next.map((at) => html`<li>${time(at, now)}</li>`)}</ul>`,
        })}
${buttons(schedule, view)}
<h2>Ticks</h2>
${tickTable(schedule, now)}
<h2>Made by hand</h2>
${runTable(schedule, now)}
${may('schedules.change') ? fillIn(schedule, { from, to, cursor, found }, view) : undefined}`,
      };
    },
  });

  return [list, show];
}
