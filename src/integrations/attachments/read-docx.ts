import { SaxesParser } from 'saxes';
import { ExtractionFault } from './extraction.ts';

/** Each kind of note has a part of its own, where `reference` of the main part finds it by its id. */
const noteKinds = [
  { part: 'word/footnotes.xml', reference: 'w:footnoteReference', note: 'w:footnote' },
  { part: 'word/endnotes.xml', reference: 'w:endnoteReference', note: 'w:endnote' },
] as const;
const documentPart = 'word/document.xml';

/** The parts of the archive that are read. */
export const docxParts: readonly string[] = [documentPart, ...noteKinds.map(({ part }) => part)];

/**
 * Text of a Word document by page; a note stands at the end of the page that refers to it, as on paper. Headers and footers
 * are left out.
 * @throws ExtractionFault when there is no main part, or a part declares a document type.
 */
export function readDocx(parts: ReadonlyMap<string, Buffer>): string[] {
  const main = parts.get(documentPart);
  if (main === undefined)
    throw new ExtractionFault('ATTACHMENT_UNREADABLE', 'The Word document has no text part.');
  const notes = new Map<string, string>();
  for (const { part, reference, note } of noteKinds) {
    const xml = parts.get(part)?.toString('utf8');
    if (xml === undefined) continue;
    readPart(xml, { onNote: (id, text) => notes.set(`${reference} ${id}`, text), note });
  }
  return readPart(main.toString('utf8'), { notes });
}

interface PartOptions {
  /** What is referred to, by the reference's name and id. */
  readonly notes?: ReadonlyMap<string, string>;
  /** The element of a note, and who hears its text. */
  readonly note?: string;
  readonly onNote?: (id: string, text: string) => void;
}

/**
 * Text of one part by page, as the program that saved it last broke the pages (ECMA-376 part 1,
 * 17.3.3.13 `lastRenderedPageBreak`, 17.3.3.1 `br`). Numbers that Word only computes for lists are not in the file.
 * @throws ExtractionFault when the part declares a document type: office files never do, entity bombs must.
 */
function readPart(xml: string, { notes, note, onNote }: PartOptions): string[] {
  const parser = new SaxesParser();
  const pages: string[] = [];
  let page = '';
  /** Texts count inside `w:t` alone; a deletion that is only tracked stands in `w:delText`. */
  let inText = false;
  /** A page break of the author's, and the one that Word rendered for it, are the same break. */
  let broken = false;
  let below: string[] = [];
  let noteId: string | undefined;
  /** What older programs are given instead of the same text, such as a box's. */
  let fallbacks = 0;

  function endPage(): void {
    pages.push([page.trimEnd(), ...below].join('\n\n'));
    page = '';
    below = [];
  }
  function breakPage(): void {
    if (broken) return;
    endPage();
    broken = true;
  }
  parser.on('doctype', () => {
    throw new ExtractionFault(
      'ATTACHMENT_UNREADABLE',
      'The document declares entities of its own, and is not read.',
    );
  });
  parser.on('error', (error) => {
    throw error;
  });
  parser.on('opentag', ({ name, attributes }) => {
    const id = attributes['w:id'];
    const referred = notes?.get(`${name} ${id}`);
    if (referred !== undefined) below.push(referred);
    if (name === note) {
      page = '';
      noteId = id;
    }
    if (name === 'mc:Fallback') fallbacks += 1;
    if (name === 'w:t') inText = fallbacks === 0;
    else if (name === 'w:tab') page += '\t';
    else if (name === 'w:noBreakHyphen') page += '-';
    else if (name === 'w:lastRenderedPageBreak') breakPage();
    else if (name === 'w:br' && attributes['w:type'] === 'page') breakPage();
    else if (name === 'w:br' || name === 'w:cr') page += '\n';
  });
  parser.on('text', (text) => {
    if (!inText) return;
    page += text;
    if (text.trim() !== '') broken = false;
  });
  parser.on('closetag', ({ name }) => {
    if (name === 'mc:Fallback') fallbacks -= 1;
    if (name === note && noteId !== undefined) onNote?.(noteId, page.trim());
    if (name === 'w:t') inText = false;
    // A blank line parts paragraphs; cells of a row stay on one line each.
    else if (name === 'w:p') page += '\n\n';
  });
  parser.write(xml).close();
  endPage();
  return pages;
}
