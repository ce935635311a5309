import { z } from 'zod';
import { html, type Markup } from '../../../http/html.ts';
import type { Backfill, ScheduledJob, Schedules, ScheduleView } from '../../../queue/schedules.ts';
import { type ConsolePage, defineAction, definePage, type View } from '../page.ts';
import { field, filterForm } from '../parts/forms.ts';
import { facts, table } from '../parts/table.ts';
import { badge, duration, none, number, type Tone, text, time } from '../parts/values.ts';
import { below, jobAddress, live } from '../parts/ways.ts';

export interface ScheduleServices {
  readonly schedules: Schedules;
}

const nav = 'Schedules';
const path = '/admin/schedules';
const moment = z
  .string()
  .regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d/, 'must be a time')
  .transform((value) => new Date(/Z$/.test(value) ? value : `${value}Z`))
  .refine((at) => !Number.isNaN(at.getTime()), 'must be a time');
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
    query: z.object({ from: moment.optional(), to: moment.optional() }),
    actions: {
      ...actions,
      backfill: defineAction({
        permission: 'schedules.change',
        audit: 'schedule.backfill',
        params: named,
        body: z.object({ from: moment, to: moment, perSecond }),
        object: ({ schedule }) => `schedule:${schedule}`,
        async run({ params: { schedule }, body: { from, to, perSecond: pace }, principal, note }) {
          note({ from: from.toISOString(), to: to.toISOString() });
          const by = principal.subject;
          const { made } = await schedules.backfill(schedule, {
            from,
            to,
            dryRun: false,
            perSecond: pace,
            by,
          });
          note({ made });
          return { to: below(path, schedule), notice: `${made} jobs were made for ticks that had none.` };
        },
      }),
    },
    async render(view) {
      const { params, query, now, principal, form, may, failed } = view;
      const schedule = await schedules.find(params.schedule);
      const { from, to } = query;
      const dry =
        from === undefined || to === undefined
          ? undefined
          : await schedules.backfill(schedule.name, {
              from,
              to,
              dryRun: true,
              perSecond: 1,
              by: principal.subject,
            });
      return {
        title: schedule.name,
        crumbs: [{ label: nav, href: path }],
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
${
  may('schedules.change')
    ? html`<h2>Fill in the past</h2>
<p>Makes a job for each tick of a span that has none. First you see which.</p>
${filterForm(
  below(path, schedule.name),
  [
    field({
      name: 'from',
      label: 'From (UTC)',
      type: 'datetime-local',
      value: formTime(from),
      required: true,
    }),
    field({ name: 'to', label: 'To (UTC)', type: 'datetime-local', value: formTime(to), required: true }),
  ],
  'Look for ticks without a job',
)}
${
  dry === undefined || from === undefined || to === undefined
    ? undefined
    : html`${backfillTable(dry, now)}${
        dry.missing === 0
          ? undefined
          : form('backfill', {
              label: `Make ${number(dry.missing)} jobs`,
              hidden: { from: from.toISOString(), to: to.toISOString() },
              fields: field({
                name: 'perSecond',
                label: 'How many a second',
                value: failed?.values.perSecond ?? '1',
                hint: dry.dated
                  ? "Each gets its tick's own date."
                  : 'Its payload has no date: each runs as if it were due now.',
                required: true,
              }),
            })
      }`
}`
    : undefined
}`,
      };
    },
  });

  return [list, show];
}

function scheduleTable(rows: readonly ScheduleView[], view: View): Markup {
  const { now, may } = view;
  return table({
    caption: 'Schedules',
    captionHidden: true,
    empty: 'There are no schedules: they stand in config/schedules.ts.',
    rows,
    columns: [
      {
        head: 'Schedule',
        names: true,
        cell: ({ name, cron, timeZone }) =>
          html`<a href="${below(path, name)}">${name}</a><br><small><code>${cron}</code> ${timeZone}</small>`,
      },
      { head: 'Makes', cell: ({ queue, job }) => `${queue} / ${job}` },
      { head: 'State', cell: stateBadge },
      { head: 'Next', cell: ({ next }) => time(next[0], now) },
      { head: 'Last', cell: ({ ticks }) => time(ticks[0]?.tickAt, now) },
      {
        head: 'Its job',
        cell: ({ queue, ticks }) => (ticks[0]?.job === undefined ? none() : jobLink(queue, ticks[0].job)),
      },
      {
        head: 'Late by',
        number: true,
        cell: ({ ticks }) => duration(ticks[0]?.latenessSeconds),
      },
      ...(may('schedules.change')
        ? [{ head: 'Do', cell: (schedule: ScheduleView) => buttons(schedule, view) }]
        : []),
    ],
  });
}

function buttons({ name, enabled, configured }: ScheduleView, { form }: Pick<View, 'form'>): Markup {
  const of = (label: string) =>
    ({ label, tone: 'quiet', name: `${label}: ${name}`, hidden: { schedule: name } }) as const;
  return html`<div class="buttons">${form('run', of('Run now'))}${
    enabled ? form('pause', of('Pause')) : configured ? form('resume', of('Resume')) : undefined
  }</div>`;
}

function stateBadge({ enabled, configured }: ScheduleView): Markup {
  if (enabled) return badge('on', 'good');
  return configured ? badge('paused', 'warn') : badge('off in the configuration');
}

function tickTable({ queue, ticks }: ScheduleView, now: Date): Markup {
  return table({
    caption: 'Ticks, the latest first',
    captionHidden: true,
    empty: 'It has not ticked yet.',
    rows: ticks,
    columns: [
      { head: 'Tick', names: true, cell: ({ tickAt }) => time(tickAt, now) },
      {
        head: 'Its job',
        cell: ({ job }) => (job === undefined ? badge('being made', 'busy') : jobLink(queue, job)),
      },
      { head: 'Late by', number: true, cell: ({ latenessSeconds }) => duration(latenessSeconds) },
      { head: 'Began', cell: ({ job }) => time(job?.startedAt, now) },
      { head: 'Ended', cell: ({ job }) => time(job?.finishedAt, now) },
      {
        head: 'How',
        cell: ({ caughtUp, backfilledBy }) =>
          backfilledBy !== undefined
            ? html`filled in by ${text(backfilledBy)}`
            : caughtUp
              ? 'made up for'
              : 'on time',
      },
    ],
  });
}

function runTable({ queue, runs }: ScheduleView, now: Date): Markup {
  return table({
    caption: 'Jobs that were made by hand, the latest first',
    captionHidden: true,
    empty: 'Nobody has run it by hand lately.',
    rows: runs,
    columns: [
      { head: 'When', names: true, cell: ({ at }) => time(at, now) },
      { head: 'By', cell: ({ by }) => text(by) },
      { head: 'Job', cell: ({ job }) => jobLink(queue, job) },
      { head: 'Ended', cell: ({ job }) => time(job.finishedAt, now) },
    ],
  });
}

function backfillTable({ ticks, missing }: Backfill, now: Date): Markup {
  return table({
    caption: `${number(missing)} of ${number(ticks.length)} ticks have no job`,
    empty: 'It has no tick in that span.',
    rows: ticks,
    columns: [
      { head: 'Tick', names: true, cell: ({ tickAt }) => time(tickAt, now) },
      {
        head: 'State',
        cell: ({ state }) =>
          state === 'missing'
            ? badge('no job', 'warn')
            : state === 'forgotten'
              ? badge('too long ago to know')
              : badge('has its job', 'good'),
      },
    ],
  });
}

const tones: Readonly<Record<ScheduledJob['state'], Tone>> = {
  waiting: 'busy',
  active: 'busy',
  delayed: 'busy',
  completed: 'good',
  failed: 'bad',
  cancelled: 'warn',
  unknown: 'quiet',
  forgotten: 'quiet',
};

function jobLink(queue: string, { id, state }: ScheduledJob): Markup {
  return html`${badge(state, tones[state])} <a href="${jobAddress(queue, id)}">${text(id)}</a>`;
}

function formTime(at: Date | undefined): string | undefined {
  return at?.toISOString().slice(0, 19);
}
