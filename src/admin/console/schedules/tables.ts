import { html, type Markup } from '../../../http/html.ts';
import type { ScheduledJob, ScheduleView } from '../../../queue/schedules.ts';
import type { View } from '../page.ts';
import { table } from '../parts/table.ts';
import { badge, clipped, duration, none, type Tone, text, time } from '../parts/values.ts';
import { below, jobAddress } from '../parts/ways.ts';

export const schedulesPath = '/admin/schedules';

export function scheduleTable(rows: readonly ScheduleView[], view: View): Markup {
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
          html`<a href="${below(schedulesPath, name)}">${name}</a><br><small><code>${cron}</code> ${timeZone}</small>`,
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

export function buttons({ name, enabled, configured }: ScheduleView, { form }: Pick<View, 'form'>): Markup {
  const of = (label: string) =>
    ({ label, tone: 'quiet', name: `${label}: ${name}`, hidden: { schedule: name } }) as const;
  return html`<div class="buttons">${form('run', of('Run now'))}${
    enabled ? form('pause', of('Pause')) : configured ? form('resume', of('Resume')) : undefined
  }</div>`;
}

export function stateBadge({ enabled, configured }: ScheduleView): Markup {
  if (enabled) return badge('on', 'good');
  return configured ? badge('paused', 'warn') : badge('off in the configuration');
}

export function tickTable({ queue, ticks }: ScheduleView, now: Date): Markup {
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

export function runTable({ queue, runs }: ScheduleView, now: Date): Markup {
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
  return html`${badge(state, tones[state])} <a href="${jobAddress(queue, id)}">${clipped(id)}</a>`;
}
