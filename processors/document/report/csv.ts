import type { Writable } from 'node:stream';
import { stringify } from 'csv-stringify/sync';
import { breakdowns, type CellValue, opportunityColumns, summaryFigures } from './columns.ts';
import { drained, taken } from './feeding.ts';
import { guardFormula } from './formula.ts';
import type { Renderer, Report } from './report.ts';

/** Without it Excel takes UTF-8 for the code page of the machine. */
const byteOrderMark = '\ufeff';

/** CSV as RFC 4180 has it: CRLF, commas, one header; dates and times in ISO 8601, numbers with a point. */
export const renderCsv: Renderer = async (report, sink) => {
  sink.write(byteOrderMark);
  const rows = await (report.kind === 'analytics' ? writeFigures(report, sink) : writeRows(report, sink));
  sink.end();
  await taken(sink);
  return { rows };
};

async function writeRows(report: Report, sink: Writable): Promise<number> {
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
async function writeFigures(report: Report, sink: Writable): Promise<number> {
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
