import {
  decoration,
  ensureRoom,
  type Layout,
  measureWith,
  rule,
  type TextStyle,
  tagged,
  write,
} from '../../pdf/layout.ts';
import { prose } from '../../pdf/prose.ts';
import { beginTable } from '../../pdf/table.ts';
import { colour, leading, size } from '../../pdf/theme.ts';
import { shorten } from '../../pdf/wrap.ts';
import { stackedBars } from '../chart.ts';
import type { Block, Fact } from '../content.ts';
import type { EventChart } from '../events.ts';

const body: TextStyle = { font: 'regular', size: size.body, colour: colour.ink };
const strong: TextStyle = { font: 'bold', size: size.body, colour: colour.ink };
const small: TextStyle = { font: 'regular', size: size.small, colour: colour.muted };
const labelWidth = 132;
const chartHeight = 190;

/** The least that a block needs below its heading, in points. */
export function startOf(block: Block | undefined): number {
  if (block === undefined) return 0;
  return block.kind === 'chart' ? chartHeight + 44 : block.kind === 'table' ? 74 : 3 * size.body * leading;
}

/** Draws one block where the layout stands, and leaves it below. */
export function drawBlock(layout: Layout, block: Block): void {
  switch (block.kind) {
    case 'prose':
      prose(layout, block.text);
      break;
    case 'label':
      ensureRoom(layout, 4 * size.body * leading);
      prose(layout, block.text, { style: strong, gap: 1 });
      break;
    case 'facts':
      facts(layout, block.facts);
      break;
    case 'list':
      for (const item of block.items) prose(layout, item, { indent: 12, mark: '•', gap: 3 });
      layout.y += 4;
      break;
    case 'table':
      table(layout, block);
      break;
    case 'chart':
      chart(layout, block.chart);
      break;
    case 'draft':
      draft(layout, block);
      break;
    case 'awaiting':
      note(layout, block.text);
      break;
    case 'signature':
      signature(layout, block.who, block.capacity);
      break;
  }
}

function draft(layout: Layout, { notice, claims }: Extract<Block, { kind: 'draft' }>): void {
  note(layout, notice);
  for (const { text, literature } of claims) prose(layout, `${text} [${literature.join(', ')}]`, { gap: 4 });
  layout.y += 4;
}

function facts(layout: Layout, list: readonly Fact[]): void {
  for (const { label, value } of list) {
    prose(layout, value, { style: body, indent: labelWidth, mark: label, gap: 2 });
  }
  layout.y += 8;
}

/** A notice with a bar at its side: something is not as it will be. */
function note(layout: Layout, text: string): void {
  const style: TextStyle = { font: 'bold', size: size.table, colour: colour.accent };
  ensureRoom(layout, 3 * style.size * leading + 8);
  layout.y += 2;
  const [page, from] = [layout.doc.page, layout.y];
  prose(layout, text, { style, indent: 10, gap: 0 });
  // A notice has a few lines; where a page ends within it, the bar stays with the first page's.
  if (layout.doc.page === page) {
    decoration(layout.doc, () =>
      layout.doc.rect(layout.left, from - 1, 2.5, layout.y - from + 1).fill(colour.accent),
    );
  }
  layout.y += 8;
}

function table(layout: Layout, block: Extract<Block, { kind: 'table' }>): void {
  ensureRoom(layout, 74);
  prose(layout, block.caption, {
    style: { font: 'bold', size: size.caption, colour: colour.ink },
    gap: 3,
  });
  const columns = block.columns.map(({ header, share, align = 'left' }, index) => ({
    header,
    share,
    align,
    maxLines: Number.POSITIVE_INFINITY,
    value: (row: readonly string[]) => row[index] ?? '',
  }));
  const drawn = beginTable(layout, columns);
  for (const row of block.rows) drawn.add(row);
  drawn.end();
}

function chart(layout: Layout, { caption, alt, ...data }: EventChart): void {
  const { doc, root, left, width } = layout;
  ensureRoom(layout, chartHeight + 40);
  const top = layout.y;
  const shapes = stackedBars({ caption, alt, ...data }, width, chartHeight);
  const placed: PDFKit.Mixins.StructureElementOptions & { bbox: number[] } = {
    alt,
    bbox: [left, top, left + width, top + chartHeight + 36],
  };
  const half = size.small * 0.6;
  tagged(
    doc,
    root,
    'Figure',
    () => {
      write(doc, caption, left, top, { font: 'bold', size: size.caption, colour: colour.ink });
      const y = top + 16;
      for (const line of shapes.lines) rule(doc, left + line.from, left + line.to, y + line.y);
      for (const bar of shapes.bars)
        doc.rect(left + bar.x, y + bar.y, bar.width, bar.height).fill(bar.colour);
      for (const label of shapes.labels)
        write(doc, label.text, left + label.x, y + label.y - half, small, label.align);
      legend(layout, shapes.legend, y + chartHeight + 4);
    },
    placed,
  );
  layout.y = top + chartHeight + 40;
}

function legend(
  { doc, left, width }: Layout,
  entries: readonly { readonly text: string; readonly colour: string }[],
  y: number,
): void {
  const each = (width - 30) / Math.max(1, entries.length);
  const fits = measureWith(doc, 'regular', size.small);
  let x = left + 30;
  for (const entry of entries) {
    doc.rect(x, y, 7, 7).fill(entry.colour);
    const text = shorten(entry.text, each - 16, fits);
    write(doc, text, x + 10, y - 0.5, small);
    x += Math.min(each, fits(text) + 26);
  }
}

function signature(layout: Layout, who: string, capacity: string): void {
  const { doc, root, left } = layout;
  ensureRoom(layout, 64);
  layout.y += 34;
  decoration(doc, () => {
    rule(doc, left, left + 230, layout.y, 0.8);
    rule(doc, left + 260, left + 390, layout.y, 0.8);
  });
  tagged(doc, root, 'P', () => {
    write(doc, 'Signature', left, layout.y + 3, small);
    write(doc, 'Date', left + 260, layout.y + 3, small);
  });
  layout.y += 14;
  prose(layout, who === '' ? capacity : `${who}, ${capacity}`, { gap: 10 });
}
