import { z } from 'zod';
import { queues as definitions, queueNames } from '../../../../queues/index.ts';
import { moment } from '../../../access/audit-query.ts';
import { MillraceError } from '../../../errors/catalogue.ts';
import { html, type Markup } from '../../../http/html.ts';
import { paths } from '../../../http/page-paths.ts';
import type { IndexedJob } from '../../../integrations/database/port.ts';
import { type JobSearch, jobCursor } from '../../../job-index/search.ts';
import { type ConsolePage, definePage } from '../page.ts';
import { choice, field, filterForm, optionsOf } from '../parts/forms.ts';
import { jobLink, stateBadge, states } from '../parts/jobs.ts';
import { table } from '../parts/table.ts';
import { clipped, duration, none, text, time } from '../parts/values.ts';
import { address, pager } from '../parts/ways.ts';

export interface SearchServices {
  readonly jobSearch: JobSearch;
}

const path = `${paths.home}/search`;
const rows = 50;
const word = z.string().trim().max(500).optional();

const query = z.object({
  q: word,
  queue: word,
  name: word,
  state: z.enum(states).optional(),
  id: word,
  correlationId: word,
  tenant: word,
  owner: word,
  error: word,
  parent: word,
  rerunOf: word,
  from: moment.optional(),
  to: moment.optional(),
  cursor: jobCursor.optional(),
});

const names = [...new Set(Object.values(definitions).flatMap(({ jobs }) => Object.keys(jobs)))];

/** Every job there was, found by words, ids, state and time. */
export function searchPage({ jobSearch }: SearchServices): ConsolePage {
  return definePage({
    path: '/search',
    title: 'Search',
    nav: 'Search',
    permission: 'jobs.read',
    query,
    async render({ query: asked, now }) {
      if (!jobSearch.on) {
        const body = html`<p class="empty">Jobs cannot be searched here: nothing is kept of them. Set <code>JOB_INDEX=on</code> and start again.</p>`;
        return { body };
      }
      const { cursor, error: errorCode, to: until, ...filter } = asked;
      const found = await jobSearch.page({ ...filter, errorCode, until, cursor }, rows).catch(faultOfWords);
      const again = { ...asked, cursor: undefined, from: formTime(asked.from), to: formTime(until) };
      if ('fault' in found) return { status: 400, body: form(again, found.fault) };
      const since = await jobSearch.behindSince(now);
      return {
        body: html`${form(again)}${since && behind(since, now)}
${table({ ...jobColumns(now), caption: 'Jobs, the newest first', rows: found.jobs, empty })}
${pager(path, again, { cursor, next: found.next })}`,
      };
    },
  });
}

type Asked = { readonly [K in keyof z.output<typeof query>]: string | undefined };

/** Whoever misses a job has to know that it may only be late. */
function behind(since: Date, now: Date): Markup {
  return html`<p class="hint">So many jobs have come that not all can be found yet of what has happened since ${time(since, now)}. They will be when there is time; each job's own page is up to date.</p>`;
}

const empty =
  'No job fits this. Clear what you do not know for sure; a new job may take some seconds to be found.';

/** Words that cannot be searched for are told beside their field, with all that was asked for kept. */
function faultOfWords(error: unknown): { readonly fault: string } {
  const details = error instanceof MillraceError ? error.details : undefined;
  const fault = details?.find(({ path: at }) => at === 'q')?.message;
  if (fault === undefined) throw error;
  return { fault: `This ${fault}.` };
}

function form(asked: Asked, fault?: string): Markup {
  return filterForm(
    path,
    [
      field({
        name: 'q',
        label: 'Words',
        type: 'search',
        value: asked.q,
        fault,
        hint: 'Of payload and failure; invo* for a beginning',
      }),
      choice({
        name: 'queue',
        label: 'Queue',
        value: asked.queue,
        options: optionsOf(queueNames, 'Every queue'),
      }),
      choice({ name: 'name', label: 'Job', value: asked.name, options: optionsOf(names, 'Every job') }),
      choice({
        name: 'state',
        label: 'State',
        value: asked.state,
        options: optionsOf(states, 'Every state'),
      }),
      field({ name: 'id', label: 'Id', value: asked.id }),
      field({ name: 'correlationId', label: 'Correlation id', value: asked.correlationId }),
      field({ name: 'owner', label: 'Added by', value: asked.owner }),
      field({ name: 'tenant', label: 'Tenant', value: asked.tenant }),
      field({ name: 'error', label: 'Error code', value: asked.error, hint: 'Such as JOB_TIMEOUT' }),
      field({ name: 'from', label: 'Added from (UTC)', type: 'datetime-local', value: asked.from }),
      field({ name: 'to', label: 'Added before (UTC)', type: 'datetime-local', value: asked.to }),
    ],
    'Search',
  );
}

/** What a list says of each job. */
function jobColumns(now: Date) {
  return {
    columns: [
      { head: 'Job', names: true, cell: jobLink },
      { head: 'State', cell: ({ state }: IndexedJob) => stateBadge(state) },
      { head: 'Added', cell: ({ addedAt }: IndexedJob) => time(addedAt, now) },
      { head: 'Attempts', number: true, cell: ({ attempts }: IndexedJob) => attempts },
      {
        head: 'Took',
        number: true,
        cell: ({ durationMs }: IndexedJob) =>
          duration(durationMs === undefined ? undefined : durationMs / 1_000),
      },
      { head: 'Added by', cell: ({ owner }: IndexedJob) => (owner === undefined ? none() : text(owner)) },
      { head: 'Correlation id', cell: correlationLink },
      { head: 'Failure', words: true, cell: failureOf },
    ],
  };
}

function correlationLink({ correlationId }: IndexedJob): Markup {
  return correlationId === undefined
    ? none()
    : html`<a href="${address(path, { correlationId })}"><code>${clipped(correlationId)}</code></a>`;
}

function failureOf({ error }: IndexedJob): Markup {
  if (error === undefined) return none();
  const { code, message } = error;
  return html`<a href="${address(path, { error: code })}"><code>${code}</code></a><br><small>${text(message.slice(0, 200))}</small>`;
}

/** As a field of a form has a time: to the minute. */
function formTime(at: Date | undefined): string | undefined {
  return at?.toISOString().slice(0, 16);
}
