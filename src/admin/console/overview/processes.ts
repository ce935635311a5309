import type { Health } from '../../../http/examination.ts';
import { html, type Markup } from '../../../http/html.ts';
import type { LiveProcess } from '../../../integrations/database/port.ts';
import { table } from '../parts/table.ts';
import { badge, bytes, json, none, text, time } from '../parts/values.ts';

/** Processes that have told of themselves in the last half minute. */
export function processTable(processes: readonly LiveProcess[], now: Date): Markup {
  return table({
    caption: 'Processes',
    captionHidden: true,
    empty: 'No process has told of itself in the last half minute.',
    rows: processes,
    columns: [
      {
        head: 'Process',
        names: true,
        cell: ({ instance, host, pid, version }) =>
          html`${text(instance)}<br><small>${text(host)}, pid ${pid}, version ${version}</small>`,
      },
      { head: 'Does', cell: ({ roles }) => (roles.length === 0 ? 'supervises' : roles.join(', ')) },
      { head: 'Runs', cell: ({ active }) => runs(active) },
      { head: 'Memory', number: true, cell: ({ memoryBytes }) => bytes(memoryBytes) },
      { head: 'Started', cell: ({ startedAt }) => time(startedAt, now) },
      { head: 'Last word', cell: ({ seenAt }) => time(seenAt, now) },
    ],
  });
}

function runs(active: Readonly<Record<string, number>>): Markup | string {
  const some = Object.entries(active).filter(([, count]) => count > 0);
  return some.length === 0 ? none() : some.map(([queue, count]) => `${count} × ${queue}`).join(', ');
}

export function componentTable({ components }: Health): Markup {
  return table({
    caption: 'Components',
    captionHidden: true,
    empty: 'Nothing is looked at here.',
    rows: Object.entries(components),
    columns: [
      { head: 'Component', names: true, cell: ([name]) => name },
      {
        head: 'State',
        cell: ([, { state }]) => (state === 'up' ? badge('up', 'good') : badge('down', 'bad')),
      },
      { head: 'Answered in', number: true, cell: ([, { latencyMs }]) => `${latencyMs} ms` },
      {
        head: 'Details',
        cell: ([name, component]) => {
          if (component.state === 'down') return text(component.error);
          return component.details === undefined
            ? none()
            : html`<details><summary>What ${name} says</summary>${json(component.details, `What ${name} says`)}</details>`;
        },
      },
    ],
  });
}
