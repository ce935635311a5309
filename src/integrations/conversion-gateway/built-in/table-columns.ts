import { type Cell, cellOf, type Line } from './lines.ts';
import type { PlacedColumn } from './table-header.ts';

/** What a line has in each column. */
export type Row = ReadonlyMap<string, string>;

interface Band {
  left: number;
  right: number;
  /** The columns that it may belong to, from left to right. */
  columns: PlacedColumn[];
}

/**
 * Says in which column a cell stands. The cells of a table's body leave empty bands between them from top to bottom; each
 * block between two such bands goes to the header above it, or to the nearest one in order, so that it does not matter
 * whether headers and cells are aligned left, right or in the middle.
 */
export function createColumns(columns: readonly PlacedColumn[], body: readonly Line[]): (line: Line) => Row {
  const bands = bandsOf(body, columns);

  function columnOf(cell: Cell): PlacedColumn | undefined {
    const band = bands.find(({ left, right }) => left < cell.right && cell.left < right);
    const candidates = band === undefined || band.columns.length === 0 ? columns : band.columns;
    return nearest(candidates, cell);
  }

  return (line) => {
    const row = new Map<string, string>();
    for (const cell of line.cells.flatMap((one) => parted(one, columns))) {
      const found = columnOf(cell);
      if (found === undefined) continue;
      const { name } = found.column;
      const before = row.get(name);
      row.set(name, before === undefined ? cell.text : `${before} ${cell.text}`);
    }
    return row;
  };
}

/** A cell that reaches under several headers is several cells that nearly touch, if it has pieces to part it by. */
function parted(cell: Cell, columns: readonly PlacedColumn[]): Cell[] {
  const under = columns.filter(({ left, right }) => left < cell.right && cell.left < right);
  if (under.length < 2 || cell.pieces.length < 2) return [cell];
  return cell.pieces.map((piece) => cellOf([piece]));
}

function bandsOf(body: readonly Line[], columns: readonly PlacedColumn[]): Band[] {
  // Notes and continuations say nothing of columns; a row has a cell in most of them.
  const rows = body.filter(({ cells }) => cells.length >= Math.max(2, columns.length / 2));
  const cells = rows.flatMap((line) => line.cells.flatMap((cell) => parted(cell, columns)));
  const bands: Band[] = [];
  for (const { left, right } of cells.sort((a, b) => a.left - b.left)) {
    const last = bands.at(-1);
    if (last !== undefined && left <= last.right) last.right = Math.max(last.right, right);
    else bands.push({ left, right, columns: [] });
  }
  if (bands.length === columns.length) {
    return bands.map((band, index) => ({ ...band, columns: columns.slice(index, index + 1) }));
  }
  // Bands and columns keep their order, so each band looks only from the last band's column on.
  let from = 0;
  for (const band of bands) {
    const rest = columns.slice(from);
    const over = rest.filter(({ left, right }) => left < band.right && band.left < right);
    const near = nearestOf(rest, band);
    band.columns = over.length > 0 ? over : near === undefined ? [] : [near];
    const last = band.columns.at(-1);
    if (last !== undefined) from = columns.indexOf(last);
  }
  return bands;
}

/** By the space between. */
function nearestOf(
  columns: readonly PlacedColumn[],
  { left, right }: { readonly left: number; readonly right: number },
): PlacedColumn | undefined {
  let best: { column: PlacedColumn; distance: number } | undefined;
  for (const column of columns) {
    const distance = Math.max(column.left - right, left - column.right, 0);
    if (best === undefined || distance < best.distance) best = { column, distance };
  }
  return best?.column;
}

/** By overlap, then by whichever edges are aligned best. */
function nearest(columns: readonly PlacedColumn[], cell: Cell): PlacedColumn | undefined {
  let best: { column: PlacedColumn; distance: number } | undefined;
  for (const column of columns) {
    const overlap = Math.min(cell.right, column.right) - Math.max(cell.left, column.left);
    const edges = Math.min(
      Math.abs(cell.left - column.left),
      Math.abs(cell.right - column.right),
      Math.abs(cell.left + cell.right - column.left - column.right) / 2,
    );
    const distance = overlap > 0 ? -overlap : edges;
    if (best === undefined || distance < best.distance) best = { column, distance };
  }
  return best?.column;
}
