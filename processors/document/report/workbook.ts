import type { Writable } from 'node:stream';
import ExcelJS from 'exceljs';
import { cellText } from '../cell-text.ts';
import { createBreather } from '../pacing.ts';
import {
  type Breakdown,
  breakdowns,
  type CellValue,
  type Column,
  type Group,
  opportunityColumns,
  summaryFigures,
} from './columns.ts';
import { drained, taken } from './feeding.ts';
import type { OpportunityReport, Renderer, Report, UserReport } from './report.ts';
import { customerText, periodText, timeText } from './wording.ts';

/** A sheet holds 1,048,576 rows, and one of them is the header. */
const rowsPerSheet = 1_048_575;
/** Excel's limit of links on a sheet. */
const maxLinks = 65_000;

const accent = 'FF1F4E79';
const tint = 'FFEEF3F8';

/** `@` keeps a cell text when it is edited, also one that begins like a formula. */
const formats: Readonly<Record<CellValue['type'], string>> = {
  text: '@',
  count: '#,##0',
  share: '0.0%',
  amount: '#,##0.00',
  day: 'yyyy-mm-dd',
  time: 'yyyy-mm-dd hh:mm',
};

/** A workbook: a summary, then the data with typed cells, a header that stays in sight, and filters. */
export const renderWorkbook: Renderer = async (report, sink) => {
  const book = new ExcelJS.stream.xlsx.WorkbookWriter({
    stream: sink,
    useStyles: true,
    // Shared strings would be held in memory until the end.
    useSharedStrings: false,
    zip: { zlib: { level: 6 } },
  });
  book.creator = 'Millrace';
  book.created = report.generatedAt;
  book.title = report.title;
  writeSummary(book, report);
  const rows = await writeSheets(book, report, sink);
  // The writer only hears of an error: a sink that was closed without one would leave it waiting for ever.
  await Promise.race([book.commit(), taken(sink)]);
  return { rows };
};

async function writeSheets(
  book: ExcelJS.stream.xlsx.WorkbookWriter,
  report: Report,
  sink: Writable,
): Promise<number> {
  if ('content' in report) return writeContent(book, report);
  return report.kind === 'analytics' ? writeTables(book, report) : writeRows(book, report, sink);
}

function writeSummary(book: ExcelJS.stream.xlsx.WorkbookWriter, report: Report): void {
  const sheet = book.addWorksheet('Summary', { views: [{ showGridLines: false }] });
  sheet.columns = [{ width: 26 }, { width: 44 }];
  const title = sheet.addRow([report.title]);
  title.font = { bold: true, size: 16, color: { argb: accent } };
  title.getCell(1).numFmt = formats.text;
  title.height = 26;
  sheet.addRow(['content' in report ? 'Period' : 'Posted', periodText(report.range)]);
  sheet.addRow(['Made', timeText(report.generatedAt)]);
  if (report.preparedFor !== undefined) {
    const customer = sheet.addRow(['Prepared for', cellText(customerText(report.preparedFor))]);
    customer.getCell(2).numFmt = formats.text;
  }
  sheet.addRow([]);
  const figures = 'content' in report ? report.content.summary : summaryFigures(report);
  for (const { label, cell } of figures) {
    const row = sheet.addRow([label]);
    setCell(row.getCell(2), cell);
    row.getCell(2).font = { bold: true };
    row.getCell(2).alignment = { horizontal: 'left' };
  }
  sheet.commit();
}

function writeTables(book: ExcelJS.stream.xlsx.WorkbookWriter, report: OpportunityReport): number {
  const { byAgency, bySetAside, byWeek } = breakdowns(report.figures);
  let rows = 0;
  for (const breakdown of [byAgency, bySetAside, byWeek]) {
    const columns = groupColumns(breakdown);
    const sheet = addTable(book, breakdown.title, columns);
    for (const group of breakdown.groups) addRow(sheet, columns, group);
    endTable(sheet, columns.length, breakdown.groups.length);
    rows += breakdown.groups.length;
  }
  return rows;
}

async function writeContent(
  book: ExcelJS.stream.xlsx.WorkbookWriter,
  { content }: UserReport,
): Promise<number> {
  const breathe = createBreather();
  let written = 0;
  for (const { title, columns, rows } of content.tables) {
    const cells = columns.map(
      ({ header, width }, index): Column<readonly CellValue[]> => ({
        header,
        width,
        cell: (row) => row[index] ?? { type: 'text', value: undefined },
      }),
    );
    const sheet = addTable(book, title, cells);
    for (const row of rows) {
      addRow(sheet, cells, row, true);
      await breathe();
    }
    endTable(sheet, cells.length, rows.length);
    written += rows.length;
  }
  return written;
}

function groupColumns({ nameHeader, dated }: Breakdown): readonly Column<Group>[] {
  return [
    {
      header: nameHeader,
      width: dated ? 18 : 50,
      cell: ({ name }) => ({ type: dated ? 'day' : 'text', value: name }),
    },
    { header: 'Opportunities', width: 16, cell: ({ count }) => ({ type: 'count', value: count }) },
    { header: 'Share', width: 10, cell: ({ share }) => ({ type: 'share', value: share }) },
  ];
}

async function writeRows(
  book: ExcelJS.stream.xlsx.WorkbookWriter,
  report: OpportunityReport,
  sink: Writable,
): Promise<number> {
  const breathe = createBreather();
  let sheet = addTable(book, 'Opportunities', opportunityColumns);
  let rows = 0;
  let links = 0;
  for await (const batch of report.batches()) {
    for (const row of batch) {
      if (rows > 0 && rows % rowsPerSheet === 0) {
        endTable(sheet, opportunityColumns.length, rowsPerSheet);
        sheet = addTable(book, `Opportunities ${rows / rowsPerSheet + 1}`, opportunityColumns);
        links = 0;
      }
      links += addRow(sheet, opportunityColumns, row, links < maxLinks);
      rows += 1;
      await breathe();
    }
    await drained(sink);
  }
  endTable(
    sheet,
    opportunityColumns.length,
    rows - Math.floor(Math.max(0, rows - 1) / rowsPerSheet) * rowsPerSheet,
  );
  return rows;
}

function addTable<R>(
  book: ExcelJS.stream.xlsx.WorkbookWriter,
  name: string,
  columns: readonly Column<R>[],
): ExcelJS.Worksheet {
  const sheet = book.addWorksheet(name, { views: [{ state: 'frozen', ySplit: 1 }] });
  sheet.columns = columns.map(({ width }) => ({ width }));
  const header = sheet.addRow(columns.map((column) => column.header));
  header.eachCell((cell) => {
    cell.font = { bold: true, color: { argb: accent } };
    cell.fill = { type: 'pattern', pattern: 'solid', fgColor: { argb: tint } };
  });
  header.commit();
  return sheet;
}

/** Ends a table of so many columns and rows: its filter covers them all. */
function endTable(sheet: ExcelJS.Worksheet, columns: number, rows: number): void {
  sheet.autoFilter = { from: { row: 1, column: 1 }, to: { row: 1 + rows, column: columns } };
  sheet.commit();
}

/** @returns how many links the row has. */
function addRow<R>(
  sheet: ExcelJS.Worksheet,
  columns: readonly Column<R>[],
  record: R,
  withLinks = false,
): number {
  const row = sheet.addRow([]);
  let links = 0;
  columns.forEach((column, index) => {
    const value = column.cell(record);
    const cell = row.getCell(index + 1);
    setCell(cell, value);
    if (!withLinks || value.type !== 'text' || value.link === undefined || value.value === undefined) return;
    cell.value = { text: cellText(value.value), hyperlink: value.link };
    cell.font = { color: { argb: accent }, underline: true };
    links += 1;
  });
  row.commit();
  return links;
}

function setCell(cell: ExcelJS.Cell, value: CellValue): void {
  const typed = typedValue(value);
  if (typed === undefined) return;
  cell.value = typed;
  cell.numFmt = formats[value.type];
}

function typedValue(cell: CellValue): string | number | Date | undefined {
  if (cell.value === undefined) return undefined;
  switch (cell.type) {
    case 'text':
      return cellText(cell.value);
    case 'amount':
      return Number(cell.value);
    case 'day':
      return new Date(`${cell.value}T00:00:00Z`);
    default:
      return cell.value;
  }
}
