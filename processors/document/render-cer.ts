import type { Result } from '../../queues/index.ts';
import { messageOf } from '../../src/errors/classify.ts';
import type { CerReport, Database } from '../../src/integrations/database/port.ts';
import { ownFolders } from '../../src/integrations/storage/port.ts';
import { defineProcessor } from '../define.ts';
import { draftSections } from './cer/drafts.ts';
import { printReport } from './cer/print.ts';
import { noReport, readContent } from './cer/request.ts';
import { reportContent } from './cer/sections.ts';
import { documentIdOf } from './report/plan.ts';

const contentType = 'application/pdf';
/** A report waits so long for a model that asks it to, and then goes on without drafts. */
const longestDraftingMs = 10 * 60_000;

/**
 * Makes a clinical evaluation report: its request, laid out, as a PDF, kept. Document and file are named after the
 * report, so that whatever runs again replaces what it left; a report that is completed is not made again.
 */
export const renderCer = defineProcessor(
  'document',
  'render-cer',
  ['database', 'storage', 'events', 'llm', 'printer'],
  async ({ data: { reportId }, job, log, signal, progress, services }) => {
    const { database, storage, events, llm, printer } = services;
    const began = performance.now();
    const report = await database.cerReports.begin(reportId, job.id);
    if (report === undefined) return earlierResult(database, reportId);
    const { request, drafts: kept } = await readContent(database.cerReports, reportId);
    signal.throwIfAborted();

    progress(5, 'Drafting');
    const drafts =
      llm === undefined
        ? undefined
        : await draftSections(request, {
            llm,
            kept,
            save: (made) => database.cerReports.saveDrafts(reportId, made),
            waitUntil: report.createdAt.getTime() + longestDraftingMs,
            signal,
            onFailure: (error) =>
              log.warn({ reportId, reason: messageOf(error) }, 'the sections left empty are not drafted'),
          });

    progress(20, 'Laying out');
    const content = reportContent(request, drafts, report);
    const { bytes, pages, renderer } = await printReport(content, {
      printer,
      failures: report.browserFailures,
      countFailure: () => database.cerReports.countBrowserFailure(reportId),
      lastAttempt: job.attempt >= job.maxAttempts,
      signal,
      onFallback: (error) => log.warn({ reportId, reason: error.message }, 'pdfkit draws this report'),
    });

    progress(90, 'Keeping');
    const documentId = documentIdOf(reportId, 'render-cer');
    const file = await storage.put(`${ownFolders.cer}/${documentId}.pdf`, bytes, signal);
    const document = {
      fileName: `clinical-evaluation-report-${reportId}.pdf`,
      contentType,
      bytes: file.bytes,
      sha256: file.sha256,
      storageKey: file.key,
    };
    await database.documents.save({
      ...document,
      id: documentId,
      jobKey: job.key,
      jobId: job.id,
      addedBy: report.subject,
      userId: report.subject,
      kind: 'cer',
      format: 'pdf',
      title: `${content.title}: ${content.device}`,
      pages,
      rows: undefined,
    });
    await database.cerReports.complete(reportId, { documentId, renderer });
    events.emit('cer.rendered', { renderer, seconds: (performance.now() - began) / 1_000 });
    events.emit('document.generated', { kind: 'cer', format: 'pdf', renderer, bytes: file.bytes });
    progress(100, 'Done');
    return {
      reportId,
      renderer,
      documentId,
      ...document,
      ...(pages === undefined ? {} : { pages }),
      ...(drafts === undefined ? {} : { drafted: Object.keys(drafts.sections) }),
    };
  },
);

/** What an attempt says that finds the report made: a worker may die between the report's end and its job's. */
async function earlierResult(
  { cerReports, documents }: Database,
  reportId: string,
): Promise<Result<'document', 'render-cer'>> {
  const report: CerReport | undefined = await cerReports.find(reportId);
  const document = report?.documentId === undefined ? undefined : await documents.find(report.documentId);
  if (report?.renderer === undefined || document === undefined) throw noReport(reportId);
  const { id: documentId, fileName, bytes, sha256, storageKey, pages } = document;
  return {
    reportId,
    renderer: report.renderer,
    documentId,
    fileName,
    contentType,
    bytes,
    sha256,
    storageKey,
    ...(pages === undefined ? {} : { pages }),
  };
}
