import { SaxesParser } from 'saxes';
import { ExtractionFault } from './extraction.ts';

/**
 * Text of a Word document's main part by page, as the program that saved it last broke the pages (ECMA-376 part 1,
 * 17.3.3.13 `lastRenderedPageBreak`, 17.3.3.1 `br`). Numbers that Word only computes for lists are not in the file.
 * @throws ExtractionFault when the part declares a document type: office files never do, entity bombs must.
 */
export function readDocx(xml: string): string[] {
  const parser = new SaxesParser();
  const pages: string[] = [];
  let page = '';
  /** Texts count inside `w:t` alone; a deletion that is only tracked stands in `w:delText`. */
  let inText = false;
  /** A page break of the author's, and the one that Word rendered for it, are the same break. */
  let broken = false;

  function breakPage(): void {
    if (broken) return;
    pages.push(page);
    page = '';
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
    if (name === 'w:t') inText = true;
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
    if (name === 'w:t') inText = false;
    // A blank line parts paragraphs; cells of a row stay on one line each.
    else if (name === 'w:p') page += '\n\n';
  });
  parser.write(xml).close();
  pages.push(page);
  return pages;
}
