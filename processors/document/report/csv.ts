import type { Writable } from 'node:stream';
import { stringify } from 'csv-stringify/sync';
import { breakdowns, type CellValue, opportunityColumns, summaryFigures } from './columns.ts';
import { drained, taken } from './feeding.ts';
import { guardFormula } from './formula.ts';
import type { ContentTable, OpportunityReport, Renderer, UserReport } from './report.ts';

/** Without it Excel takes UTF-8 for the code page of the machine. */
const byteOrderMark = '\ufeff';

/** CSV as RFC 4180 has it: CRLF, commas, one header; dates and times in ISO 8601, numbers with a point. */
export const renderCsv: Renderer = async (report, sink) => {
  sink.write(byteOrderMark);
  const rows = await writeReport(report, sink);
  sink.end();
  await taken(sink);
  return { rows };
};

function writeReport(report: Parameters<Renderer>[0], sink: Writable): Promise<number> {
  if ('content' in report) return writeContent(report, sink);
  return report.kind === 'analytics' ? writeFigures(report, sink) : writeRows(report, sink);
}

async function writeRows(report: OpportunityReport, sink: Writable): Promise<number> {
  sink.write(lines([opportunityColumns.map((column) => column.header)]));
  let rows = 0;
  for await (const batch of report.batches()) {
    sink.write(lines(batch.map((row) => opportunityColumns.map((column) => cellText(column.cell(row))))));
    rows += batch.length;
    await drained(sink);
  }
  return rows;
}

/** All tables of the report in one, since a CSV file holds one: each line says which it belongs to. */
async function writeFigures(report: OpportunityReport, sink: Writable): Promise<number> {
  const { byAgency, bySetAside, byWeek } = breakdowns(report.figures);
  const rows = [
    ...summaryFigures(report).map(({ label, cell }) => ['Summary', label, cellText(cell), '']),
    ...[byAgency, bySetAside, byWeek].flatMap(({ title, groups }) =>
      groups.map((group) => [title, guardFormula(group.name), String(group.count), group.share.toFixed(4)]),
    ),
  ];
  sink.write(lines([['Section', 'Name', 'Value', 'Share'], ...rows]));
  await drained(sink);
  return rows.length;
}

async function writeContent({ content }: UserReport, sink: Writable): Promise<number> {
  const main = content.tables.find((table) => table.main);
  const records = main === undefined ? allTables(content) : oneTable(main);
  sink.write(lines(records));
  await drained(sink);
  return records.length - 1;
}

function oneTable({ columns, rows }: ContentTable): string[][] {
  return [columns.map(({ header }) => header), ...rows.map((row) => row.map(cellText))];
}

/** Summary and tables below one another; a column that several tables have is one column here. */
function allTables({ summary, tables }: UserReport['content']): string[][] {
  const headers = [
    ...new Set([
      'Section',
      'Name',
      'Value',
      ...tables.flatMap(({ columns }) => columns.map(({ header }) => header)),
    ]),
  ];
  const record = (fields: ReadonlyMap<string, string>) => headers.map((header) => fields.get(header) ?? '');
  return [
    headers,
    ...summary.map(({ label, cell }) =>
      record(
        new Map([
          ['Section', 'Summary'],
          ['Name', label],
          ['Value', cellText(cell)],
        ]),
      ),
    ),
    ...tables.flatMap(({ title, columns, rows }) =>
      rows.map((row) => {
        const named = row.map((cell, index): [string, string] => [
          columns[index]?.header ?? '',
          cellText(cell),
        ]);
        return record(new Map([['Section', title], ...named]));
      }),
    ),
  ];
}

function lines(rows: readonly (readonly string[])[]): string {
  // Left to itself the library quotes a line break only when it is both letters of its own delimiter.
  return stringify([...rows], { record_delimiter: 'windows', quoted_match: /[\r\n]/ });
}

function cellText(cell: CellValue): string {
  switch (cell.type) {
    case 'text':
      return guardFormula(cell.value ?? '');
    case 'time':
      return cell.value?.toISOString() ?? '';
    case 'count':
    case 'share':
      return String(cell.value);
    default:
      return cell.value ?? '';
  }
}
