import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { writeCsv } from '../processors/document/export/csv.ts';
import { type DatasetColumn, datasets } from '../processors/document/export/datasets.ts';
import { writeNdjson } from '../processors/document/export/ndjson.ts';
import type { ExportWriter } from '../processors/document/export/writer.ts';
import { xlsxWriter } from '../processors/document/export/xlsx.ts';
import type { ExportRow } from '../src/integrations/database/port.ts';
import { makeSample } from '../src/sample/index.ts';

/** Writes so many rows of ten columns into a file and ends it. */
export type Contestant = (rows: number, sink: Writable) => Promise<unknown>;

const names = [
  'notice_id',
  'title',
  'agency',
  'notice_type',
  'set_aside',
  'naics',
  'posted_on',
  'response_deadline',
  'award_amount',
  'url',
] as const;
const columns: readonly DatasetColumn[] = datasets.opportunities.filter(({ name }) =>
  names.some((wanted) => wanted === name),
);

/** The sample's notices, as PostgreSQL gives them; they come again after 2,000. */
function sampleRows(): ExportRow[] {
  return makeSample({ asOf: new Date('2026-11-22T12:00:00Z') }).opportunities.map((notice, index) => {
    const text = (name: string) => (typeof notice[name] === 'string' ? String(notice[name]) : null);
    const deadline = text('responseDeadLine');
    return columns.map(({ name }) => {
      switch (name) {
        case 'notice_id':
          return notice.noticeId;
        case 'title':
          return notice.title;
        case 'agency':
          return text('fullParentPathName');
        case 'notice_type':
          return text('type');
        case 'set_aside':
          return text('typeOfSetAsideDescription');
        case 'naics':
          return text('naicsCode');
        case 'posted_on':
          return notice.postedDate;
        case 'response_deadline':
          return deadline === null
            ? null
            : new Date(deadline).toISOString().replace('T', ' ').replace('.000Z', '+00');
        case 'award_amount':
          return index % 5 === 0 ? `${index * 977}.50` : null;
        default:
          return text('uiLink');
      }
    });
  });
}

function* rowsOf(count: number): Generator<ExportRow> {
  const pool = sampleRows();
  for (let index = 0; index < count; index += 1) yield pool[index % pool.length] ?? [];
}

async function* batchesOf(count: number): AsyncGenerator<ExportRow[]> {
  const pool = sampleRows();
  for (let from = 0; from < count; from += 1_000)
    yield Array.from(
      { length: Math.min(1_000, count - from) },
      (_, at) => pool[(from + at) % pool.length] ?? [],
    );
}

/** The values that libraries want: numbers and dates. */
function typed(row: ExportRow): (string | number | Date | null)[] {
  return row.map((value, index) => {
    const type = columns[index]?.type;
    if (value === null) return null;
    if (type === 'amount') return Number(value);
    return type === 'day' || type === 'time' ? new Date(value) : value;
  });
}

const ours =
  (writer: ExportWriter): Contestant =>
  (rows, sink) =>
    writer(columns, batchesOf(rows), sink);

const exceljsStreaming =
  (useStyles: boolean): Contestant =>
  async (rows, sink) => {
    const { default: ExcelJS } = await import('exceljs');
    const book = new ExcelJS.stream.xlsx.WorkbookWriter({ stream: sink, useStyles, useSharedStrings: false });
    const sheet = book.addWorksheet('Opportunities');
    let written = 0;
    for (const row of rowsOf(rows)) {
      const added = sheet.addRow(typed(row));
      if (useStyles) {
        added.getCell(7).numFmt = 'yyyy-mm-dd';
        added.getCell(8).numFmt = 'yyyy-mm-dd hh:mm';
        added.getCell(9).numFmt = '#,##0.00';
      }
      added.commit();
      written += 1;
      // Fed without a pause it would hold all in memory.
      if (written % 1_000 === 0 && sink.writableNeedDrain) await once(sink, 'drain');
    }
    await book.commit();
  };

/** Peers load their library when they run: what another one costs in memory is not theirs. */
export const contestants: Readonly<Record<string, Contestant>> = {
  'csv millrace': ours(writeCsv),
  'csv csv-stringify': async (rows, sink) => {
    const { stringify } = await import('csv-stringify');
    await pipeline(rowsOf(rows), stringify(), sink);
  },
  'ndjson millrace': ours(writeNdjson),
  'ndjson JSON.stringify': (rows, sink) =>
    pipeline(
      rowsOf(rows),
      async function* (source: Iterable<ExportRow>) {
        for (const row of source)
          yield `${JSON.stringify(Object.fromEntries(row.map((value, at) => [columns[at]?.name, value])))}\n`;
      },
      sink,
    ),
  'xlsx millrace': ours(xlsxWriter('Opportunities')),
  'xlsx exceljs streaming': exceljsStreaming(false),
  'xlsx exceljs streaming, styles': exceljsStreaming(true),
  'xlsx exceljs in memory': async (rows, sink) => {
    const { default: ExcelJS } = await import('exceljs');
    const book = new ExcelJS.Workbook();
    const sheet = book.addWorksheet('Opportunities');
    for (const row of rowsOf(rows)) sheet.addRow(typed(row));
    await book.xlsx.write(sink);
    sink.end();
  },
  'xlsx SheetJS': async (rows, sink) => {
    const { utils, write } = await import('xlsx');
    const book = utils.book_new();
    utils.book_append_sheet(book, utils.aoa_to_sheet([...rowsOf(rows)].map(typed)), 'Opportunities');
    const bytes: unknown = write(book, { type: 'buffer', bookType: 'xlsx', compression: true });
    if (bytes instanceof Uint8Array) sink.end(bytes);
  },
};
