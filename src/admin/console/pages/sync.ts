import { z } from 'zod';
import { MillraceError } from '../../../errors/catalogue.ts';
import { html, type Markup } from '../../../http/html.ts';
import type { Lists, SyncRun, SyncWindow } from '../../../integrations/database/port.ts';
import { type ConsolePage, definePage } from '../page.ts';
import { choice, filterForm, optionsOf } from '../parts/forms.ts';
import { cursor, rowsAtOnce } from '../parts/lists.ts';
import { facts, table, tiles } from '../parts/table.ts';
import { badge, id, json, number, text, time } from '../parts/values.ts';
import { address, below, pager } from '../parts/ways.ts';

export interface SyncServices {
  readonly lists: Pick<Lists, 'syncRuns' | 'syncRun' | 'syncRejects' | 'syncState'>;
}

const path = '/admin/sync';
const filter = z.object({ kind: z.string().max(100).optional(), cursor });
const runAddress = z.object({ kind: z.string().max(100), job: z.string().max(1_000) });

/** Syncs: how far each has come, what it brought, and what it could not read. */
export function syncPages({ lists }: SyncServices): ConsolePage[] {
  const list = definePage({
    path: '/sync',
    title: 'Sync',
    nav: 'Sync',
    permission: 'syncs.read',
    query: filter,
    async render({ query, now }) {
      const { kind } = query;
      const [state, page] = await Promise.all([
        lists.syncState(),
        lists.syncRuns({ kind }, { cursor: query.cursor, limit: rowsAtOnce }),
      ]);
      return {
        body: html`${tiles([
          ...state.kinds.map((one) => ({
            name: one.kind,
            value: one.syncedThrough ?? '–',
            hint: 'seen up to this day',
          })),
          ...state.requests.map(({ key, used }) => ({ name: `Requests today: ${key}`, value: number(used) })),
        ])}
${filterForm(path, [
  choice({
    name: 'kind',
    label: 'Kind',
    value: kind,
    options: optionsOf(
      state.kinds.map((one) => one.kind),
      'All kinds',
    ),
  }),
])}
${table({
  caption: 'Syncs, by when they last came on',
  empty: 'Nothing has been synced. A sync is a job of the queue sync.',
  rows: page.rows,
  columns: [
    {
      head: 'Sync',
      names: true,
      cell: (run) =>
        html`<a href="${below(path, run.kind, run.jobKey)}">${run.totals.from} to ${run.totals.to}</a><br><small>${run.kind}</small>`,
    },
    { head: 'State', cell: stateOf },
    { head: 'Fetched', number: true, cell: ({ totals }) => number(totals.fetched) },
    { head: 'New', number: true, cell: ({ totals }) => number(totals.inserted) },
    { head: 'Changed', number: true, cell: ({ totals }) => number(totals.updated) },
    { head: 'As before', number: true, cell: ({ totals }) => number(totals.unchanged) },
    { head: 'Rejects', number: true, cell: ({ rejects }) => number(rejects) },
    { head: 'Requests', number: true, cell: ({ totals }) => number(totals.requestsUsed) },
    { head: 'Last came on', cell: ({ updatedAt }) => time(updatedAt, now) },
  ],
})}
${pager(path, { kind }, { cursor: query.cursor, next: page.next })}`,
      };
    },
  });

  const show = definePage({
    path: '/sync/:kind/:job',
    title: 'Sync',
    nav: 'Sync',
    permission: 'syncs.read',
    params: runAddress,
    query: z.object({ cursor }),
    async render({ params, query, now }) {
      const run = await lists.syncRun(params.kind, params.job);
      if (run === undefined) {
        throw new MillraceError(
          'NOT_FOUND',
          'There is no such sync, or it has been removed. /admin/sync lists them.',
        );
      }
      const here = below(path, run.kind, run.jobKey);
      const rejects = await lists.syncRejects(run, { cursor: query.cursor, limit: rowsAtOnce });
      const { totals } = run;
      return {
        title: `${run.kind}, ${totals.from} to ${totals.to}`,
        crumbs: [{ label: 'Sync', href: path }],
        body: html`${tiles([
          { name: 'Fetched', value: number(totals.fetched) },
          { name: 'New', value: number(totals.inserted) },
          { name: 'Changed', value: number(totals.updated) },
          { name: 'As before', value: number(totals.unchanged) },
          { name: 'Left out', value: number(totals.skipped) },
          {
            name: 'Requests',
            value: number(totals.requestsUsed),
            hint: totals.pages === 1 ? '1 page' : `${number(totals.pages)} pages`,
          },
        ])}
${facts({
  State: stateOf(run),
  'Key of the work': id(run.jobKey),
  'Last came on': time(run.updatedAt, now),
  'Next page': run.windows.length === 0 ? undefined : number(run.nextPage + 1),
})}
${table({
  caption: 'Still to be read',
  empty: 'Everything has been read.',
  rows: run.windows,
  columns: [{ head: 'Records', names: true, cell: windowOf }],
})}
${table({
  caption: 'Why records were left out',
  empty: 'No record was left out.',
  rows: Object.entries(totals.skippedReasons),
  columns: [
    { head: 'Reason', names: true, cell: ([reason]) => text(reason) },
    { head: 'Records', number: true, cell: ([, count]) => number(count) },
  ],
})}
${table({
  caption: 'Records that could not be read, the latest first',
  empty: 'No record of this sync is kept that could not be read.',
  rows: rejects.rows,
  columns: [
    { head: 'Record', names: true, cell: ({ recordId }) => text(recordId ?? 'without an id') },
    { head: 'Reason', cell: ({ reason }) => text(reason) },
    { head: 'Met', cell: ({ createdAt }) => time(createdAt, now) },
    {
      head: 'As it came',
      cell: ({ id: reject, recordId, raw }) =>
        html`<details><summary>Record ${recordId ?? reject}</summary>${json(raw, `Record ${recordId ?? reject}`)}</details>`,
    },
  ],
})}
${pager(address(here), {}, { cursor: query.cursor, next: rejects.next })}`,
      };
    },
  });

  return [list, show];
}

function stateOf({ running, windows }: SyncRun): Markup {
  if (running) return badge('running', 'busy');
  return windows.length === 0 ? badge('through', 'good') : badge('stopped on its way', 'warn');
}

function windowOf({ posted, registered, updated, ueis }: SyncWindow): string {
  const range = (what: string, dates: { start: string; end: string } | undefined) =>
    dates === undefined ? [] : [`${what} ${dates.start} to ${dates.end}`];
  const parts = [
    ...range('posted', posted),
    ...range('registered', registered),
    ...range('updated', updated),
    ...(ueis === undefined ? [] : [`${ueis.length} UEIs`]),
  ];
  return parts.length === 0 ? 'all' : parts.join(', ');
}
