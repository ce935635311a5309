import { z } from 'zod';
import { MillraceError } from '../../../errors/catalogue.ts';
import { html } from '../../../http/html.ts';
import type { CerReports, CerStatus, Documents, Lists } from '../../../integrations/database/port.ts';
import { type ConsolePage, definePage } from '../page.ts';
import { choice, filterForm, optionsOf } from '../parts/forms.ts';
import { cursor, rowsAtOnce } from '../parts/lists.ts';
import { facts, table } from '../parts/table.ts';
import { badge, id, maskedAddress, number, type Tone, text, time } from '../parts/values.ts';
import { below, jobAddress, pager } from '../parts/ways.ts';
import type { LinkToDocument } from './documents.ts';

export interface CerServices {
  readonly lists: Pick<Lists, 'cerReports'>;
  readonly cerReports: Pick<CerReports, 'find'>;
  readonly documents: Pick<Documents, 'find'>;
  readonly linkTo: LinkToDocument;
}

const path = '/admin/cer-reports';
const statuses = ['queued', 'processing', 'completed', 'failed'] as const;
const filter = z.object({ status: z.enum(statuses).optional(), cursor });
const address = z.object({ id: z.string().max(300) });

/** Clinical evaluation reports: asked for, rendered, failed. */
export function cerPages({ lists, cerReports, documents, linkTo }: CerServices): ConsolePage[] {
  const list = definePage({
    path: '/cer-reports',
    title: 'Clinical evaluation reports',
    nav: 'Reports (CER)',
    permission: 'cer-reports.read',
    query: filter,
    async render({ query, now }) {
      const { status } = query;
      const page = await lists.cerReports({ status }, { cursor: query.cursor, limit: rowsAtOnce });
      return {
        body: html`${filterForm(path, [
          choice({
            name: 'status',
            label: 'Status',
            value: status,
            options: optionsOf(statuses, 'Every status'),
          }),
        ])}
${table({
  caption: 'Clinical evaluation reports, the newest first',
  empty: 'No report fits. POST /api/cer/reports asks for one.',
  rows: page.rows,
  columns: [
    {
      head: 'Device',
      names: true,
      cell: (row) => html`<a href="${below(path, row.id)}">${text(row.deviceName)}</a>`,
    },
    { head: 'Status', cell: ({ status: one }) => badge(one, tones[one]) },
    { head: 'Error', cell: ({ error }) => (error === undefined ? '–' : html`<code>${error.code}</code>`) },
    { head: 'Asked for by', cell: ({ subject }) => text(subject) },
    { head: 'Attempts', number: true, cell: ({ attempts }) => number(attempts) },
    { head: 'Renderer', cell: ({ renderer }) => renderer ?? '–' },
    { head: 'Created', cell: ({ createdAt }) => time(createdAt, now) },
  ],
})}
${pager(path, { status }, { cursor: query.cursor, next: page.next })}`,
      };
    },
  });

  const show = definePage({
    path: '/cer-reports/:id',
    title: 'Clinical evaluation report',
    nav: 'Reports (CER)',
    permission: 'cer-reports.read',
    params: address,
    async render({ params, now }) {
      const row = await cerReports.find(params.id);
      if (row === undefined)
        throw new MillraceError('CER_REPORT_NOT_FOUND', 'No clinical evaluation report has that id.');
      const document = row.documentId === undefined ? undefined : await documents.find(row.documentId);
      const link = document === undefined ? undefined : await linkTo(document);
      const { error, notifyEmail, notifyUrl } = row;
      return {
        title: row.deviceName,
        crumbs: [{ label: 'Clinical evaluation reports', href: path }],
        body: html`${
          error === undefined
            ? undefined
            : html`<div class="fault"><p><code>${error.code}</code> ${text(error.message)}</p></div>`
        }${
          link === undefined
            ? undefined
            : html`<p><a href="${link.url}" rel="noreferrer">Fetch the PDF</a> <small>The link needs no sign-in and is good until ${time(link.expiresAt, now)}.</small></p>`
        }
${facts({
  Id: id(row.id),
  Status: badge(row.status, tones[row.status]),
  'Asked for by': text(row.subject),
  Job: html`<a href="${jobAddress('document', row.jobId)}">${row.jobId}</a>`,
  Attempts: number(row.attempts),
  'Failures of the browser': number(row.browserFailures),
  Renderer: row.renderer,
  Document:
    document === undefined
      ? undefined
      : html`<a href="${below('/admin/documents', document.id)}">${text(document.title)}</a>`,
  'Notice by mail': notifyEmail === undefined ? undefined : text(maskedAddress(notifyEmail)),
  'Notice to': notifyUrl === undefined ? undefined : text(notifyUrl),
  'Correlation id': id(row.correlationId),
  Created: time(row.createdAt, now),
  Started: row.startedAt === undefined ? undefined : time(row.startedAt, now),
  Completed: row.completedAt === undefined ? undefined : time(row.completedAt, now),
  Failed: row.failedAt === undefined ? undefined : time(row.failedAt, now),
})}`,
      };
    },
  });

  return [list, show];
}

const tones: Readonly<Record<CerStatus, Tone>> = {
  queued: 'quiet',
  processing: 'busy',
  completed: 'good',
  failed: 'bad',
};
