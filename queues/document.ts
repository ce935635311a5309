import { z } from 'zod';
import { defineJob, defineQueue, envelope, refersTo, sensitive } from './define.ts';
import { count, dateRange, email, fileResult, id, isoDate, line, webUrl } from './fields.ts';

const attachmentSource = z.union(
  [z.strictObject({ url: webUrl }), z.strictObject({ key: refersTo('file', line(500)) })],
  {
    error: 'must be { url } or { key }',
  },
);

/** A filter is a field of the dataset with the value or values it must have; the dataset checks the names. */
const filterValue = z.union([
  z.string().max(300),
  z.number(),
  z.boolean(),
  z.array(z.string().max(300)).min(1).max(100),
]);

const compliancePayload = z.strictObject({
  type: z.literal('compliance-matrix'),
  data: z
    .strictObject({
      userId: id,
      opportunityId: id,
      attachmentIds: z.array(refersTo('attachment', id)).min(1).max(50).optional(),
      text: z.string().min(1).max(200_000).optional(),
      format: z.enum(['xlsx', 'pdf']),
    })
    .refine((data) => (data.attachmentIds === undefined) !== (data.text === undefined), {
      error: 'needs either attachmentIds or text, and not both',
      path: ['attachmentIds'],
    }),
});

export const documentQueue = defineQueue({
  name: 'document',
  summary: 'Reports, exports and conversions',
  defaults: { concurrency: 2, timeoutMs: 15 * 60_000 },
  jobs: {
    'generate-report': defineJob({
      summary: 'Makes a report from the database as PDF, workbook or CSV',
      payload: envelope('generate-report', {
        userId: id,
        reportType: z.enum(['analytics', 'opportunities', 'proposals', 'weekly']),
        format: z.enum(['pdf', 'xlsx', 'csv']),
        dateRange: dateRange.optional(),
        title: line(200).optional(),
        recipients: z.array(sensitive(email)).max(50).optional(),
      }),
      result: fileResult,
    }),
    'export-data': defineJob({
      summary: 'Streams a dataset of any size into a file',
      payload: envelope('export-data', {
        userId: id,
        dataset: z.enum(['opportunities', 'entities', 'proposals', 'stories', 'deliveries']),
        format: z.enum(['csv', 'xlsx', 'ndjson']),
        /** Deliveries are found by their recipient. */
        filters: z.record(z.string().min(1).max(60), sensitive(filterValue)).optional(),
        columns: z.array(z.string().min(1).max(60)).min(1).max(100).optional(),
      }),
      result: fileResult,
      defaults: { timeoutMs: 60 * 60_000 },
    }),
    'process-attachment': defineJob({
      summary: 'Fetches a file, finds out what it is, keeps it and its text',
      payload: envelope('process-attachment', {
        attachmentId: refersTo('attachment', id),
        source: attachmentSource,
        opportunityId: id.optional(),
      }),
      result: fileResult.extend({ attachmentId: id, characters: count }),
    }),
    'generate-compliance-matrix': defineJob({
      summary: 'Lists every requirement of a solicitation with its section and page',
      payload: compliancePayload,
      result: fileResult.extend({ requirements: count }),
    }),
    'render-cer': defineJob({
      summary: 'Renders a clinical evaluation report',
      payload: envelope('clinical-evaluation-report', { reportId: refersTo('cer-report', id) }),
      result: fileResult.extend({
        reportId: id,
        renderer: z.enum(['chromium', 'pdfkit']),
        /** Sections that a model drafted; absent when none was asked. */
        drafted: z.array(z.string()).optional(),
      }),
    }),
    'convert-pdf': defineJob({
      summary: 'Turns an uploaded PDF into XML',
      payload: envelope('pdf-to-xml', { conversionId: refersTo('conversion', id) }),
      result: z.discriminatedUnion('status', [
        z.strictObject({
          status: z.literal('complete'),
          conversionId: id,
          resultPath: z.string(),
          bytes: count,
          lineItems: count.optional(),
        }),
        /** Another job has it: this one's claim had run out. */
        z.strictObject({ status: z.literal('superseded'), conversionId: id }),
      ]),
      // Above the longest GATEWAY_TIMEOUT.
      defaults: { timeoutMs: 65 * 60_000 },
    }),
    'dispatch-weekly-reports': defineJob({
      summary: 'Starts the weekly report and its mail for each subscriber',
      payload: envelope('dispatch-weekly-reports', { weekStart: isoDate.optional() }),
      result: z.strictObject({ considered: count, added: count, skipped: count }),
      defaults: { timeoutMs: 30 * 60_000 },
    }),
  },
});
