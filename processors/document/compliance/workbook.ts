import type { Writable } from 'node:stream';
import ExcelJS from 'exceljs';
import { cellText } from '../cell-text.ts';
import { createBreather } from '../pacing.ts';
import { drained, taken } from '../report/feeding.ts';
import { timeText } from '../report/wording.ts';
import { caution, type Matrix, type MatrixRow, statuses } from './matrix.ts';

interface Column {
  readonly header: string;
  /** Width in letters. */
  readonly width: number;
  readonly value?: (row: MatrixRow) => string | number;
  /** What a person fills in. */
  readonly fill?: 'status' | 'free';
}

const accent = 'FF1F4E79';
const tint = 'FFEEF3F8';
const input = 'FFFFF9E8';
const lineHeight = 15;
const sheetName = 'Requirements';

const found: readonly Column[] = [
  { header: 'ID', width: 9, value: ({ id }) => id },
  { header: 'Section', width: 9, value: ({ section }) => section ?? '' },
  { header: 'Paragraph', width: 16, value: ({ paragraph }) => paragraph },
  { header: 'Page', width: 7, value: ({ page }) => page },
  { header: 'Requirement', width: 90, value: ({ text }) => text },
  { header: 'Keyword', width: 15, value: ({ keyword }) => keyword },
  { header: 'Who', width: 12, value: ({ party }) => party },
];
const document: Column = { header: 'Document', width: 30, value: (row) => row.document };
const toFill: readonly Column[] = [
  { header: 'Compliance status', width: 20, fill: 'status' },
  { header: 'Response reference', width: 24, fill: 'free' },
  { header: 'Owner', width: 18, fill: 'free' },
  { header: 'Notes', width: 36, fill: 'free' },
];

/** The matrix to work in: a summary that counts along, the requirements with columns to fill, what the Government does. */
export async function writeMatrixBook(matrix: Matrix, sink: Writable): Promise<{ readonly pages?: number }> {
  const book = new ExcelJS.stream.xlsx.WorkbookWriter({
    stream: sink,
    useStyles: true,
    useSharedStrings: false,
    zip: { zlib: { level: 6 } },
  });
  book.creator = 'Millrace';
  book.created = matrix.madeAt;
  book.title = matrix.title;
  const columns = [...found, ...(matrix.documents.length > 1 ? [document] : [])];
  writeSummary(book, matrix, columns.length + 1);
  await writeRows(book, sink, sheetName, [...columns, ...toFill], matrix.requirements);
  if (matrix.government.length > 0)
    await writeRows(book, sink, 'Government obligations', columns, matrix.government);
  // The writer only hears of an error: a sink that was closed without one would leave it waiting for ever.
  await Promise.race([book.commit(), taken(sink)]);
  return {};
}

function writeSummary(book: ExcelJS.stream.xlsx.WorkbookWriter, matrix: Matrix, statusColumn: number): void {
  const sheet = book.addWorksheet('Summary', { views: [{ showGridLines: false }] });
  sheet.columns = [{ width: 52 }, { width: 24 }];
  const title = sheet.addRow([cellText(matrix.title)]);
  title.font = { bold: true, size: 16, color: { argb: accent } };
  title.height = 26;
  sheet.addRow(['Made', timeText(matrix.madeAt)]);
  for (const name of matrix.documents) sheet.addRow(['Read from', cellText(name)]);
  const note = sheet.addRow([caution]);
  note.font = { italic: true };
  note.alignment = { wrapText: true, vertical: 'top' };
  note.height = 4 * lineHeight;
  count(sheet, 'Requirements', matrix.requirements.length);
  count(sheet, 'Obligations of the Government', matrix.government.length);
  heading(sheet, 'By section');
  for (const { name, requirements } of matrix.sections) count(sheet, name, requirements.length);
  heading(sheet, 'By status');
  const letter = sheet.getColumn(statusColumn).letter;
  for (const status of statuses) {
    const row = sheet.addRow([status]);
    // Counts along while the matrix is filled in.
    row.getCell(2).value = {
      formula: `COUNTIF('${sheetName}'!${letter}:${letter},"${status}")`,
      result: status === 'Open' ? matrix.requirements.length : 0,
    };
    row.getCell(2).numFmt = '#,##0';
  }
  sheet.commit();
}

function heading(sheet: ExcelJS.Worksheet, text: string): void {
  sheet.addRow([]);
  sheet.addRow([text]).font = { bold: true, color: { argb: accent } };
}

function count(sheet: ExcelJS.Worksheet, label: string, value: number): void {
  const row = sheet.addRow([label, value]);
  row.getCell(2).numFmt = '#,##0';
  row.getCell(2).font = { bold: true };
}

async function writeRows(
  book: ExcelJS.stream.xlsx.WorkbookWriter,
  sink: Writable,
  name: string,
  columns: readonly Column[],
  rows: readonly MatrixRow[],
): Promise<void> {
  const breathe = createBreather();
  const sheet = book.addWorksheet(name, {
    views: [{ state: 'frozen', ySplit: 1, xSplit: 1 }],
    pageSetup: {
      orientation: 'landscape',
      fitToPage: true,
      fitToWidth: 1,
      fitToHeight: 0,
      printTitlesRow: '1:1',
    },
  });
  sheet.columns = columns.map(({ width }) => ({ width }));
  const header = sheet.addRow(columns.map((column) => column.header));
  header.eachCell((cell) => {
    cell.font = { bold: true, color: { argb: accent } };
    cell.fill = { type: 'pattern', pattern: 'solid', fgColor: { argb: tint } };
  });
  header.commit();
  for (const record of rows) {
    writeRow(sheet, columns, record);
    await breathe();
    await drained(sink);
  }
  sheet.autoFilter = { from: { row: 1, column: 1 }, to: { row: 1 + rows.length, column: columns.length } };
  sheet.commit();
}

function writeRow(sheet: ExcelJS.Worksheet, columns: readonly Column[], record: MatrixRow): void {
  const row = sheet.addRow([]);
  let lines = 1;
  columns.forEach(({ value, fill, width }, index) => {
    const cell = row.getCell(index + 1);
    cell.alignment = { vertical: 'top', wrapText: true };
    const content = fill === 'status' ? 'Open' : (value?.(record) ?? '');
    if (typeof content === 'number') cell.value = content;
    else {
      // `@` keeps a cell text when it is edited, also one that begins like a formula.
      cell.numFmt = '@';
      if (content !== '') cell.value = cellText(content);
      lines = Math.max(lines, Math.ceil(content.length / (width * 0.95)));
    }
    if (fill === undefined) return;
    cell.fill = { type: 'pattern', pattern: 'solid', fgColor: { argb: input } };
    if (fill === 'status') {
      cell.dataValidation = {
        type: 'list',
        allowBlank: true,
        formulae: [`"${statuses.join(',')}"`],
        showErrorMessage: true,
        errorTitle: 'Compliance status',
        error: `Choose one of: ${statuses.join(', ')}.`,
      };
    }
  });
  // 409 points are the most that Excel takes.
  row.height = Math.min(409, lines * lineHeight + 3);
  row.commit();
}
