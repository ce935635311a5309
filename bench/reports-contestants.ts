import { Piscina } from 'piscina';
import { drawInThread } from '../processors/document/pdf-threads.ts';
import type { DateRange, ReportFigures, ReportRow } from '../src/integrations/database/port.ts';
import { figuresOf, sampleRows } from '../test/integration/report-data.ts';

/** What both draw: the figures and lines of a report, as plain data. */
export interface BenchReport {
  readonly title: string;
  readonly range: DateRange;
  readonly figures: ReportFigures;
  readonly rows: readonly ReportRow[];
}

/** Titles as long as SAM.gov allows them. */
const mostTitleLetters = 256;

export function benchReport(lines: number): BenchReport {
  const rows = sampleRows(lines, '2026-08-25', 90).map((row) => ({
    ...row,
    title: row.title.slice(0, mostTitleLetters),
  }));
  const range = { start: '2026-08-25', end: '2026-11-22' };
  return { title: 'Opportunities report', range, figures: figuresOf(rows), rows };
}

/** Draws one report in a thread; resolves to its bytes. */
export type Drawer = (report: BenchReport) => Promise<Uint8Array>;

function inPdfmake(): Drawer {
  const pool = new Piscina<BenchReport, Uint8Array>({
    filename: new URL('./reports-pdfmake.ts', import.meta.url).href,
    maxThreads: 2,
    minThreads: 0,
    concurrentTasksPerWorker: 1,
  });
  return (report) => pool.run(report);
}

/** Each has two threads, as a worker process has. */
export const drawers: Readonly<Record<string, () => Drawer>> = {
  millrace: () => async (report) => {
    const generatedAt = new Date('2026-11-22T12:00:00Z');
    const plain = { ...report, kind: 'opportunities' as const, generatedAt };
    const task = { maxRows: report.rows.length, report: plain };
    return (await drawInThread({ kind: 'report', task })).bytes;
  },
  pdfmake: inPdfmake,
};
