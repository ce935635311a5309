import { z } from 'zod';
import { html } from '../../../http/html.ts';
import { paths } from '../../../http/page-paths.ts';
import type { QueueControl, QueueView } from '../../../queue/queue-control.ts';
import { type ConsolePage, defineAction, definePage, type View } from '../page.ts';
import { table } from '../parts/table.ts';
import { badge, duration, number } from '../parts/values.ts';
import { live } from '../parts/ways.ts';

export interface OverviewServices {
  readonly queueControl: Pick<QueueControl, 'list' | 'pause' | 'resume'>;
}

const body = z.strictObject({ queue: z.string().max(128) });
const change = {
  permission: 'queues.change',
  body,
  object: (_params: undefined, { queue }: z.output<typeof body>) => `queue:${queue}`,
} as const;

/** The queues at a glance. */
export function overviewPage({ queueControl }: OverviewServices): ConsolePage {
  return definePage({
    path: '/',
    title: 'Overview',
    nav: 'Overview',
    permission: 'queues.read',
    actions: {
      pause: defineAction({
        ...change,
        audit: 'queue.pause',
        async run({ body: { queue } }) {
          const { name } = await queueControl.pause(queue);
          return { notice: `${name} is paused: jobs that run go on, no others begin.` };
        },
      }),
      resume: defineAction({
        ...change,
        audit: 'queue.resume',
        async run({ body: { queue } }) {
          const { name } = await queueControl.resume(queue);
          return { notice: `${name} goes on.` };
        },
      }),
    },
    async render(view) {
      const queues = await queueControl.list();
      return { body: live('queues', 5, queueTable(queues, view)) };
    },
  });
}

function queueTable(queues: readonly QueueView[], view: View) {
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
      {
        head: 'State',
        cell: ({ paused }) => (paused ? badge('paused', 'warn') : badge('running', 'good')),
      },
      { head: 'Waiting', number: true, cell: ({ counts }) => number(counts.waiting) },
      { head: 'Active', number: true, cell: ({ counts }) => number(counts.active) },
      { head: 'Delayed', number: true, cell: ({ counts }) => number(counts.delayed) },
      { head: 'Completed', number: true, cell: ({ counts }) => number(counts.completed) },
      { head: 'Dead letters', number: true, cell: ({ deadLetters }) => number(deadLetters) },
      {
        head: 'Oldest waiting',
        number: true,
        cell: ({ oldestWaitingSeconds: seconds }) => duration(seconds === 0 ? undefined : seconds),
      },
      ...(view.may('queues.change')
        ? [{ head: 'Change', cell: (queue: QueueView) => pauseForm(queue, view) }]
        : []),
    ],
  });
}

function pauseForm({ name, paused }: QueueView, view: View) {
  const label = paused ? 'Resume' : 'Pause';
  return view.form(paused ? 'resume' : 'pause', {
    label,
    name: `${label} ${name}`,
    tone: 'quiet',
    hidden: { queue: name },
  });
}
