import { createBreather } from '../pacing.ts';

/** A paragraph of the text, with the page that it begins on, counted from 1. */
export interface Paragraph {
  readonly text: string;
  readonly page: number;
}

/** No paragraph of a person's is longer; what has no line ends is cut here, so that no rule meets a text without end. */
const longest = 20_000;
/** Lines at the edge of a page where running heads and feet stand. */
const edgeLines = 3;
/** What begins a paragraph of its own: a number, a letter or a bullet, or the heading of a section. */
const opening =
  /^(?:\((?:\d{1,3}|[A-Za-z]{1,5})\)|[A-M][.-]\d|\d{1,3}(?:\.\d{1,3})+|\d{1,2}[.)]\s|[A-Za-z][.)]\s|[•▪●◦‣–*-]\s|(?:SECTION|Section)\s+[A-M]\b)/u;
const ended = /[.:;?!]["”')\]]*$/u;
/** Words that keep their hyphen when a line breaks after it. */
const compounds =
  /(?:^|[\s(])(?:government|contractor|non|self|pre|post|co|multi|well|cost|fixed|firm|cross|long|short|full|part|high|low|on|off|in|third|small|state|real|end|e)-$/i;

/**
 * Joins the lines of pages into paragraphs: without what repeats at the edges of pages, with words whole again that a
 * line's end had broken, and with a paragraph that runs over a page in one piece.
 */
export async function paragraphsOf(pages: readonly string[]): Promise<Paragraph[]> {
  const breathe = createBreather();
  const lines: string[][] = [];
  for (const page of pages) {
    lines.push(page.split('\n').flatMap((line) => inPieces(line.trim())));
    await breathe();
  }
  const running = runningLines(lines);
  const paragraphs: { text: string; page: number }[] = [];
  /** Whether a blank line, or the edge of a page, stands before the next line. */
  let apart = true;
  for (const [index, page] of lines.entries()) {
    await breathe();
    const edges = edgesOf(page);
    page.forEach((line, at) => {
      if (line === '' || (edges.has(at) && (running.has(shape(line)) || isPageNumber(line)))) {
        apart = true;
        return;
      }
      const last = paragraphs.at(-1);
      if (last !== undefined && continues(last.text, line, apart)) last.text = join(last.text, line);
      else for (const text of cells(line)) paragraphs.push({ text, page: index + 1 });
      apart = false;
    });
    apart = true;
  }
  return paragraphs.map(({ text, page }) => ({ text: text.replace(/\s+/gu, ' ').trim(), page }));
}

/** A blank line does not part a sentence that goes on in small letters: readers of PDF see gaps that are none. */
function continues(before: string, line: string, apart: boolean): boolean {
  if (before.length + line.length > longest) return false;
  const end = before.slice(-40);
  if (line.includes('\t') || opening.test(line)) return false;
  if (apart) return !ended.test(end) && !isHeading(before) && /^[a-z]/.test(line);
  return !(isHeading(before) && !isHeading(line));
}

function inPieces(line: string): string[] {
  if (line.length <= longest) return [line];
  return Array.from({ length: Math.ceil(line.length / longest) }, (_, at) =>
    line.slice(at * longest, (at + 1) * longest),
  );
}

/** Short, without an end, and in capitals: the line below it is no part of it. */
function isHeading(text: string): boolean {
  if (text.length > 200) return false;
  const letters = text.replace(/[^\p{L}]/gu, '');
  return letters.length > 2 && letters.length < 120 && letters === letters.toUpperCase() && !ended.test(text);
}

function join(before: string, line: string): string {
  const end = before.slice(-40);
  if (!/\p{L}-$/u.test(end) || !/^\p{Ll}/u.test(line)) return `${before} ${line}`;
  return compounds.test(end) ? before + line : before.slice(0, -1) + line;
}

/** Cells of a table's row are texts of their own; a number in the first cell belongs to the second. */
function cells(line: string): string[] {
  const [first = '', ...rest] = line.split(/\t+/).map((cell) => cell.trim());
  if (rest.length > 0 && opening.test(`${first} `) && first.length < 16) {
    const [second = '', ...others] = rest;
    return [`${first} ${second}`, ...others].filter((cell) => cell !== '');
  }
  return [first, ...rest].filter((cell) => cell !== '');
}

/** Lines that stand at the edge of at least three pages, and of half of them; numbers in them count as one. */
function runningLines(pages: readonly (readonly string[])[]): Set<string> {
  const seen = new Map<string, number>();
  for (const page of pages) {
    const shapes = new Set([...edgesOf(page)].map((at) => shape(page[at] ?? '')));
    for (const text of shapes) seen.set(text, (seen.get(text) ?? 0) + 1);
  }
  const least = Math.max(3, pages.length / 2);
  return new Set([...seen].filter(([, count]) => count >= least).map(([text]) => text));
}

function edgesOf(page: readonly string[]): Set<number> {
  const filled = page.flatMap((line, at) => (line === '' ? [] : [at]));
  return new Set([...filled.slice(0, edgeLines), ...filled.slice(-edgeLines)]);
}

function shape(line: string): string {
  return line.toLowerCase().replace(/\d+/g, '#').replace(/\s+/g, ' ');
}

function isPageNumber(line: string): boolean {
  return /^(?:page\s+)?(?:-\s*)?\d{1,4}(?:\s*-|\s+of\s+\d{1,4})?$|^page\s+[A-M]-\d{1,3}$|^[A-M]-\d{1,3}$/i.test(
    line,
  );
}
