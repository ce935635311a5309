import { z } from 'zod';
import { queueNames } from '../../../../queues/index.ts';
import type { Examine } from '../../../http/examination.ts';
import { html } from '../../../http/html.ts';
import type { QueueControl } from '../../../queue/queue-control.ts';
import { activityCharts, spans } from '../overview/activity.ts';
import { componentTable, processTable } from '../overview/processes.ts';
import { glance, queueTable } from '../overview/queues.ts';
import { type ConsolePage, defineAction, definePage } from '../page.ts';
import { choice, filterForm, optionsOf } from '../parts/forms.ts';
import { live } from '../parts/ways.ts';

export interface OverviewServices {
  readonly queueControl: Pick<
    QueueControl,
    'list' | 'pause' | 'resume' | 'activity' | 'activityOfAll' | 'processes'
  >;
  /** Looks at every component. */
  readonly examine: Examine;
}

const query = z.object({
  span: z.enum(['hour', 'day']).default('hour'),
  /** Of which queue the charts tell; all when absent. */
  queue: z.enum(queueNames).optional(),
});

const body = z.strictObject({ queue: z.string().max(128) });
const change = {
  permission: 'queues.change',
  body,
  object: (_params: undefined, { queue }: z.output<typeof body>) => `queue:${queue}`,
} as const;

/** How everything does, at a glance: queues, what they did, the processes, and what they need. */
export function overviewPage({ queueControl, examine }: OverviewServices): ConsolePage {
  return definePage({
    path: '/',
    title: 'Overview',
    nav: 'Overview',
    permission: 'queues.read',
    query,
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
      const { span, queue } = view.query;
      const { ms, stepSeconds } = spans[span];
      // The step that runs is shown as well.
      const until = new Date(Math.ceil(view.now.getTime() / stepSeconds / 1_000) * stepSeconds * 1_000);
      const from = new Date(until.getTime() - ms);
      const [queues, steps, processes, health] = await Promise.all([
        queueControl.list(),
        queue === undefined
          ? queueControl.activityOfAll(from, until, stepSeconds)
          : queueControl.activity(queue, from, until, stepSeconds),
        queueControl.processes(),
        examine(),
      ]);
      return {
        body: html`${live('queues', 5, html`${glance(queues, processes)}${queueTable(queues, view)}`)}
<h2 id="activity-heading">What the queues did</h2>
${filterForm(
  '/admin',
  [
    choice({
      name: 'span',
      label: 'Time',
      value: span,
      options: Object.entries(spans).map(([value, { label }]) => ({ value, label })),
    }),
    choice({ name: 'queue', label: 'Queue', value: queue, options: optionsOf(queueNames, 'All queues') }),
  ],
  'Show',
)}
${live('activity', 5, activityCharts({ steps, from, until, stepSeconds }))}
<h2>Processes</h2>
${live('processes', 5, processTable(processes, view.now))}
<h2>What they need</h2>
${live('components', 5, componentTable(health))}`,
      };
    },
  });
}
