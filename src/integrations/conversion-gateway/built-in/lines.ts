import type { PageText, TextItem } from './page-text.ts';

/** Text of one line that stands together. */
export interface Cell {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  readonly pieces: readonly TextItem[];
}

export interface Line {
  readonly page: number;
  readonly y: number;
  readonly size: number;
  /** From left to right. */
  readonly cells: readonly Cell[];
}

/** Baselines of one line may differ by this many heights of a letter: producers round, and indices are raised. */
const sameLine = 0.35;
/** Pieces closer than this many heights belong to one word. */
const sameWord = 0.12;
/** A word space has a quarter to a third of a height; what is wider than this parts columns. */
const sameCell = 0.6;

/** Puts a page's pieces into lines, from top to bottom. */
export function linesOf({ number, items }: PageText): Line[] {
  const rows: { y: number; size: number; items: TextItem[] }[] = [];
  for (const item of [...items].sort((a, b) => a.y - b.y || a.left - b.left)) {
    const row = rows.at(-1);
    if (row !== undefined && item.y - row.y <= sameLine * Math.max(row.size, item.size)) {
      row.items.push(item);
      row.size = Math.max(row.size, item.size);
    } else {
      rows.push({ y: item.y, size: item.size, items: [item] });
    }
  }
  return rows.map(({ y, size, items: pieces }) => ({ page: number, y, size, cells: cellsOf(pieces) }));
}

function cellsOf(items: readonly TextItem[]): Cell[] {
  const groups: TextItem[][] = [];
  for (const item of [...items].sort((a, b) => a.left - b.left)) {
    const group = groups.at(-1);
    const last = group?.at(-1);
    if (last !== undefined && item.left - last.right < sameCell * Math.max(last.size, item.size))
      group?.push(item);
    else groups.push([item]);
  }
  return groups.map(cellOf);
}

/** One cell of pieces from left to right. */
export function cellOf(pieces: readonly TextItem[]): Cell {
  let text = '';
  let last: TextItem | undefined;
  for (const piece of pieces) {
    const apart = last !== undefined && piece.left - last.right > sameWord * Math.max(last.size, piece.size);
    text += apart && !/\s$/.test(text) && !/^\s/.test(piece.text) ? ` ${piece.text}` : piece.text;
    last = piece;
  }
  return {
    text: text.replace(/\s+/gu, ' ').trim(),
    left: Math.min(...pieces.map(({ left }) => left)),
    right: Math.max(...pieces.map(({ right }) => right)),
    pieces,
  };
}

export function textOf(line: Line): string {
  return line.cells.map(({ text }) => text).join(' ');
}

/**
 * Lines that stand at the same height of several pages and say the same but for their numbers: headings and feet of
 * pages, which belong to no table.
 */
export function runningLines(pages: readonly (readonly Line[])[]): Set<Line> {
  const seen = new Map<string, Line[]>();
  for (const line of pages.flat()) {
    const key = `${Math.round(line.y / 2)} ${textOf(line).replace(/\d+/g, '#')}`;
    const same = seen.get(key);
    if (same === undefined) seen.set(key, [line]);
    else same.push(line);
  }
  return new Set([...seen.values()].filter((same) => same.length > 1).flat());
}
