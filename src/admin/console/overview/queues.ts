import { html, type Markup } from '../../../http/html.ts';
import { paths } from '../../../http/page-paths.ts';
import type { LiveProcess } from '../../../integrations/database/port.ts';
import type { QueueView, Spread } from '../../../queue/queue-control.ts';
import type { View } from '../page.ts';
import { table, tiles } from '../parts/table.ts';
import { badge, duration, number } from '../parts/values.ts';

/** The sums that one looks at first. */
export function glance(queues: readonly QueueView[], processes: readonly LiveProcess[]): Markup {
  const sum = (of: (queue: QueueView) => number) => queues.reduce((total, queue) => total + of(queue), 0);
  const workers = processes.filter(({ roles }) => roles.includes('worker')).length;
  const oldest = Math.max(0, ...queues.map(({ oldestWaitingSeconds }) => oldestWaitingSeconds));
  return tiles([
    { name: 'Waiting', value: number(sum(({ counts }) => counts.waiting)) },
    { name: 'Active', value: number(sum(({ counts }) => counts.active)) },
    { name: 'Delayed', value: number(sum(({ counts }) => counts.delayed)) },
    { name: 'Dead letters', value: number(sum(({ deadLetters }) => deadLetters)) },
    {
      name: 'Done a minute',
      value: number(sum(({ perMinute }) => perMinute.completed)),
      hint: 'last 5 min',
    },
    {
      name: 'Failed a minute',
      value: number(sum(({ perMinute }) => perMinute.failed)),
      hint: 'last 5 min',
    },
    { name: 'Oldest waiting', value: duration(oldest === 0 ? undefined : oldest) },
    { name: 'Worker processes', value: number(workers) },
  ]);
}

export function queueTable(queues: readonly QueueView[], view: Pick<View, 'form'>): Markup {
  return table({
    caption: 'Queues',
    empty: 'There are no queues.',
    rows: queues,
    columns: [
      {
        head: 'Queue',
        names: true,
        cell: ({ name, summary }) =>
          html`<a href="${paths.board}/queue/${name}">${name}</a><br><small>${summary}</small>`,
      },
      { head: 'State', cell: (queue) => html`${stateOf(queue)} ${pauseForm(queue, view)}` },
      {
        head: 'Waiting',
        number: true,
        cell: ({ counts, oldestWaitingSeconds: oldest }) =>
          html`${number(counts.waiting)}${oldest === 0 ? undefined : html`<br><small>oldest ${duration(oldest)}</small>`}`,
      },
      { head: 'Active', number: true, cell: ({ counts }) => number(counts.active) },
      { head: 'Delayed', number: true, cell: ({ counts }) => number(counts.delayed) },
      { head: 'Completed', number: true, cell: ({ counts }) => number(counts.completed) },
      {
        head: 'Dead letters',
        number: true,
        cell: ({ name, deadLetters }) =>
          html`<a href="${paths.home}/dead-letters?queue=${name}" aria-label="${number(deadLetters)} dead letters of ${name}">${number(deadLetters)}</a>`,
      },
      {
        head: 'A minute',
        number: true,
        cell: ({ perMinute: { completed, failed, retried } }) =>
          html`${number(completed)} done<br><small>${number(failed)} failed<br>${number(retried)} retried</small>`,
      },
      { head: 'Wait', number: true, cell: ({ waitSeconds }) => spread(waitSeconds) },
      { head: 'Run', number: true, cell: ({ durationSeconds }) => spread(durationSeconds) },
    ],
  });
}

function stateOf({ paused, workers }: QueueView): Markup {
  if (paused) return badge('paused', 'warn');
  return workers.length === 0 ? badge('no workers', 'bad') : badge('running', 'good');
}

function spread(times: Spread | undefined): Markup | string {
  if (times === undefined) return '–';
  return html`${duration(times.p50)}<br><small>95 %: ${duration(times.p95)}</small>`;
}

function pauseForm({ name, paused }: QueueView, view: Pick<View, 'form'>): Markup | undefined {
  const label = paused ? 'Resume' : 'Pause';
  return view.form(paused ? 'resume' : 'pause', {
    label,
    name: `${label} ${name}`,
    tone: 'quiet',
    hidden: { queue: name },
  });
}
