import { z } from 'zod';
import { MillraceError } from '../../../errors/catalogue.ts';
import { html } from '../../../http/html.ts';
import type { DocumentRow, Documents, Lists } from '../../../integrations/database/port.ts';
import { type ConsolePage, definePage } from '../page.ts';
import { choice, field, filterForm, optionsOf } from '../parts/forms.ts';
import { cursor, rowsAtOnce } from '../parts/lists.ts';
import { facts, table } from '../parts/table.ts';
import { bytes, id, number, text, time } from '../parts/values.ts';
import { below, jobAddress, pager } from '../parts/ways.ts';

/** A link at which a document can be fetched by whoever has it, until it expires. */
export type LinkToDocument = (
  row: DocumentRow,
) => Promise<{ readonly url: string; readonly expiresAt: Date }>;

export interface DocumentServices {
  readonly lists: Pick<Lists, 'documents'>;
  readonly documents: Pick<Documents, 'find'>;
  readonly linkTo: LinkToDocument;
}

const path = '/admin/documents';
const formats = ['pdf', 'xlsx', 'csv', 'ndjson', 'txt'];
const filter = z.object({
  kind: z.string().max(100).optional(),
  format: z.string().max(20).optional(),
  cursor,
});
const address = z.object({ id: z.string().max(300) });

/** What jobs have made: reports, exports, matrices. */
export function documentPages({ lists, documents, linkTo }: DocumentServices): ConsolePage[] {
  const list = definePage({
    path: '/documents',
    title: 'Documents',
    nav: 'Documents',
    permission: 'documents.read',
    query: filter,
    async render({ query, now }) {
      const { kind, format } = query;
      const page = await lists.documents({ kind, format }, { cursor: query.cursor, limit: rowsAtOnce });
      return {
        body: html`${filterForm(path, [
          field({ name: 'kind', label: 'Kind', value: kind, hint: 'Whole, such as report-weekly' }),
          choice({
            name: 'format',
            label: 'Format',
            value: format,
            options: optionsOf(formats, 'All formats'),
          }),
        ])}
${table({
  caption: 'Documents, the newest first',
  empty: 'No document fits. Documents are removed when their retention has passed.',
  rows: page.rows,
  columns: [
    {
      head: 'Title',
      names: true,
      cell: (row) => html`<a href="${below(path, row.id)}">${text(row.title)}</a>`,
    },
    { head: 'Kind', cell: ({ kind: one }) => one },
    { head: 'Format', cell: ({ format: one }) => one },
    { head: 'Size', number: true, cell: (row) => bytes(row.bytes) },
    { head: 'Made', cell: ({ createdAt }) => time(createdAt, now) },
  ],
})}
${pager(path, { kind, format }, { cursor: query.cursor, next: page.next })}`,
      };
    },
  });

  const show = definePage({
    path: '/documents/:id',
    title: 'Document',
    nav: 'Documents',
    permission: 'documents.read',
    params: address,
    async render({ params, now }) {
      const row = await documents.find(params.id);
      if (row === undefined) throw new MillraceError('DOCUMENT_NOT_FOUND', 'No document has that id.');
      const { url, expiresAt } = await linkTo(row);
      return {
        title: row.title,
        crumbs: [{ label: 'Documents', href: path }],
        body: html`<p><a href="${url}" rel="noreferrer">Fetch ${text(row.fileName)}</a> <small>The link needs no sign-in and is good until ${time(expiresAt, now)}.</small></p>
${facts({
  Id: id(row.id),
  Kind: row.kind,
  Format: row.format,
  File: text(row.fileName),
  Type: row.contentType,
  Size: bytes(row.bytes),
  Pages: row.pages === undefined ? undefined : number(row.pages),
  Rows: row.rows === undefined ? undefined : number(row.rows),
  'Of user': row.userId === undefined ? undefined : text(row.userId),
  Made: time(row.createdAt, now),
  'Made by job':
    row.jobId === undefined
      ? undefined
      : html`<a href="${jobAddress('document', row.jobId)}">${row.jobId}</a>`,
  'Key of the work': id(row.jobKey),
  'Kept under': html`<code>${row.storageKey}</code>`,
  'SHA-256': html`<code>${row.sha256}</code>`,
})}`,
      };
    },
  });

  return [list, show];
}
