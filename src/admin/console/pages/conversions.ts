import { z } from 'zod';
import { MillraceError } from '../../../errors/catalogue.ts';
import { html, type Markup } from '../../../http/html.ts';
import { sendFile } from '../../../http/send-file.ts';
import type {
  Conversion,
  ConversionStatus,
  Conversions,
  Lists,
} from '../../../integrations/database/port.ts';
import type { Storage } from '../../../integrations/storage/port.ts';
import { type ConsoleFile, type ConsolePage, definePage } from '../page.ts';
import { choice, field, filterForm, optionsOf } from '../parts/forms.ts';
import { cursor, rowsAtOnce } from '../parts/lists.ts';
import { facts, table } from '../parts/table.ts';
import { badge, bytes, id, number, type Tone, text, time } from '../parts/values.ts';
import { below, jobAddress, pager } from '../parts/ways.ts';

export interface ConversionServices {
  readonly lists: Pick<Lists, 'conversions'>;
  readonly conversions: Pick<Conversions, 'find'>;
  readonly storage: Pick<Storage, 'get'> | undefined;
}

const path = '/admin/conversions';
const statuses = ['queued', 'processing', 'complete', 'failed'] as const;
const filter = z.object({
  status: z.enum(statuses).optional(),
  errorCode: z.string().max(100).optional(),
  cursor,
});
const address = z.object({ id: z.string().max(300) });

/** PDFs that are to become XML, and what became of them. */
export function conversionPages({ lists, conversions, storage }: ConversionServices): ConsolePage[] {
  const list = definePage({
    path: '/conversions',
    title: 'Conversions',
    nav: 'Conversions',
    permission: 'conversions.read',
    query: filter,
    async render({ query, now }) {
      const { status, errorCode } = query;
      const page = await lists.conversions(
        { status, errorCode },
        { cursor: query.cursor, limit: rowsAtOnce },
      );
      return {
        body: html`${filterForm(path, [
          choice({
            name: 'status',
            label: 'Status',
            value: status,
            options: optionsOf(statuses, 'Every status'),
          }),
          field({ name: 'errorCode', label: 'Error code', value: errorCode }),
        ])}
${table({
  caption: 'Conversions, the newest first',
  empty: 'No conversion fits. POST /api/upload, or a row in the table conversions, makes one.',
  rows: page.rows,
  columns: [
    {
      head: 'PDF',
      names: true,
      cell: (row) =>
        html`<a href="${below(path, row.id)}">${text(row.fileName ?? row.uploadPath)}</a><br><small>${row.id}</small>`,
    },
    { head: 'Status', cell: ({ status: one }) => badge(one, tones[one]) },
    { head: 'Error', cell: ({ errorCode: code }) => (code === undefined ? '–' : html`<code>${code}</code>`) },
    { head: 'Mapping', cell: ({ mapping }) => text(mapping) },
    { head: 'Attempts', number: true, cell: ({ attempts }) => number(attempts) },
    {
      head: 'Lines',
      number: true,
      cell: ({ lineItems }) => (lineItems === undefined ? '–' : number(lineItems)),
    },
    { head: 'Created', cell: ({ createdAt }) => time(createdAt, now) },
  ],
})}
${pager(path, { status, errorCode }, { cursor: query.cursor, next: page.next })}`,
      };
    },
  });

  const show = definePage({
    path: '/conversions/:id',
    title: 'Conversion',
    nav: 'Conversions',
    permission: 'conversions.read',
    params: address,
    async render({ params, now }) {
      const row = await found(conversions, params.id);
      return {
        title: `Conversion of ${row.fileName ?? row.uploadPath}`,
        crumbs: [{ label: 'Conversions', href: path }],
        body: html`${failureOf(row)}${
          row.resultPath === undefined || storage === undefined
            ? undefined
            : html`<p><a href="${below(path, row.id, 'result')}">Fetch the XML</a></p>`
        }
${facts({
  Id: id(row.id),
  Status: badge(row.status, tones[row.status]),
  Mapping: text(row.mapping),
  File: row.fileName === undefined ? undefined : text(row.fileName),
  'Size of the PDF': row.uploadBytes === undefined ? undefined : bytes(row.uploadBytes),
  'Kept under': html`<code>${row.uploadPath}</code>`,
  Attempts: number(row.attempts),
  Job:
    row.jobKey === undefined
      ? undefined
      : html`<a href="${jobAddress('document', row.jobKey)}">${row.jobKey}</a>`,
  'Leased by': row.leasedBy === undefined ? undefined : text(row.leasedBy),
  'Lease until': row.leaseExpiresAt === undefined ? undefined : time(row.leaseExpiresAt, now),
  Converter: row.converter === undefined ? undefined : text(row.converter),
  'Line items': row.lineItems === undefined ? undefined : number(row.lineItems),
  'Size of the XML': row.resultBytes === undefined ? undefined : bytes(row.resultBytes),
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

/** The XML of a conversion, to be saved: never shown as a page of ours. */
export function conversionFiles({ conversions, storage }: ConversionServices): ConsoleFile[] {
  if (storage === undefined) return [];
  return [
    {
      path: '/conversions/:id/result',
      permission: 'conversions.read',
      handlers: [
        async (request, response) => {
          const row = await found(conversions, String(request.params.id));
          if (row.resultPath === undefined) {
            throw new MillraceError(
              'CONVERSION_NOT_COMPLETE',
              `The conversion has no result: it is ${row.status}.`,
            );
          }
          const file = { fileName: `${row.id}.xml`, contentType: 'application/xml', bytes: row.resultBytes };
          await sendFile(request, response, file, await storage.get(row.resultPath));
        },
      ],
    },
  ];
}

const tones: Readonly<Record<ConversionStatus, Tone>> = {
  queued: 'quiet',
  processing: 'busy',
  complete: 'good',
  failed: 'bad',
};

async function found(conversions: ConversionServices['conversions'], wanted: string): Promise<Conversion> {
  const row = await conversions.find(wanted);
  if (row === undefined) throw new MillraceError('CONVERSION_NOT_FOUND', 'No conversion has that id.');
  return row;
}

function failureOf({ errorCode, errorMessage }: Conversion): Markup | undefined {
  if (errorCode === undefined) return undefined;
  return html`<div class="fault"><p><code>${errorCode}</code> ${text(errorMessage ?? '')}</p></div>`;
}
