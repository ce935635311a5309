import { ensureRoom, type Layout, measureWith, newPage, type TextStyle, tagged, write } from './layout.ts';
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
 * A heading of a section, its bookmark and its place in the contents. It goes to the next page with what follows when that much (`keepWith`, in
 * points) has no room below it.
 */
export function sectionHeading(layout: Layout, text: string, keepWith: number): void {
  const { doc, headings, left } = layout;
  const style: TextStyle = { font: 'bold', size: size.section, colour: colour.accent };
  ensureRoom(layout, size.section * leading + 7 + keepWith);
  const destination = `section-${headings.length + 1}`;
  headings.push({ text, page: doc.bufferedPageRange().count, destination });
  doc.addNamedDestination(destination, 'XYZ', left, layout.y, 0);
  // pdfkit counts `left` from the right edge, and takes more than its types say.
  const place: { expanded?: boolean; top: number; left: number } = { top: layout.y, left: doc.page.width };
  doc.outline.addItem(text, place);
  lines(layout, 'H2', text, style);
  layout.y += 6;
}

export function paragraph(layout: Layout, text: string): void {
  lines(layout, 'P', text, { font: 'regular', size: size.body, colour: colour.ink });
  layout.y += 14;
}

/** A paragraph is not torn so that fewer lines than this stand alone on a page. */
const leastLines = 2;

/**
 * Text of any length: empty lines part its paragraphs, and pages break where they must. `indent` is in points, and `mark`
 * stands in it at the first line.
 */
export function prose(
  layout: Layout,
  text: string,
  {
    style = { font: 'regular', size: size.body, colour: colour.ink },
    indent = 0,
    mark = '',
    gap = 6,
  }: { style?: TextStyle; indent?: number; mark?: string; gap?: number } = {},
): void {
  const { doc, root, left, width } = layout;
  const height = style.size * leading;
  const measure = measureWith(doc, style.font, style.size);
  text.split(/\n\s*\n/).forEach((paragraph, index) => {
    let rest = paragraph.split('\n').flatMap((part) => wrap(part, width - indent, measure));
    const element = doc.struct('P');
    root.add(element);
    let begun = false;
    while (rest.length > 0) {
      const some = rest.slice(0, linesThatFit(layout, height, rest.length));
      if (some.length === 0) {
        newPage(layout);
        continue;
      }
      const content = doc.markStructureContent('P');
      if (!begun && index === 0) write(doc, mark, left, layout.y, style);
      begun = true;
      for (const line of some) {
        write(doc, line, left + indent, layout.y, style);
        layout.y += height;
      }
      doc.endMarkedContent();
      element.add(content);
      rest = rest.slice(some.length);
    }
    element.end();
    layout.y += gap;
  });
}

/** How many of the next lines go on this page: all, or so many that enough are left for the next. */
function linesThatFit(layout: Layout, height: number, lines: number): number {
  // A quarter of a point is lost in the sums of a long page.
  const room = Math.floor((layout.bottom - layout.y + 0.25) / height);
  if (room >= lines) return lines;
  const kept = Math.min(room, lines - leastLines);
  return kept < leastLines ? 0 : kept;
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
