import { afterLabel } from './labels.ts';
import { type Line, textOf } from './lines.ts';
import type { MappedTable } from './mapping.ts';
import { headerAt, type PlacedColumn } from './table-header.ts';
import { type Notation, readNumber } from './values.ts';

/** A stretch of a page between a header, or the page's top, and the table's end or the page's. */
export interface Segment {
  readonly columns: readonly PlacedColumn[];
  readonly lines: readonly Line[];
  /** Whether the page repeats the header; lines above it are then none of the table's. */
  readonly headed: boolean;
}

/** Headers of two pages stand in the same place if they are no further apart, in points. */
const samePlace = 2;

/** Finds a table on all its pages, and notes in `used` the lines that are its own. */
export function segmentsOf(
  pages: readonly (readonly Line[])[],
  table: MappedTable,
  notation: Notation,
  used: Set<Line>,
): Segment[] {
  const ignored = table.ignore.map((source) => new RegExp(source, 'iu'));
  const segments: Segment[] = [];
  let columns: readonly PlacedColumn[] | undefined;
  for (const lines of pages) {
    let headed = false;
    let body: Line[] = [];
    const close = () => {
      if (columns !== undefined) segments.push({ columns, lines: body, headed });
      body = [];
    };
    for (let at = 0; at < lines.length; ) {
      const header = headerAt(lines, at, table);
      const line = lines[at];
      if (line === undefined) break;
      if (header !== undefined) {
        // What stood above it on this page was none of the table's, unless a table had begun here.
        if (!headed) for (const above of body.splice(0)) used.delete(above);
        close();
        columns = header.columns;
        headed = true;
        for (const part of lines.slice(at, at + header.height)) used.add(part);
        at += header.height;
        continue;
      }
      at += 1;
      if (columns === undefined) continue;
      if (ignored.some((pattern) => pattern.test(textOf(line)))) {
        used.add(line);
        continue;
      }
      if (isEnd(line, table, notation, columns)) {
        close();
        columns = undefined;
        continue;
      }
      used.add(line);
      body.push(line);
    }
    close();
  }
  return segments;
}

/** Whether two pages have the same columns in the same places. */
export function sameHeader(some: readonly PlacedColumn[], others: readonly PlacedColumn[]): boolean {
  if (some === others) return true;
  return (
    some.length === others.length &&
    some.every((one, index) => {
      const other = others[index];
      return (
        other !== undefined &&
        one.column === other.column &&
        Math.abs(one.left - other.left) < samePlace &&
        Math.abs(one.right - other.right) < samePlace
      );
    })
  );
}

/** A line that begins as the mapping says, and is not a whole item that happens to begin so. */
function isEnd(
  line: Line,
  table: MappedTable,
  notation: Notation,
  columns: readonly PlacedColumn[],
): boolean {
  const ends = line.cells.some(({ text }, index) => {
    const found = afterLabel(text, table.end);
    // A sum often stands to the right, below its column, with nothing before it.
    return found !== undefined && (index === 0 || line.cells.length <= 2);
  });
  if (!ends) return false;
  const numeric = columns.filter(({ column }) => column.type === 'number' || column.type === 'amount').length;
  const numbers = line.cells.filter(({ text }) => readNumber(text, notation.decimal) !== undefined).length;
  return numeric < 2 || numbers < numeric;
}
