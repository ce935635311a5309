import PDFDocument from 'pdfkit';
import { createBreather } from '../pacing.ts';
import { type FontName, loadFonts } from './fonts.ts';
import { gatherContent, gatherOutput } from './output.ts';
import { colour, paper, size } from './theme.ts';
import { type Measure, shorten } from './wrap.ts';

export type Doc = PDFKit.PDFDocument;
export type Tag = PDFKit.PDFStructureElement;

/** A document in the making: where the next thing goes (`y`, from the top), and the room that there is. */
export interface Layout {
  readonly doc: Doc;
  /** The structure's root; what is read aloud hangs on it in reading order. */
  readonly root: Tag;
  readonly title: string;
  readonly left: number;
  readonly right: number;
  readonly top: number;
  readonly bottom: number;
  readonly width: number;
  /** The sections begun so far; contents are made from them. */
  readonly headings: Heading[];
  y: number;
}

/** Where a section begins. */
export interface Heading {
  readonly text: string;
  /** Counted from 1. */
  readonly page: number;
  /** The name that links lead to. */
  readonly destination: string;
}

export interface LayoutOptions {
  readonly title: string;
  readonly subject: string;
  readonly orientation: 'portrait' | 'landscape';
  /** US Letter unless told. */
  readonly paper?: 'LETTER' | 'A4';
}

/** Begins a tagged PDF with its fonts embedded as subsets. Its bytes come out of `doc`, which is a stream. */
export async function createLayout(options: LayoutOptions): Promise<Layout> {
  const { title, subject, orientation, paper: size = paper.size } = options;
  const fonts = await loadFonts();
  const doc = new PDFDocument({
    size,
    layout: orientation,
    // All places are given; a margin of its own would make pdfkit break pages where it sees fit.
    margin: 0,
    // Without a name pdfkit would load Helvetica, which is not embedded.
    font: '',
    pdfVersion: '1.7',
    tagged: true,
    lang: 'en',
    displayTitle: true,
    // How many pages there are is known at the end, and each page says it.
    bufferPages: true,
    info: { Title: title, Subject: subject, Creator: 'Millrace', Producer: 'Millrace with PDFKit' },
  });
  gatherOutput(doc);
  gatherContent(doc);
  doc.registerFont('regular', fonts.regular).registerFont('bold', fonts.bold);
  const root = doc.struct('Document');
  doc.addStructure(root);
  const { width, height } = doc.page;
  return {
    doc,
    root,
    title,
    left: paper.margin,
    right: width - paper.margin,
    top: paper.margin,
    bottom: height - paper.margin - paper.footer,
    width: width - 2 * paper.margin,
    headings: [],
    y: paper.margin,
  };
}

export function newPage(layout: Layout): void {
  layout.doc.addPage();
  layout.y = layout.top + paper.header;
}

/** Goes to a new page unless `height` points fit on this one. */
export function ensureRoom(layout: Layout, height: number): void {
  if (layout.y + height > layout.bottom) newPage(layout);
}

/** Measures in one font; a text that comes again, as most words do, is not laid out again. */
export function measureWith(doc: Doc, font: FontName, points: number): Measure {
  const known = new Map<string, number>();
  return (text) => {
    const before = known.get(text);
    if (before !== undefined) return before;
    const width = doc.font(font, points).widthOfString(text);
    known.set(text, width);
    return width;
  };
}

export interface TextStyle {
  readonly font: FontName;
  readonly size: number;
  readonly colour: string;
}

export type Align = 'left' | 'right' | 'center';

/** What pdfkit would measure for links and underlines, of which lines written here have none: a tenth of a report's time. */
const unmeasured: PDFKit.Mixins.TextOptions & { textWidth: number; wordCount: number } = {
  lineBreak: false,
  textWidth: 0,
  wordCount: 1,
};

/** Writes one line with its top at `y`; `x` is its left edge, its right edge or its middle. */
export function write(
  doc: Doc,
  text: string,
  x: number,
  y: number,
  style: TextStyle,
  align: Align = 'left',
): void {
  if (text === '') return;
  doc.font(style.font, style.size).fillColor(style.colour);
  const shift = align === 'left' ? 0 : doc.widthOfString(text) * (align === 'right' ? 1 : 0.5);
  doc.text(text, x - shift, y, unmeasured);
}

/** Draws something that readers are told about as `type` (`P`, `TD`, ...), below `parent` in the structure. */
export function tagged(
  doc: Doc,
  parent: Tag,
  type: string,
  draw: () => void,
  options: PDFKit.Mixins.StructureElementOptions = {},
): void {
  const element = doc.struct(type, options);
  parent.add(element);
  const content = doc.markStructureContent(type);
  draw();
  doc.endMarkedContent();
  element.add(content);
  element.end();
}

/** Draws what only the eye needs: rules, backgrounds, page numbers. */
export function decoration(doc: Doc, draw: () => void, type: 'Pagination' | 'Layout' = 'Layout'): void {
  doc.markContent('Artifact', { type });
  draw();
  doc.endMarkedContent();
}

/** Writes what repeats on the pages, now that their number is known, and ends the document. */
export async function finish(layout: Layout, footnote: string): Promise<{ readonly pages: number }> {
  const breathe = createBreather();
  const { doc, left, right } = layout;
  const { start, count } = doc.bufferedPageRange();
  const style: TextStyle = { font: 'regular', size: size.small, colour: colour.muted };
  layout.root.end();
  for (let index = 0; index < count; index += 1) {
    await breathe();
    doc.switchToPage(start + index);
    decoration(
      doc,
      () => {
        const y = layout.bottom + paper.footer - size.small;
        rule(doc, left, right, y - 7);
        write(doc, footnote, left, y, style);
        write(doc, `Page ${index + 1} of ${count}`, right, y, style, 'right');
        if (index === 0) return;
        const fits = shorten(layout.title, layout.width, measureWith(doc, 'regular', size.small));
        write(doc, fits, left, layout.top - 4, style);
        rule(doc, left, right, layout.top + 8);
      },
      'Pagination',
    );
  }
  doc.end();
  return { pages: count };
}

export function rule(doc: Doc, from: number, to: number, y: number, weight = 0.5): void {
  doc.moveTo(from, y).lineTo(to, y).lineWidth(weight).strokeColor(colour.rule).stroke();
}
