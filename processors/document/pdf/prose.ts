import { ensureRoom, type Layout, measureWith, type TextStyle, tagged, write } from './layout.ts';
import { colour, leading, size } from './theme.ts';
import { wrap } from './wrap.ts';

/** The document's title, with a line below it that says what it covers. */
export function titleBlock(layout: Layout, title: string, subtitle: string): void {
  const { doc } = layout;
  lines(layout, 'H1', title, { font: 'bold', size: size.title, colour: colour.accent }, 4);
  layout.y += 3;
  lines(layout, 'P', subtitle, { font: 'regular', size: size.body, colour: colour.muted });
  layout.y += 14;
  doc.outline.addItem(title);
}

/**
 * A heading of a section, and its bookmark. It goes to the next page with what follows when that much (`keepWith`, in
 * points) has no room below it.
 */
export function sectionHeading(layout: Layout, text: string, keepWith: number): void {
  const style: TextStyle = { font: 'bold', size: size.section, colour: colour.accent };
  ensureRoom(layout, size.section * leading + 7 + keepWith);
  layout.doc.outline.addItem(text);
  lines(layout, 'H2', text, style);
  layout.y += 6;
}

export function paragraph(layout: Layout, text: string): void {
  lines(layout, 'P', text, { font: 'regular', size: size.body, colour: colour.ink });
  layout.y += 14;
}

function lines(layout: Layout, tag: string, text: string, style: TextStyle, maxLines?: number): void {
  const { doc, root, left, width } = layout;
  const height = style.size * leading;
  const wrapped = wrap(text, width, measureWith(doc, style.font, style.size), maxLines);
  ensureRoom(layout, height * wrapped.length);
  tagged(doc, root, tag, () => {
    for (const line of wrapped) {
      write(doc, line, left, layout.y, style);
      layout.y += height;
    }
  });
}
