import type { ReportRow } from '../../../src/integrations/database/port.ts';
import type { OpportunityReport, Report, UserReport } from './report.ts';

/** More rows than anybody reads on paper; the workbook has them all. */
export const mostListed = 2_000;

/** A report as plain data, which a thread can be given. */
export type PlainReport =
  | UserReport
  | (Omit<OpportunityReport, 'batches'> & { readonly rows: readonly ReportRow[] });

export interface PdfTask {
  readonly report: PlainReport;
  readonly maxRows: number;
}

/** Reads as many rows as the PDF lists: it says itself how many more there are. */
export async function plainReport(report: Report, maxRows: number): Promise<PlainReport> {
  if ('content' in report) return report;
  const { batches: _, ...plain } = report;
  const rows: ReportRow[] = [];
  if (report.kind === 'opportunities') {
    for await (const batch of report.batches()) {
      rows.push(...batch.slice(0, maxRows - rows.length));
      if (rows.length >= maxRows) break;
    }
  }
  return { ...plain, rows };
}

export function reportOf(report: PlainReport): Report {
  if ('content' in report) return report;
  const { rows, ...rest } = report;
  return {
    ...rest,
    async *batches() {
      yield rows;
    },
  };
}
