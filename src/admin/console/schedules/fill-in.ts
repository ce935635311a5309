import { html, type Markup } from '../../../http/html.ts';
import type { Backfill, ScheduleView } from '../../../queue/schedules.ts';
import type { View } from '../page.ts';
import { faultAt, field, filterForm } from '../parts/forms.ts';
import { table } from '../parts/table.ts';
import { badge, number, time } from '../parts/values.ts';
import { below } from '../parts/ways.ts';
import { schedulesPath } from './tables.ts';

/** A span that somebody asks about, and which of its ticks have no job. */
export interface Asked {
  readonly from: Date | undefined;
  readonly to: Date | undefined;
  /** Where a long span goes on. */
  readonly cursor: string | undefined;
  readonly found: Backfill | undefined;
}

/** Jobs for ticks of the past that have none: first one sees which, then they are made. */
export function fillIn(
  { name }: ScheduleView,
  { from, to, cursor, found }: Asked,
  view: Pick<View, 'form' | 'failed' | 'now'>,
): Markup {
  return html`<h2>Fill in the past</h2>
<p>Makes a job for each tick of a span that has none. First you see which.</p>
${filterForm(
  below(schedulesPath, name),
  [moment('from', 'From (UTC)', from), moment('to', 'To (UTC)', to)],
  'Look for ticks without a job',
)}
${
  found === undefined || from === undefined || to === undefined
    ? undefined
    : html`${tickTable(found, view.now)}${makeForm({ from, to, cursor, found }, view)}`
}`;
}

function moment(name: string, label: string, at: Date | undefined): Markup {
  const value = at?.toISOString().slice(0, 19);
  return field({ name, label, type: 'datetime-local', value, required: true });
}

function tickTable({ ticks, missing, left }: Backfill, now: Date): Markup {
  const more = left === 0 ? '' : `; of those after them ${number(left)} have none`;
  return table({
    caption: `${number(missing)} of ${number(ticks.length)} ticks have no job${more}`,
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

function makeForm(
  {
    from,
    to,
    cursor,
    found,
  }: Pick<Asked, 'cursor'> & { readonly from: Date; readonly to: Date; readonly found: Backfill },
  { form, failed }: Pick<View, 'form' | 'failed'>,
): Markup | undefined {
  const { missing, dated, nextCursor } = found;
  if (missing === 0 && nextCursor === undefined) return undefined;
  return form('backfill', {
    label: missing === 0 ? 'Go on' : missing === 1 ? 'Make 1 job' : `Make ${number(missing)} jobs`,
    hidden: {
      from: from.toISOString(),
      to: to.toISOString(),
      ...(cursor === undefined ? {} : { cursor }),
    },
    fields: field({
      name: 'perSecond',
      label: 'How many a second',
      value: failed?.values.perSecond ?? '1',
      hint: dated
        ? "Each gets its tick's own date."
        : 'Its payload has no date: each runs as if it were due now.',
      required: true,
      fault: faultAt(failed, 'perSecond'),
    }),
  });
}
