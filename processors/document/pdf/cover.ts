import {
  decoration,
  type Heading,
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
import { type Measure, shorten, wrap } from './wrap.ts';

/** What the first page says. */
export interface Cover {
  /** Above the title: what kind of document it is. */
  readonly kind: string;
  readonly title: string;
  /** Below the title: the days that it covers. */
  readonly period: string;
  /** Whom it is for, when it was made, and the like, in their order. */
  readonly facts: readonly { readonly label: string; readonly value: string }[];
}

export interface CoverPage {
  /** Writes the contents, once it is known what stands where: before the document is finished. */
  writeContents(): void;
}

/** How much of the page's height the title's field takes. */
const fieldShare = 0.42;
/** The first of these in which the title has so few lines; a longer one is cut. */
const titleSizes = [30, 24, 19] as const;
const mostTitleLines = 4;
const textSize = 10.5;

const label: TextStyle = { font: 'regular', size: textSize, colour: colour.muted };
const value: TextStyle = { font: 'bold', size: textSize, colour: colour.ink };
const entry: TextStyle = { font: 'regular', size: textSize, colour: colour.ink };
const caption: TextStyle = { font: 'bold', size: size.section, colour: colour.accent };
/** Where facts begin, from the left margin, and how far lines are apart. */
const labelWidth = 104;
const linePitch = 20;

/** Draws the title page on the document's first, and goes on to the second. */
export function coverPage(layout: Layout, cover: Cover): CoverPage {
  const { doc, left, width } = layout;
  const fieldHeight = doc.page.height * fieldShare;
  decoration(doc, () => {
    doc.rect(0, 0, doc.page.width, fieldHeight).fill(colour.accent);
    doc.rect(0, fieldHeight, doc.page.width, 4).fill(colour.rule);
  });
  const title = fitted(cover.title, width, (points) => measureWith(doc, 'bold', points));
  layout.y = fieldHeight - paper.margin - title.lines.length * title.size * leading - 36;
  line(layout, 'P', cover.kind, { font: 'regular', size: 11, colour: colour.white });
  layout.y += 8;
  doc.outline.addItem(cover.title);
  tagged(doc, layout.root, 'H1', () => {
    for (const text of title.lines) {
      write(doc, text, left, layout.y, { font: 'bold', size: title.size, colour: colour.white });
      layout.y += title.size * leading;
    }
  });
  layout.y += 4;
  line(layout, 'P', cover.period, { font: 'regular', size: 13, colour: colour.white });

  layout.y = fieldHeight + paper.margin;
  const fits = measureWith(doc, value.font, value.size);
  for (const fact of cover.facts)
    tagged(doc, layout.root, 'P', () => {
      write(doc, fact.label, left, layout.y, label);
      write(doc, shorten(fact.value, width - labelWidth, fits), left + labelWidth, layout.y, value);
      layout.y += linePitch;
    });

  const contents = doc.struct('TOC');
  layout.root.add(contents);
  const top = layout.y + 22;
  const most = Math.floor((layout.bottom - top - 34) / linePitch);
  newPage(layout);
  return {
    writeContents() {
      doc.switchToPage(0);
      tagged(doc, contents, 'Caption', () => write(doc, 'Contents', left, top, caption));
      layout.headings.slice(0, most).forEach((heading, index) => {
        contentsLine(layout, contents, heading, top + 30 + index * linePitch);
      });
      contents.end();
    },
  };
}

function line(layout: Layout, tag: string, text: string, style: TextStyle): void {
  const { doc, root, left, width } = layout;
  tagged(doc, root, tag, () => {
    write(doc, shorten(text, width, measureWith(doc, style.font, style.size)), left, layout.y, style);
  });
  layout.y += style.size * leading;
}

function fitted(
  title: string,
  width: number,
  measure: (points: number) => Measure,
): { readonly size: number; readonly lines: readonly string[] } {
  for (const points of titleSizes) {
    const lines = wrap(title, width, measure(points));
    if (lines.length <= mostTitleLines) return { size: points, lines };
  }
  const least = titleSizes[2];
  return { size: least, lines: wrap(title, width, measure(least), mostTitleLines) };
}

/** A line that leads to its section, for eyes and for those who listen. */
function contentsLine(layout: Layout, contents: Tag, heading: Heading, y: number): void {
  const { doc, left, right, width } = layout;
  const fits = measureWith(doc, entry.font, entry.size);
  const number = String(heading.page);
  const text = shorten(heading.text, width - 60, fits);
  const item = doc.struct('TOCI');
  contents.add(item);
  const link = doc.struct('Link');
  item.add(link);
  const content = doc.markStructureContent('Link');
  write(doc, text, left, y, entry);
  write(doc, number, right, y, entry, 'right');
  doc.endMarkedContent();
  link.add(content);
  const area: PDFKit.Mixins.AnnotationOption & { structParent: Tag } = { structParent: link };
  doc.goTo(left, y - 3, width, linePitch, heading.destination, area);
  link.end();
  item.end();
  decoration(doc, () => rule(doc, left, right, y + linePitch - 4.5, 0.4));
}
