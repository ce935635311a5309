import { PassThrough, type Writable } from 'node:stream';
import type { ReportRow, ReportSource } from '../../src/integrations/database/port.ts';
import type { Storage, StoredFile } from '../../src/integrations/storage/port.ts';
import { defineProcessor } from '../define.ts';
import { renderCsv } from './report/csv.ts';
import { renderPdf } from './report/pdf.ts';
import { documentIdOf, fileNameOf, reportKind, reportRange, reportTitle } from './report/plan.ts';
import type { Rendered, Renderer, Report } from './report/report.ts';
import { renderWorkbook } from './report/workbook.ts';

interface Format {
  readonly render: Renderer;
  readonly contentType: string;
  /** Who made it, for metrics. */
  readonly renderer: string;
}

const formats: Readonly<Record<'pdf' | 'xlsx' | 'csv', Format>> = {
  pdf: { render: renderPdf, contentType: 'application/pdf', renderer: 'pdfkit' },
  xlsx: {
    render: renderWorkbook,
    contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    renderer: 'exceljs',
  },
  csv: { render: renderCsv, contentType: 'text/csv; charset=utf-8', renderer: 'csv-stringify' },
};

/** Rows read at once: some hundred kilobytes. */
const batchSize = 500;

/**
 * Makes a report from the database and keeps it: figures, then the file, then its row. Id and key come from the job, so
 * an attempt that is run again writes the same file and the same row.
 */
export const generateReport = defineProcessor(
  'document',
  'generate-report',
  ['database', 'storage', 'events'],
  async ({ data, job, log, signal, progress, services: { database, storage, events } }) => {
    const kind = reportKind(data.reportType);
    const generatedAt = new Date();
    const range = reportRange(data.dateRange, generatedAt);
    const title = reportTitle(data.title, kind);
    const format = formats[data.format];
    const documentId = documentIdOf(job.key);

    progress(0, 'Counting');
    const figures = await database.reports.figures(range);
    signal.throwIfAborted();
    const report: Report = {
      kind,
      title,
      range,
      generatedAt,
      figures,
      batches: () =>
        watched(database.reports.opportunities(range, batchSize), signal, (rows) =>
          progress(share(rows, figures.opportunities), `${rows} of ${figures.opportunities} opportunities`),
        ),
    };
    progress(5, 'Writing');
    const { file, rendered } = await renderInto(
      storage,
      `reports/${documentId}.${data.format}`,
      (sink) => format.render(report, sink),
      signal,
    );
    progress(98, 'Keeping');

    const document = {
      fileName: fileNameOf(title, range, data.format),
      contentType: format.contentType,
      bytes: file.bytes,
      sha256: file.sha256,
      storageKey: file.key,
    };
    await database.documents.save({
      ...document,
      id: documentId,
      jobKey: job.key,
      userId: data.userId,
      kind: `report-${kind}`,
      format: data.format,
      title,
      pages: rendered.pages,
      rows: rendered.rows,
    });
    events.emit('document.generated', {
      kind: `report-${kind}`,
      format: data.format,
      renderer: format.renderer,
      bytes: file.bytes,
    });
    if (data.recipients !== undefined && data.recipients.length > 0) {
      log.warn(
        { recipients: data.recipients.length },
        'The report is kept but not mailed: send-document does not run in this version yet.',
      );
    }
    progress(100, 'Done');
    return {
      documentId,
      ...document,
      rows: rendered.rows,
      ...(rendered.pages === undefined ? {} : { pages: rendered.pages }),
    };
  },
);

/** From 5 to 95: before it is the counting, after it the closing of the file. */
function share(rows: number, all: number): number {
  return 5 + Math.floor(90 * Math.min(1, rows / Math.max(1, all)));
}

async function* watched(
  batches: ReturnType<ReportSource['opportunities']>,
  signal: AbortSignal,
  onRows: (rows: number) => void,
): AsyncGenerator<readonly ReportRow[]> {
  let rows = 0;
  for await (const batch of batches) {
    signal.throwIfAborted();
    yield batch;
    rows += batch.length;
    onRows(rows);
  }
}

/** Writes and stores at the same time; when either side fails the other is stopped. */
async function renderInto(
  storage: Storage,
  key: string,
  render: (sink: Writable) => Promise<Rendered>,
  signal: AbortSignal,
): Promise<{ readonly file: StoredFile; readonly rendered: Rendered }> {
  const channel = new PassThrough();
  // Both sides learn of a broken channel by their own calls; unheard, its event would end the process.
  channel.on('error', () => undefined);
  const [file, rendered] = await Promise.allSettled([
    storage.put(key, channel, signal).finally(() => channel.destroy()),
    render(channel).catch((error: unknown) => {
      channel.destroy(error instanceof Error ? error : new Error('The report stopped.', { cause: error }));
      throw error;
    }),
  ]);
  // The storage passes on what the renderer failed with; the renderer knows of the storage only that it stopped.
  if (file.status === 'rejected') throw file.reason;
  if (rendered.status === 'rejected') throw rendered.reason;
  return { file: file.value, rendered: rendered.value };
}
