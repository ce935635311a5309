import type { Line } from './lines.ts';
import type { MappedTable, ValueType } from './mapping.ts';
import { createColumns, type Row } from './table-columns.ts';
import { type Segment, sameHeader, segmentsOf } from './table-segments.ts';
import { type Notation, readValue, type Value } from './values.ts';

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
  const segments = groupByHeader(segmentsOf(pages, table, notation, used)).map(({ rowOf, lines, headed }) => {
    const body = lines.map((line): BodyLine => {
      const row = rowOf(line);
      return { line, row, anchor: isAnchor(row, table, notation) };
    });
    return { body, headed };
  });
  const pitch = Math.min(...segments.map(({ body }) => pitchOf(body)));
  const drafts: Draft[] = [];
  for (const { body, headed } of segments) gather(body, { headed, running, table, pitch }, drafts);
  return { items: drafts.flatMap((draft) => itemOf(draft, table, notation)), lines: used };
}

/** Segments with a reader of their rows. A page with a row or two tells little of its columns; all with one header tell more. */
function groupByHeader(segments: readonly Segment[]) {
  const groups: { columns: Segment['columns']; lines: Line[] }[] = [];
  const placed = segments.map((segment) => {
    let group = groups.find(({ columns }) => sameHeader(columns, segment.columns));
    if (group === undefined) {
      group = { columns: segment.columns, lines: [] };
      groups.push(group);
    }
    group.lines.push(...segment.lines);
    return { ...segment, group };
  });
  const readers = new Map(groups.map((group) => [group, createColumns(group.columns, group.lines)]));
  return placed.flatMap(({ lines, headed, group }) => {
    const rowOf = readers.get(group);
    return rowOf === undefined ? [] : [{ lines, headed, rowOf }];
  });
}

/** An item whose lines are still being found. */
interface Draft {
  readonly page: number;
  readonly rows: Row[];
  readonly anchor: Row;
}

function isAnchor(row: Row, table: MappedTable, notation: Notation): boolean {
  return table.columns.every(({ name, type, required }) => {
    if (!required || type === 'text') return true;
    return readValue(row.get(name) ?? '', type, notation) !== undefined;
  });
}

interface Surroundings {
  readonly headed: boolean;
  readonly running: ReadonlySet<Line>;
  readonly table: MappedTable;
  /** Of the whole table's rows; infinite when no two of them touch. */
  readonly pitch: number;
}

/** Gives each line that is no item to the item that it continues, and adds the items to `drafts`. */
function gather(body: readonly BodyLine[], around: Surroundings, drafts: Draft[]): void {
  const { headed, running, table, pitch } = around;
  const texts = new Set(table.columns.filter(({ type }) => type === 'text').map(({ name }) => name));
  const continues = ({ row }: BodyLine) => [...row.keys()].every((name) => texts.has(name));
  let between: BodyLine[] = [];
  let last: BodyLine | undefined;
  for (const current of body) {
    if (!current.anchor) {
      if (continues(current)) between.push(current);
      continue;
    }
    const draft: Draft = { page: current.line.page, rows: [], anchor: current.row };
    // On a page without a header of the table's, its first lines may be the page's own heading.
    const lines =
      last === undefined && !headed
        ? leadingTo(
            current,
            between.filter(({ line }) => !running.has(line)),
          )
        : between;
    const cut = last === undefined ? cutAtTop(lines, current, pitch) : cutBetween([last, ...lines, current]);
    const before = lines.slice(0, cut);
    append(drafts.at(-1), last === undefined ? before : closeTo(last, before));
    drafts.push(draft);
    draft.rows.push(...lines.slice(cut).map(({ row }) => row), current.row);
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
  let last = from.line;
  for (const one of lines) {
    if (Math.abs(one.line.y - last.y) > sameBlock * Math.max(last.size, one.line.size)) break;
    block.push(one);
    last = one.line;
  }
  return block;
}

/** Those that lead to an item in one block. */
function leadingTo(item: BodyLine, lines: readonly BodyLine[]): BodyLine[] {
  return closeTo(item, lines.toReversed()).reverse();
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

/**
 * Above a page's first item: its own where it stands closer than rows do, and than lines do where no two rows touch; else
 * the rest of the last page's last item.
 */
function cutAtTop(lines: readonly BodyLine[], first: BodyLine, pitch: number): number {
  const lowest = lines.at(-1);
  if (lowest === undefined) return 0;
  const gap = first.line.y - lowest.line.y;
  return gap * clearly < (Number.isFinite(pitch) ? pitch : first.line.size) ? 0 : lines.length;
}

/** Lines of one text. A word that was parted at its hyphen is whole again; a soft hyphen was none of the text's. */
function joined(lines: readonly string[]): string {
  let text = '';
  for (const line of lines) {
    if (text === '') text = line;
    else if (text.endsWith('\u00ad')) text = text.slice(0, -1) + line;
    else text += /\p{L}-$/u.test(text) && /^\p{Ll}/u.test(line) ? line : ` ${line}`;
  }
  return text;
}

/** The least distance of two items with nothing between them; infinite when there are none. */
function pitchOf(body: readonly BodyLine[]): number {
  const pitches = body.flatMap((one, index) => {
    const next = body[index + 1];
    return one.anchor && next?.anchor === true ? [next.line.y - one.line.y] : [];
  });
  return Math.min(...pitches);
}

/** The item's values; none when a required text stayed empty: a sum that the mapping does not know. */
function itemOf({ page, rows, anchor }: Draft, table: MappedTable, notation: Notation): LineItem[] {
  const values = new Map<string, { type: ValueType; value: Value }>();
  for (const { name, type, required } of table.columns) {
    const text =
      type === 'text' ? joined(rows.flatMap((row) => row.get(name) ?? [])) : (anchor.get(name) ?? '');
    const value = readValue(text, type, notation);
    if (value !== undefined) values.set(name, { type, value });
    else if (required) return [];
  }
  return [{ page, values }];
}
