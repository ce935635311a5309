import { afterLabel } from './labels.ts';
import { type Line, textOf } from './lines.ts';
import type { MappedTable, ValueType } from './mapping.ts';
import { createColumns, type Row } from './table-columns.ts';
import { headerAt, type PlacedColumn } from './table-header.ts';
import { type Notation, readNumber, readValue, type Value } from './values.ts';

export interface LineItem {
  /** Of its first line. */
  readonly page: number;
  readonly values: ReadonlyMap<string, { readonly type: ValueType; readonly value: Value }>;
}

export interface TableRead {
  readonly items: readonly LineItem[];
  /** Lines that belong to the table; what is asked outside of it is not looked for there. */
  readonly lines: ReadonlySet<Line>;
}

/** A stretch of a page between a header, or the page's top, and the table's end or the page's. */
interface Segment {
  readonly columns: readonly PlacedColumn[];
  readonly lines: readonly Line[];
  /** Whether the page repeats the header; lines above it are then none of the table's. */
  readonly headed: boolean;
}

/** A line of the body with what it says in each column. */
interface BodyLine {
  readonly line: Line;
  readonly row: Row;
  /** Has every required value that is no text: an item. */
  readonly anchor: boolean;
}

/** Continuations stand closer than this many heights of a letter; further on are notes and the page's foot. */
const sameBlock = 2.2;
/** One gap is another's equal if it is not so much larger. */
const clearly = 1.15;

/** All line items of a document, in order, over all its pages. */
export function readTable(
  pages: readonly (readonly Line[])[],
  table: MappedTable,
  notation: Notation,
  running: ReadonlySet<Line>,
): TableRead {
  const used = new Set<Line>();
  const drafts: Draft[] = [];
  for (const segment of segmentsOf(pages, table, notation, used)) {
    const rowOf = createColumns(segment.columns, segment.lines);
    const body = segment.lines.map((line): BodyLine => {
      const row = rowOf(line);
      return { line, row, anchor: isAnchor(row, table, notation) };
    });
    if (segment.lines.length > 0) gather(body, segment.headed, running, table, drafts);
  }
  return { items: drafts.flatMap((draft) => itemOf(draft, table, notation)), lines: used };
}

/** An item whose lines are still being found. */
interface Draft {
  readonly page: number;
  readonly rows: Row[];
  readonly anchor: Row;
}

function segmentsOf(
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

function isAnchor(row: Row, table: MappedTable, notation: Notation): boolean {
  return table.columns.every(({ name, type, required }) => {
    if (!required || type === 'text') return true;
    return readValue(row.get(name) ?? '', type, notation) !== undefined;
  });
}

/** Gives each line that is no item to the item that it continues, and adds the items to `drafts`. */
function gather(
  body: readonly BodyLine[],
  headed: boolean,
  running: ReadonlySet<Line>,
  table: MappedTable,
  drafts: Draft[],
): void {
  const texts = new Set(table.columns.filter(({ type }) => type === 'text').map(({ name }) => name));
  const continues = ({ row }: BodyLine) => [...row.keys()].every((name) => texts.has(name));
  const pitch = pitchOf(body);
  let between: BodyLine[] = [];
  let last: BodyLine | undefined;
  for (const current of body) {
    if (!current.anchor) {
      if (continues(current)) between.push(current);
      continue;
    }
    const draft: Draft = { page: current.line.page, rows: [], anchor: current.row };
    const cut =
      last === undefined ? cutAtTop(between, current, pitch) : cutBetween([last, ...between, current]);
    const before = between.slice(0, cut);
    // On a page without a header of the table's, its first lines may be the page's own heading.
    const own = last === undefined && !headed ? before.filter(({ line }) => !running.has(line)) : before;
    append(drafts.at(-1), last === undefined ? own : closeTo(last, own));
    drafts.push(draft);
    draft.rows.push(...between.slice(cut).map(({ row }) => row), current.row);
    between = [];
    last = current;
  }
  // A page may hold nothing but the end of the last page's last item.
  const [first] = between;
  const rest =
    last === undefined && headed && first !== undefined ? [first, ...closeTo(first, between.slice(1))] : [];
  append(drafts.at(-1), last === undefined ? rest : closeTo(last, between));
}

function append(draft: Draft | undefined, lines: readonly BodyLine[]): void {
  draft?.rows.push(...lines.map(({ row }) => row));
}

/** Those that follow in one block; a wide gap ends it. */
function closeTo(from: BodyLine, lines: readonly BodyLine[]): BodyLine[] {
  const block: BodyLine[] = [];
  let above = from.line;
  for (const one of lines) {
    if (one.line.y - above.y > sameBlock * Math.max(above.size, one.line.size)) break;
    block.push(one);
    above = one.line;
  }
  return block;
}

/**
 * How many of the lines between two items are the first one's. Where numbers stand at the top of their row all are; where
 * they stand in its middle the rows part at the widest gap.
 */
function cutBetween(chain: readonly BodyLine[]): number {
  const gaps = chain.slice(1).map(({ line }, index) => line.y - (chain[index]?.line.y ?? line.y));
  const widest = Math.max(...gaps);
  const least = Math.min(...gaps);
  if (widest < least * clearly) return gaps.length - 1;
  return gaps.indexOf(widest);
}

/** Above a page's first item: its own where it stands closer than rows do, else the rest of the last page's last item. */
function cutAtTop(lines: readonly BodyLine[], first: BodyLine, pitch: number | undefined): number {
  const lowest = lines.at(-1);
  if (lowest === undefined || pitch === undefined) return lines.length;
  const gap = first.line.y - lowest.line.y;
  return gap * clearly < pitch ? 0 : lines.length;
}

/** The least distance of two items with nothing between them. */
function pitchOf(body: readonly BodyLine[]): number | undefined {
  const pitches = body.flatMap((one, index) => {
    const next = body[index + 1];
    return one.anchor && next?.anchor === true ? [next.line.y - one.line.y] : [];
  });
  return pitches.length === 0 ? undefined : Math.min(...pitches);
}

/** The item's values; none when a required text stayed empty: a sum that the mapping does not know. */
function itemOf({ page, rows, anchor }: Draft, table: MappedTable, notation: Notation): LineItem[] {
  const values = new Map<string, { type: ValueType; value: Value }>();
  for (const { name, type, required } of table.columns) {
    const text =
      type === 'text' ? rows.flatMap((row) => row.get(name) ?? []).join(' ') : (anchor.get(name) ?? '');
    const value = readValue(text, type, notation);
    if (value !== undefined) values.set(name, { type, value });
    else if (required) return [];
  }
  return [{ page, values }];
}
