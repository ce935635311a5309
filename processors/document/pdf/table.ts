import {
  type Align,
  decoration,
  ensureRoom,
  type Layout,
  measureWith,
  newPage,
  rule,
  type Tag,
  type TextStyle,
  tagged,
  write,
} from './layout.ts';
import { colour, leading, paper, size } from './theme.ts';
import { type Measure, wrap } from './wrap.ts';

export interface TableColumn<R> {
  readonly header: string;
  /** Share of the table's width. */
  readonly share: number;
  readonly align?: Align;
  readonly value: (row: R) => string;
  /** Address that the cell leads to. */
  readonly link?: (row: R) => string | undefined;
  /** Lines that a cell may have before it is cut; 5 unless told. */
  readonly maxLines?: number;
}

export interface Table<R> {
  add(row: R): void;
  end(): void;
}

interface Row {
  readonly cells: readonly { readonly lines: readonly string[]; readonly link: string | undefined }[];
  readonly height: number;
}

/** Where a column's cells stand. */
interface Cell {
  readonly x: number;
  readonly width: number;
  readonly align: Align;
}

const padding = { x: 4, y: 2.8 } as const;
const lineHeight = size.table * leading;
/** A cell with more is cut, so that every row fits on a page. */
const maxCellLines = 5;

const headerStyle: TextStyle = { font: 'bold', size: size.table, colour: colour.accent };
const cellStyle: TextStyle = { font: 'regular', size: size.table, colour: colour.ink };
const linkStyle: TextStyle = { font: 'regular', size: size.table, colour: colour.accent };

/** Height of a table whose rows have one line each, in points. */
export function tableHeight(rows: number): number {
  return (1 + rows) * (lineHeight + 2 * padding.y);
}

/** The least that a table begins with on a page: its header and two rows of two lines. */
export const tableStart = tableHeight(4);

/** Begins a table across the page. Rows are whole on one page unless they are taller than it, and the header stands again on each. */
export function beginTable<R>(
  layout: Layout,
  columns: readonly TableColumn<R>[],
  width = layout.width,
): Table<R> {
  const { doc } = layout;
  const cells = place(columns, layout.left, width);
  const measures = {
    header: measureWith(doc, 'bold', size.table),
    cell: measureWith(doc, 'regular', size.table),
  };
  const headers = columns.map((column, index) => inCell(column.header, cells[index], measures.header));
  const table = doc.struct('Table');
  layout.root.add(table);

  function header(first: boolean): void {
    const height = rowHeight(headers);
    decoration(doc, () => doc.rect(layout.left, layout.y, width, height).fill(colour.tint));
    // Said once: a reader who listens keeps the header in mind and need not hear it on each page.
    if (first) {
      const row = doc.struct('TR');
      table.add(row);
      headers.forEach((lines, index) => {
        const scope: PDFKit.Mixins.StructureElementOptions & { scope: 'Column' } = { scope: 'Column' };
        tagged(doc, row, 'TH', () => drawCell(layout, lines, cells[index], headerStyle), scope);
      });
      row.end();
    } else {
      decoration(
        doc,
        () => {
          headers.forEach((lines, index) => {
            drawCell(layout, lines, cells[index], headerStyle);
          });
        },
        'Pagination',
      );
    }
    layout.y += height;
  }

  const pageRoom = layout.bottom - layout.top - paper.header - rowHeight(headers);
  const mostLines = Math.floor((pageRoom - 2 * padding.y) / lineHeight);
  ensureRoom(layout, tableStart);
  header(true);

  /** The last two rows wait until it is known what follows, so that none is left alone on a page. */
  const waiting: Row[] = [];

  function draw(row: Row): void {
    const element = doc.struct('TR');
    table.add(element);
    row.cells.forEach(({ lines, link }, index) => {
      if (link !== undefined && lines.length > 0) linkedCell(layout, element, lines, cells[index], link);
      else tagged(doc, element, 'TD', () => drawCell(layout, lines, cells[index], cellStyle));
    });
    element.end();
    layout.y += row.height;
    decoration(doc, () => rule(doc, layout.left, layout.left + width, layout.y, 0.4));
  }

  function breakBefore(height: number): void {
    if (layout.y + height <= layout.bottom) return;
    newPage(layout);
    header(false);
  }

  return {
    add(row) {
      const content = columns.map((column, index) => ({
        lines: inCell(column.value(row), cells[index], measures.cell, column.maxLines),
        link: column.link?.(row),
      }));
      for (const part of parted(content, mostLines)) {
        waiting.push({ cells: part, height: rowHeight(part.map(({ lines }) => lines)) });
        const first = waiting.length > 2 ? waiting.shift() : undefined;
        if (first === undefined) continue;
        breakBefore(first.height);
        draw(first);
      }
    },
    end() {
      const height = waiting.reduce((sum, row) => sum + row.height, 0);
      // Rows of whole pages cannot stay together.
      if (height <= pageRoom) breakBefore(height);
      for (const row of waiting) {
        breakBefore(row.height);
        draw(row);
      }
      table.end();
      layout.y += 16;
    },
  };
}

/** A row that is taller than a page, in as many rows as it takes; any other as it is. */
function parted(cells: Row['cells'], mostLines: number): Row['cells'][] {
  const tallest = Math.max(...cells.map(({ lines }) => lines.length));
  const parts = Math.max(1, Math.ceil(tallest / mostLines));
  return Array.from({ length: parts }, (_, part) =>
    cells.map(({ lines, link }) => ({
      link,
      lines: lines.slice(part * mostLines, (part + 1) * mostLines),
    })),
  );
}

function place<R>(columns: readonly TableColumn<R>[], left: number, width: number): Cell[] {
  const whole = columns.reduce((sum, column) => sum + column.share, 0);
  let x = left;
  return columns.map(({ share, align = 'left' }) => {
    const cell = { x, width: (width * share) / whole, align };
    x += cell.width;
    return cell;
  });
}

function inCell(text: string, cell: Cell | undefined, measure: Measure, maxLines = maxCellLines): string[] {
  return wrap(text, (cell?.width ?? 0) - 2 * padding.x, measure, maxLines);
}

function rowHeight(cells: readonly (readonly string[])[]): number {
  return Math.max(1, ...cells.map((lines) => lines.length)) * lineHeight + 2 * padding.y;
}

function drawCell(layout: Layout, lines: readonly string[], cell: Cell | undefined, style: TextStyle): void {
  if (cell === undefined) return;
  const x = cell.align === 'right' ? cell.x + cell.width - padding.x : cell.x + padding.x;
  lines.forEach((line, index) => {
    write(layout.doc, line, x, layout.y + padding.y + index * lineHeight, style, cell.align);
  });
}

function linkedCell(
  layout: Layout,
  row: Tag,
  lines: readonly string[],
  cell: Cell | undefined,
  url: string,
): void {
  if (cell === undefined) return;
  const { doc } = layout;
  const element = doc.struct('TD');
  row.add(element);
  const link = doc.struct('Link');
  element.add(link);
  const content = doc.markStructureContent('Link');
  drawCell(layout, lines, cell, linkStyle);
  doc.endMarkedContent();
  link.add(content);
  // The area belongs to the tag, so that a screen reader offers it where it reads the text.
  const area: PDFKit.Mixins.AnnotationOption & { structParent: Tag } = { structParent: link };
  doc.link(
    cell.x + padding.x,
    layout.y + padding.y,
    cell.width - 2 * padding.x,
    lines.length * lineHeight,
    url,
    area,
  );
  link.end();
  element.end();
}
