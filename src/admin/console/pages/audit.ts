import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { z } from 'zod';
import { auditActions } from '../../../access/audit-actions.ts';
import { auditCsv } from '../../../access/audit-csv.ts';
import { auditFilterOf, auditQuery } from '../../../access/audit-query.ts';
import type { AuditTrail } from '../../../access/audit-trail.ts';
import { parse } from '../../../http/answer.ts';
import { html, type Markup } from '../../../http/html.ts';
import { entryOf } from '../../../http/middleware/audit.ts';
import { paths } from '../../../http/page-paths.ts';
import { type AuditLog, type AuditRecord, auditOutcomes } from '../../../integrations/database/port.ts';
import { type ConsoleFile, type ConsolePage, definePage } from '../page.ts';
import { choice, field, filterForm, optionsOf } from '../parts/forms.ts';
import { table } from '../parts/table.ts';
import { badge, none, text, time } from '../parts/values.ts';
import { address, pager } from '../parts/ways.ts';

export interface AuditServices {
  readonly audit: AuditLog;
  readonly trail: AuditTrail;
}

const path = `${paths.home}/audit`;
const rows = 50;

const query = auditQuery
  .extend({
    cursor: z
      .string()
      .regex(/^[1-9]\d{0,17}$/, 'must be a link of a page of ours')
      .optional(),
  })
  .strip();

/** Who did what: found by person, action, object, outcome and time. */
export function auditPage({ audit }: Pick<AuditServices, 'audit'>): ConsolePage {
  return definePage({
    path: '/audit',
    title: 'Audit',
    nav: 'Audit',
    permission: 'audit.read',
    query,
    async render({ query: { cursor, ...filter }, now }) {
      const found = await audit.list({ ...auditFilterOf(filter), before: cursor }, rows + 1);
      const entries = found.slice(0, rows);
      const next = found.length > rows ? entries.at(-1)?.id : undefined;
      const asked = { ...filter, from: formTime(filter.from), until: formTime(filter.until) };
      return {
        body: html`<p>Every change is written here before it is made. The log only grows.</p>
${filterForm(path, [
  field({ name: 'actor', label: 'Who', value: filter.actor, hint: 'A subject, to the letter' }),
  choice({
    name: 'action',
    label: 'Action',
    value: filter.action,
    options: [
      { value: '', label: 'Every action' },
      ...Object.entries(auditActions).map(([value, meaning]) => ({ value, label: `${meaning} (${value})` })),
    ],
  }),
  field({
    name: 'object',
    label: 'On what',
    value: filter.object,
    hint: 'Such as job:email/42, or job:email/*',
  }),
  choice({
    name: 'outcome',
    label: 'Outcome',
    value: filter.outcome,
    options: optionsOf([...auditOutcomes, 'open'], 'Every outcome'),
  }),
  field({ name: 'from', label: 'From (UTC)', type: 'datetime-local', value: asked.from }),
  field({ name: 'until', label: 'Until (UTC)', type: 'datetime-local', value: asked.until }),
])}
<p><a href="${address(`${path}.csv`, asked)}" download>All of these as CSV</a></p>
${entryTable(entries, now)}
${pager(path, asked, { cursor, next })}`,
      };
    },
  });
}

/** The entries that a filter finds, as CSV. That somebody took them along stands in the log, too. */
export function auditFile({ audit, trail }: AuditServices): ConsoleFile {
  return {
    path: '/audit.csv',
    permission: 'audit.read',
    handlers: [
      async (request, response) => {
        const given = Object.entries({ ...request.query }).filter(([, value]) => value !== '');
        const filter = auditFilterOf(parse(auditQuery, Object.fromEntries(given), 'query'));
        await trail.during(entryOf(request, 'audit.export', 'audit:log'), async () => {
          response.attachment('audit.csv').type('csv');
          await pipeline(Readable.from(auditCsv(audit, filter)), response);
        });
      },
    ],
  };
}

function entryTable(entries: readonly AuditRecord[], now: Date): Markup {
  return table({
    caption: 'What was done',
    empty: 'Nothing that was done fits this.',
    rows: entries,
    columns: [
      { head: 'When', cell: ({ at }) => time(at, now) },
      { head: 'Who', names: true, cell: who },
      {
        head: 'What',
        cell: ({ action }) => html`${meaningOf(action)}<br><small><code>${action}</code></small>`,
      },
      { head: 'On what', words: true, cell: ({ object }) => html`<code>${object}</code>` },
      { head: 'Outcome', cell: ({ outcome }) => outcomeBadge(outcome) },
      { head: 'From where', cell: ({ address: from }) => (from === undefined ? none() : text(from)) },
      { head: 'Detail', cell: detailOf },
    ],
  });
}

function who({ name, subject, role, via }: AuditRecord): Markup {
  const shown =
    name === undefined || name === subject ? text(subject) : html`${text(name)} (${text(subject)})`;
  return html`${shown}<br><small>${role ?? 'not let in'}, by ${via}</small>`;
}

function meaningOf(action: string): string {
  return Object.entries(auditActions).find(([name]) => name === action)?.[1] ?? 'Unknown to this version';
}

function outcomeBadge(outcome: AuditRecord['outcome']): Markup {
  if (outcome === undefined) return badge('open', 'busy');
  return badge(outcome, outcome === 'done' ? 'good' : outcome === 'refused' ? 'warn' : 'bad');
}

function detailOf({ detail, correlationId, userAgent }: AuditRecord): Markup {
  const facts = Object.entries(detail ?? {}).map(
    ([name, value]) =>
      html`<div>${name}: ${text(Array.isArray(value) ? value.join(', ') : String(value))}</div>`,
  );
  const agent = userAgent === undefined ? undefined : html`<div>by ${text(userAgent)}</div>`;
  return html`${facts}<details><summary>Request</summary><div><code>${correlationId}</code></div>${agent}</details>`;
}

/** As a field for a moment has it. */
function formTime(at: Date | undefined): string | undefined {
  return at?.toISOString().slice(0, 19);
}
