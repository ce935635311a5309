import type { Database, ReportRow, ReportSource } from '../../src/integrations/database/port.ts';
import { ownFolders } from '../../src/integrations/storage/port.ts';
import { defineProcessor } from '../define.ts';
import { renderInto } from './render-into.ts';
import { renderCsv } from './report/csv.ts';
import { documentIdOf, fileNameOf, reportRange, reportTitle } from './report/plan.ts';
import { proposalContent } from './report/proposals.ts';
import type { Renderer, Report, ReportHead, ReportKind } from './report/report.ts';
import { renderPdfInThread } from './report/threaded-pdf.ts';
import { weeklyContent } from './report/weekly.ts';

interface Format {
  readonly render: Renderer;
  readonly contentType: string;
  /** Who made it, for metrics. */
  readonly renderer: string;
}

const formats: Readonly<Record<'pdf' | 'xlsx' | 'csv', Format>> = {
  pdf: { render: renderPdfInThread, contentType: 'application/pdf', renderer: 'pdfkit' },
  xlsx: {
    // Loaded when the first workbook is asked for: exceljs takes 9 MB of a worker that may never need it.
    render: async (...given) => (await import('./report/workbook.ts')).renderWorkbook(...given),
    contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    renderer: 'exceljs',
  },
  csv: { render: renderCsv, contentType: 'text/csv; charset=utf-8', renderer: 'csv-stringify' },
};

/** Rows read at once: some hundred kilobytes. */
const batchSize = 500;
/** Proposals of one user in one report, and opportunities in a table of a week. */
const mostProposals = 2_000;
const mostInWeek = 50;

/**
 * Makes a report from the database and keeps it: figures, then the file, then its row. Id and key come from the job, so
 * an attempt that is run again writes the same file and the same row, and adds no second mail to its recipients.
 */
export const generateReport = defineProcessor(
  'document',
  'generate-report',
  ['database', 'storage', 'events'],
  async ({ data, job, signal, progress, addJob, services: { database, storage, events } }) => {
    const kind = data.reportType;
    const generatedAt = new Date();
    const range = reportRange(data.dateRange, generatedAt, kind);
    const format = formats[data.format];
    const documentId = documentIdOf(job.key);

    progress(0, 'Counting');
    const user = await database.users.find(data.userId);
    const head: ReportHead = {
      title: reportTitle(data.title, kind),
      range,
      generatedAt,
      ...(user === undefined ? {} : { preparedFor: { name: user.name, company: user.company } }),
    };
    const report = await readReport(database, kind, data.userId, head, signal, progress);
    signal.throwIfAborted();
    progress(5, 'Writing');
    const { file, rendered } = await renderInto(
      storage,
      `${ownFolders.reports}/${documentId}.${data.format}`,
      (sink) => format.render(report, sink, signal),
      signal,
    );
    progress(98, 'Keeping');

    const document = {
      fileName: fileNameOf(head.title, range, data.format),
      contentType: format.contentType,
      bytes: file.bytes,
      sha256: file.sha256,
      storageKey: file.key,
    };
    await database.documents.save({
      ...document,
      id: documentId,
      jobKey: job.key,
      jobId: job.id,
      addedBy: job.addedBy ?? '',
      userId: data.userId,
      kind: `report-${kind}`,
      format: data.format,
      title: head.title,
      pages: rendered.pages,
      rows: rendered.rows,
    });
    events.emit('document.generated', {
      kind: `report-${kind}`,
      format: data.format,
      renderer: format.renderer,
      bytes: file.bytes,
    });
    for (const email of new Set(data.recipients)) {
      await addJob(
        'email',
        'send-document',
        {
          type: 'document-ready',
          data: { userId: data.userId, email, documentId, title: head.title, attach: true },
        },
        { idempotencyKey: `report/${documentId}/${email}` },
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

/** Reads what the report says; the rows of the long list are read while it is written. */
async function readReport(
  { reports }: Database,
  kind: ReportKind,
  userId: string,
  head: ReportHead,
  signal: AbortSignal,
  progress: (percent: number, message?: string) => void,
): Promise<Report> {
  const { range } = head;
  if (kind === 'proposals') {
    const figures = await reports.proposals(userId, range, mostProposals);
    return { ...head, kind, content: proposalContent(figures, range) };
  }
  if (kind === 'weekly') {
    const figures = await reports.week(userId, range, mostInWeek);
    return { ...head, kind, content: weeklyContent(figures, range) };
  }
  const figures = await reports.figures(range);
  return {
    ...head,
    kind,
    figures,
    batches: () =>
      watched(reports.opportunities(range, batchSize), signal, (rows) =>
        progress(share(rows, figures.opportunities), `${rows} of ${figures.opportunities} opportunities`),
      ),
  };
}

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
