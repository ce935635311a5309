import { loadFonts } from '../../pdf/fonts.ts';
import { type CerContent, headingsOf, type Section } from '../content.ts';
import { blockHtml } from './blocks.ts';
import { element, type Html, styleSheet } from './markup.ts';
import { type EmbeddedFonts, printStyle } from './style.ts';

/** Longer names are cut in the running header, which has one line. */
const longestHeader = 90;

/** Whoever opens the source may load nothing and run nothing, should a browser ever be told to. */
const policy =
  "default-src 'none'; style-src 'unsafe-inline'; font-src data:; base-uri 'none'; form-action 'none'";

/** Where each heading is, by its id, counted from page 1. */
export type PageOf = (id: string) => number | undefined;

/** A report as one file of HTML that needs nothing else. The contents name the pages that `pageOf` knows. */
export async function cerHtml(content: CerContent, pageOf: PageOf): Promise<string> {
  const furniture = {
    header: shortened(`${content.title}: ${content.device}`),
    footer: shortened(content.manufacturer),
  };
  const page = element(
    'html',
    { lang: 'en' },
    element(
      'head',
      {},
      element('meta', { charset: 'utf-8' }),
      element('meta', { 'http-equiv': 'Content-Security-Policy', content: policy }),
      element('title', {}, `${content.title}: ${content.device}`),
      styleSheet(printStyle(furniture, await embeddedFonts())),
    ),
    element(
      'body',
      {},
      cover(content),
      contents([...headingsOf(content.sections)], pageOf),
      element('main', {}, ...content.sections.map((section) => sectionHtml(section))),
    ),
  );
  return `<!doctype html>\n${page.source}`;
}

function cover({ title, device, manufacturer, cover: facts, caution }: CerContent): Html {
  return element(
    'header',
    { class: 'cover' },
    element('h1', {}, title),
    element('div', { class: 'device' }, device),
    element('div', { class: 'manufacturer' }, manufacturer),
    blockHtml({ kind: 'facts', facts }),
    caution === undefined ? [] : blockHtml({ kind: 'awaiting', text: caution }),
  );
}

/** The number of a page has a width of its own, so that filling it in moves nothing. */
function contents(headings: readonly Section[], pageOf: PageOf): Html {
  return element(
    'nav',
    { class: 'contents' },
    element('h2', {}, 'Contents'),
    element(
      'ol',
      {},
      ...headings.map(({ id, number, title }) =>
        element(
          'li',
          { class: number.includes('.') ? 'part' : 'section' },
          element(
            'a',
            { href: `#${id}` },
            element('span', { class: 'number' }, number),
            element('span', { class: 'title' }, title),
            element('span', { class: 'leader' }),
            element('span', { class: 'page' }, String(pageOf(id) ?? '')),
          ),
        ),
      ),
    ),
  );
}

function sectionHtml({ id, number, title, blocks, parts }: Section): Html {
  return element(
    'section',
    {},
    element(number.includes('.') ? 'h3' : 'h2', { id }, element('span', { class: 'number' }, number), title),
    ...blocks.map(blockHtml),
    ...parts.map((part) => sectionHtml(part)),
  );
}

function shortened(text: string): string {
  const letters = Array.from(text);
  return letters.length <= longestHeader ? text : `${letters.slice(0, longestHeader - 1).join('')}…`;
}

let embedded: EmbeddedFonts | undefined;

async function embeddedFonts(): Promise<EmbeddedFonts> {
  if (embedded === undefined) {
    const { regular, bold } = await loadFonts();
    embedded = { regular: regular.toString('base64'), bold: bold.toString('base64') };
  }
  return embedded;
}
