import {
  type Doc,
  type Layout,
  measureWith,
  newPage,
  type Tag,
  type TextStyle,
  write,
} from '../../pdf/layout.ts';
import { colour, leading, size } from '../../pdf/theme.ts';
import { shorten } from '../../pdf/wrap.ts';
import type { Section } from '../content.ts';

const lineHeight = size.body * leading + 3.5;
const headingHeight = 30;

/** The pages that the contents will stand on. They come first and are written last, when it is known what is where. */
export interface ContentsPages {
  /** Writes a line for each heading; `pageOf` counts from 1. */
  write(headings: readonly Section[], pageOf: (section: Section) => number): void;
}

/** Leaves room for the contents of so many headings, and their place in the reading order. */
export function reserveContents(layout: Layout, headings: number): ContentsPages {
  const { doc, root } = layout;
  const element = doc.struct('TOC');
  root.add(element);
  newPage(layout);
  const first = doc.bufferedPageRange().count - 1;
  const room = layout.bottom - layout.y;
  const onFirst = Math.floor((room - headingHeight) / lineHeight);
  const onOthers = Math.floor(room / lineHeight);
  const pages = headings <= onFirst ? 1 : 1 + Math.ceil((headings - onFirst) / onOthers);
  for (let page = 1; page < pages; page += 1) newPage(layout);

  return {
    write(sections, pageOf) {
      const top = layout.top + 22;
      let [page, y, left] = [first, top + headingHeight, onFirst];
      doc.switchToPage(first);
      spoken(doc, element, 'Contents', layout.left, top, heading);
      for (const section of sections) {
        if (left === 0) {
          [page, y, left] = [page + 1, top, onOthers];
          doc.switchToPage(page);
        }
        entry(layout, element, section, pageOf(section), y);
        y += lineHeight;
        left -= 1;
      }
      element.end();
    },
  };
}

const heading: TextStyle = { font: 'bold', size: size.section, colour: colour.accent };

function entry(layout: Layout, contents: Tag, section: Section, page: number, y: number): void {
  const { doc, left, right } = layout;
  const part = section.number.includes('.');
  const style: TextStyle = { font: part ? 'regular' : 'bold', size: size.body, colour: colour.ink };
  const fits = measureWith(doc, style.font, style.size);
  const indent = part ? 24 : 0;
  const title = shorten(section.title, right - left - 90 - indent, fits);
  const item = doc.struct('TOCI');
  contents.add(item);
  const content = doc.markStructureContent('TOCI');
  write(doc, section.number, left + indent, y, style);
  write(doc, title, left + indent + 32, y, style);
  write(doc, String(page), right, y, style, 'right');
  doc.endMarkedContent();
  item.add(content);
  item.end();
  const from = left + indent + 32 + fits(title) + 6;
  const to = right - fits(String(page)) - 6;
  doc.markContent('Artifact', { type: 'Layout' });
  doc.moveTo(from, y + style.size).lineTo(to, y + style.size);
  doc.lineWidth(0.5).dash(0.7, { space: 2.4 }).strokeColor(colour.muted).stroke().undash();
  doc.endMarkedContent();
  doc.goTo(left, y, right - left, lineHeight, section.id);
}

function spoken(doc: Doc, parent: Tag, text: string, x: number, y: number, style: TextStyle): void {
  const element = doc.struct('P');
  parent.add(element);
  const content = doc.markStructureContent('P');
  write(doc, text, x, y, style);
  doc.endMarkedContent();
  element.add(content);
  element.end();
}
