import { columns, oneLine } from './terminal.ts';

/** What is known of a terminal; a script's pipe has none of it. */
interface Out {
  readonly isTTY?: boolean;
  readonly columns?: number;
}

/** Of the last column at least so much is shown; a table in which it has less room is too wide. */
const leastOfLast = 12;

/**
 * Rows under the names of their columns. At a terminal that is too narrow for them the last column is cut, and where that
 * does not help each row stands as a card: nobody reads the broken lines of a table. Scripts get lines in any case.
 */
export function table(
  head: readonly string[],
  rows: readonly (readonly string[])[],
  out: Out = process.stdout,
): string {
  const whole = columns([head, ...rows]);
  if (fits(whole, out)) return whole;
  const last = head.length - 1;
  const beforeLast = widestOf(columns([head, ...rows].map((row) => [...row.slice(0, last), '|']))) - 1;
  const room = (out.columns ?? 0) - beforeLast;
  if (room < Math.max(leastOfLast, head[last]?.length ?? 0)) return cards(head, rows);
  const cut = (cell: string, at: number) => (at === last ? oneLine(cell, room) : cell);
  return columns([head, ...rows.map((row) => row.map(cut))]);
}

/** Each row as lines of a name and a value; empty cells are left out. */
export function cards(head: readonly string[], rows: readonly (readonly string[])[]): string {
  return rows
    .map((row) => columns(row.flatMap((cell, at) => (cell === '' ? [] : [[head[at] ?? '', cell]]))))
    .join('\n\n');
}

/** Whether no line of a text breaks at this terminal. */
export function fits(text: string, { isTTY, columns: width = 0 }: Out = process.stdout): boolean {
  return isTTY !== true || width === 0 || widestOf(text) <= width;
}

function widestOf(text: string): number {
  return Math.max(0, ...text.split('\n').map((line) => line.length));
}
