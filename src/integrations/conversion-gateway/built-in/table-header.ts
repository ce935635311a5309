import { afterLabel } from './labels.ts';
import { type Cell, cellOf, type Line } from './lines.ts';
import type { MappedColumn, MappedTable } from './mapping.ts';

/** A column of the mapping where a page has its header. */
export interface PlacedColumn {
  readonly column: MappedColumn;
  readonly left: number;
  readonly right: number;
}

export interface Header {
  readonly columns: readonly PlacedColumn[];
  /** How many lines it takes. */
  readonly height: number;
}

/** Lines of one header stand closer together than this many heights of a letter. */
const stacked = 1.8;
const mostLines = 3;

/**
 * The table's header, if it begins at `lines[at]`: the columns of the mapping whose labels stand there. A header of
 * several lines is read as one of fewer when those say as much.
 */
export function headerAt(lines: readonly Line[], at: number, table: MappedTable): Header | undefined {
  let best: Header | undefined;
  const taken: Line[] = [];
  for (let height = 1; height <= mostLines; height += 1) {
    const line = lines[at + height - 1];
    const above = taken.at(-1);
    if (line === undefined) break;
    if (
      above !== undefined &&
      (line.page !== above.page || line.y - above.y > stacked * Math.max(line.size, above.size))
    )
      break;
    taken.push(line);
    const columns = columnsOf(taken, table.columns);
    if (columns.length > (best?.columns.length ?? 0)) best = { columns, height };
  }
  if (best === undefined || best.columns.length < 2) return undefined;
  const named = new Set(best.columns.map(({ column }) => column.name));
  return table.columns.every(({ name, required }) => !required || named.has(name)) ? best : undefined;
}

function columnsOf(lines: readonly Line[], columns: readonly MappedColumn[]): PlacedColumn[] {
  const whole = match(stack(lines.map(({ cells }) => cells)), columns);
  // Headers that nearly touch come as one cell; its pieces may still be apart.
  const pieces = match(
    stack(lines.map(({ cells }) => cells.flatMap((cell) => cell.pieces.map((piece) => cellOf([piece]))))),
    columns,
  );
  return pieces.length > whole.length ? pieces : whole;
}

/** Cells that stand one below the other are one. */
function stack(rows: readonly (readonly Cell[])[]): Cell[] {
  const stacks: Cell[] = [];
  for (const cell of rows.flat()) {
    const index = stacks.findIndex((one) => one.left < cell.right && cell.left < one.right);
    const above = stacks[index];
    if (above === undefined) stacks.push(cell);
    else
      stacks[index] = {
        text: `${above.text} ${cell.text}`,
        left: Math.min(above.left, cell.left),
        right: Math.max(above.right, cell.right),
        pieces: [...above.pieces, ...cell.pieces],
      };
  }
  return stacks.sort((a, b) => a.left - b.left);
}

/** Each column takes the cell that fits it best, and each cell is one column's. */
function match(cells: readonly Cell[], columns: readonly MappedColumn[]): PlacedColumn[] {
  const fits = cells.flatMap((cell) =>
    columns.flatMap((column) => {
      const found = afterLabel(cell.text, column.headers);
      // What a header says besides its label, such as a currency, makes another column's exact label the better fit.
      return found === undefined ? [] : [{ cell, column, score: found.label.length - found.rest.length }];
    }),
  );
  const placed: PlacedColumn[] = [];
  const usedCells = new Set<Cell>();
  const usedColumns = new Set<string>();
  for (const { cell, column } of fits.sort((a, b) => b.score - a.score)) {
    if (usedCells.has(cell) || usedColumns.has(column.name)) continue;
    usedCells.add(cell);
    usedColumns.add(column.name);
    placed.push({ column, left: cell.left, right: cell.right });
  }
  return placed.sort((a, b) => a.left - b.left);
}
