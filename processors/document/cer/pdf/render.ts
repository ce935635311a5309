import type { Writable } from 'node:stream';
import { createBreather } from '../../pacing.ts';
import {
  createLayout,
  decoration,
  ensureRoom,
  finish,
  type Layout,
  newPage,
  type TextStyle,
  tagged,
  write,
} from '../../pdf/layout.ts';
import { colour, leading, size } from '../../pdf/theme.ts';
import { wrap } from '../../pdf/wrap.ts';
import { taken } from '../../report/feeding.ts';
import { type CerContent, headingsOf, type Section } from '../content.ts';
import { drawBlock, startOf } from './blocks.ts';
import { reserveContents } from './contents.ts';

/** Draws a report without a browser. Ends the sink. */
export async function renderCerPdf(content: CerContent, sink: Writable): Promise<{ readonly pages: number }> {
  const title = `${content.title}: ${content.device}`;
  const layout = await createLayout({
    title,
    subject: `Clinical evaluation of ${content.device}, ${content.manufacturer}`,
    orientation: 'portrait',
    paper: 'A4',
  });
  layout.doc.pipe(sink);
  cover(layout, content);
  const headings = [...headingsOf(content.sections)];
  const contents = reserveContents(layout, headings.length);
  const pages = new Map<string, number>();
  newPage(layout);
  for (const section of content.sections) await drawSection(layout, section, pages);
  contents.write(headings, ({ id }) => pages.get(id) ?? 0);
  const { pages: count } = await finish(layout, content.manufacturer);
  await taken(sink);
  return { pages: count };
}

function cover(layout: Layout, content: CerContent): void {
  const { doc, left } = layout;
  decoration(doc, () => doc.rect(left, layout.top + 96, 46, 3).fill(colour.accent));
  layout.y = layout.top + 116;
  heading(layout, 'H1', content.title, { font: 'bold', size: 28, colour: colour.accent });
  layout.y += 8;
  heading(layout, 'P', content.device, { font: 'bold', size: 17, colour: colour.ink });
  layout.y += 4;
  heading(layout, 'P', content.manufacturer, { font: 'regular', size: 12, colour: colour.muted });
  layout.y += 40;
  doc.outline.addItem(content.title);
  drawBlock(layout, { kind: 'facts', facts: content.cover });
  if (content.caution !== undefined) drawBlock(layout, { kind: 'awaiting', text: content.caution });
}

async function drawSection(layout: Layout, section: Section, pages: Map<string, number>): Promise<void> {
  const breathe = createBreather();
  const part = section.number.includes('.');
  const style: TextStyle = {
    font: 'bold',
    size: part ? 10.5 : size.section + 1,
    colour: part ? colour.ink : colour.accent,
  };
  const [first] = section.blocks;
  if (layout.y > layout.top + 40) layout.y += part ? 6 : 14;
  ensureRoom(layout, style.size * leading * 2 + startOf(first ?? section.parts[0]?.blocks[0]) + 24);
  layout.doc.outline.addItem(`${section.number} ${section.title}`);
  pages.set(section.id, layout.doc.bufferedPageRange().count);
  layout.doc.addNamedDestination(section.id, 'XYZ', layout.left, layout.y, 0);
  heading(layout, part ? 'H3' : 'H2', `${section.number}  ${section.title}`, style);
  layout.y += part ? 4 : 7;
  for (const block of section.blocks) {
    drawBlock(layout, block);
    await breathe();
  }
  for (const inner of section.parts) await drawSection(layout, inner, pages);
}

function heading(layout: Layout, tag: string, text: string, style: TextStyle): void {
  const { doc, root, left, width } = layout;
  const lines = wrap(text, width, (part) => doc.font(style.font, style.size).widthOfString(part));
  tagged(doc, root, tag, () => {
    for (const line of lines) {
      write(doc, line, left, layout.y, style);
      layout.y += style.size * leading;
    }
  });
}
