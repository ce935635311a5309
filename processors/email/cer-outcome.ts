import { UnrecoverableError } from '../../src/errors/catalogue.ts';
import type { CerReport, Database, DocumentRow } from '../../src/integrations/database/port.ts';

/** How a clinical evaluation report has ended, as those who asked for it are told. */
export type CerOutcome =
  | { readonly kind: 'completed'; readonly report: CerReport; readonly document: DocumentRow }
  | {
      readonly kind: 'failed';
      readonly report: CerReport;
      readonly error: { readonly code: string; readonly message: string };
    }
  /** It has gone on since the notice was added: a failed report was replayed. There is other news to come. */
  | { readonly kind: 'superseded'; readonly report: CerReport };

/** @throws UnrecoverableError CER_REPORT_NOT_FOUND, DOCUMENT_NOT_FOUND */
export async function readOutcome(
  { cerReports, documents }: Database,
  { reportId, outcome }: { readonly reportId: string; readonly outcome: 'completed' | 'failed' },
): Promise<CerOutcome> {
  const report = await cerReports.find(reportId);
  if (report === undefined) {
    const message = `There is no clinical evaluation report ${reportId} to tell of; it may have been removed.`;
    throw new UnrecoverableError(message, { code: 'CER_REPORT_NOT_FOUND' });
  }
  if (report.status !== outcome) return { kind: 'superseded', report };
  if (report.error !== undefined) return { kind: 'failed', report, error: report.error };
  const document = report.documentId === undefined ? undefined : await documents.find(report.documentId);
  if (document !== undefined) return { kind: 'completed', report, document };
  throw new UnrecoverableError(`The PDF of report ${reportId} is no longer kept.`, {
    code: 'DOCUMENT_NOT_FOUND',
  });
}

/** How long the links of notices work. */
export const noticeLinkMs = 7 * 24 * 3_600_000;
