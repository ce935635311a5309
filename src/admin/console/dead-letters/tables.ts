import { html, type Markup } from '../../../http/html.ts';
import type {
  DeadLetterFilter,
  DeadLetterGroup,
  DeadLetterOperation,
  DeadLetterRecord,
} from '../../../integrations/database/port.ts';
import { table } from '../parts/table.ts';
import { badge, number, type Tone, text, time } from '../parts/values.ts';
import { address, below } from '../parts/ways.ts';
import { asQuery } from './filter.ts';

export const lettersPath = '/admin/dead-letters';
export const dryRunPath = `${lettersPath}/replay`;

const letterTones: Readonly<Record<DeadLetterRecord['state'], Tone>> = {
  open: 'bad',
  replayed: 'good',
  discarded: 'quiet',
};
const operationTones: Readonly<Record<DeadLetterOperation['state'], Tone>> = {
  running: 'busy',
  stopped: 'warn',
  done: 'good',
};

export function letterBadge(state: DeadLetterRecord['state']): Markup {
  return badge(state, letterTones[state]);
}

export function operationBadge(state: DeadLetterOperation['state']): Markup {
  return badge(state, operationTones[state]);
}

export function groupTable(
  groups: readonly DeadLetterGroup[],
  filter: DeadLetterFilter,
  now: Date,
  mayChange: boolean,
): Markup {
  const of = (cause: string) => asQuery({ ...filter, cause });
  return table({
    caption: 'Causes, those of most letters first',
    empty: 'No dead letter is open that fits this.',
    rows: groups,
    columns: [
      {
        head: 'What went wrong',
        words: true,
        names: true,
        cell: ({ cause, message, code }) =>
          html`<a href="${address(lettersPath, of(cause))}">${text(message === '' ? code : message)}</a><br><small><code>${code}</code></small>`,
      },
      { head: 'Job', cell: ({ queue, job }) => html`${queue} / ${job}` },
      { head: 'Letters', number: true, cell: ({ count }) => number(count) },
      { head: 'First', cell: ({ firstAt }) => time(firstAt, now) },
      { head: 'Last', cell: ({ lastAt }) => time(lastAt, now) },
      ...(mayChange
        ? [
            {
              head: 'Do',
              cell: ({ cause, count, job }: DeadLetterGroup) =>
                html`<a class="whole" href="${address(dryRunPath, of(cause))}" aria-label="Replay or discard ${number(count)} of ${job}">Replay or discard</a>`,
            },
          ]
        : []),
    ],
  });
}

export function letterTable(letters: readonly DeadLetterRecord[], now: Date, caption: string): Markup {
  return table({
    caption,
    empty: 'No dead letter fits this.',
    rows: letters,
    columns: [
      { head: 'Failed', cell: ({ failedAt }) => time(failedAt, now) },
      {
        head: 'Job',
        names: true,
        cell: ({ id, queue, job, jobId }) =>
          html`<a href="${below(`${lettersPath}/letter`, id)}">${job} ${text(jobId)}</a><br><small>${queue}</small>`,
      },
      {
        head: 'Error',
        words: true,
        cell: ({ code, message }) =>
          html`${text(message.length > 200 ? `${message.slice(0, 200)}…` : message)}<br><small><code>${code}</code></small>`,
      },
      { head: 'Attempts', number: true, cell: ({ attempts }) => number(attempts) },
      { head: 'State', cell: ({ state }) => letterBadge(state) },
    ],
  });
}

export function operationAddress({ kind, id }: Pick<DeadLetterOperation, 'kind' | 'id'>): string {
  return below(`${lettersPath}/operation`, kind, id);
}

export function operationTable(operations: readonly DeadLetterOperation[], now: Date): Markup {
  return table({
    caption: 'Replays and discards of many',
    empty: 'Nothing was replayed or discarded by a filter yet.',
    rows: operations,
    columns: [
      {
        head: 'What',
        names: true,
        cell: (row) => html`<a href="${operationAddress(row)}">${row.kind} of ${number(row.total)}</a>`,
      },
      { head: 'By', cell: ({ requestedBy }) => text(requestedBy) },
      { head: 'Done', number: true, cell: ({ done, total }) => `${number(done)} of ${number(total)}` },
      { head: 'State', cell: ({ state }) => operationBadge(state) },
      { head: 'Began', cell: ({ createdAt }) => time(createdAt, now) },
    ],
  });
}
