import { createBreather } from '../pacing.ts';
import { taken } from '../report/feeding.ts';
import type { ExportWriter } from './writer.ts';
import { sheetCells } from './xlsx-cells.ts';
import { columnLetters, escapeXml, fixedParts, sheetHead, sheetTail, summarySheet } from './xlsx-parts.ts';
import { createZip, type ZipEntry } from './zip.ts';

/** A sheet holds 1,048,576 rows, and one of them is the header. */
const rowsPerSheet = 1_048_575;
/** A sheet of very long texts ends before a zip entry without ZIP64 does. */
const bytesPerSheet = 4_000_000_000;
/** Letters put into bytes at once. Short enough to be forgotten soon: V8 keeps strings above 128 KB until it cleans up all. */
const pieceLetters = 8_192;

export interface SheetLimits {
  readonly rows: number;
  readonly bytes: number;
}

/** A line of the summary: what it says, and what of. */
export type SummaryLine = readonly [label: string, value: string | number];

export interface XlsxOptions {
  readonly limits?: SheetLimits;
  /** What stands on a last sheet, which is called Summary, once so many rows are written; without it there is none. */
  readonly summary?: (rows: number) => readonly SummaryLine[];
}

/**
 * Plain workbooks, written by hand: one table with typed cells, a header that stays in sight, and a filter; what does
 * not fit on a sheet goes on in the next. Texts are inline, so nothing is kept in memory, and never formulas.
 * @param name of the first sheet.
 */
export function xlsxWriter(
  name: string,
  { limits = { rows: rowsPerSheet, bytes: bytesPerSheet }, summary }: XlsxOptions = {},
): ExportWriter {
  return async (columns, batches, sink) => {
    const breathe = createBreather();
    const zip = createZip(sink);
    const letters = columns.map((_, index) => columnLetters(index));
    const rowOf = sheetCells(columns, letters);
    const head = sheetHead(columns, letters);
    const sheets: string[] = [];
    let entry: ZipEntry | undefined;
    let onSheet = 0;
    let rows = 0;
    let text = '';

    function begin(): ZipEntry {
      sheets.push(escapeXml(sheets.length === 0 ? name : `${name} ${sheets.length + 1}`));
      text = head;
      onSheet = 0;
      return zip.entry(`xl/worksheets/sheet${sheets.length}.xml`);
    }
    async function finish(current: ZipEntry): Promise<void> {
      await current.write(text + sheetTail(letters, onSheet + 1));
      await current.end();
    }

    try {
      entry = begin();
      for await (const batch of batches) {
        for (const row of batch) {
          if (onSheet >= limits.rows || entry.size + text.length > limits.bytes) {
            await finish(entry);
            entry = begin();
          }
          text += rowOf(row, onSheet + 2);
          onSheet += 1;
          rows += 1;
          if (text.length < pieceLetters) continue;
          const busy = entry.write(text);
          text = '';
          if (busy !== undefined) await busy;
          await breathe();
        }
      }
      await finish(entry);
      const parts = [];
      if (summary !== undefined) {
        sheets.push('Summary');
        parts.push([`xl/worksheets/sheet${sheets.length}.xml`, summarySheet(summary(rows))] as const);
      }
      for (const [part, xml] of [...parts, ...fixedParts(sheets)]) {
        entry = zip.entry(part);
        await entry.write(xml);
        await entry.end();
      }
    } finally {
      entry?.destroy();
    }
    zip.end();
    await taken(sink);
    return rows;
  };
}
