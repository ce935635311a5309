import { getDocumentProxy } from 'unpdf';
import { ConversionFault } from './fault.ts';

/** A piece of text where it stands, in points: x to the right, y downwards, as its reader holds the page. */
export interface TextItem {
  readonly text: string;
  readonly left: number;
  readonly right: number;
  /** Of its baseline. */
  readonly y: number;
  /** Height of its letters. */
  readonly size: number;
}

export interface PageText {
  /** Counted from 1. */
  readonly number: number;
  readonly items: readonly TextItem[];
}

export interface PdfLimits {
  readonly maxPages: number;
  /** Pieces of text in all pages together. */
  readonly maxItems: number;
}

/**
 * Reads the text of a PDF with its places.
 * @throws ConversionFault PDF_ENCRYPTED, PDF_UNREADABLE, NO_TEXT; whatever the parser throws.
 */
export async function readPageTexts(bytes: Uint8Array, limits: PdfLimits): Promise<PageText[]> {
  const pdf = await getDocumentProxy(bytes, {
    useSystemFonts: false,
    disableFontFace: true,
    stopAtErrors: false,
    verbosity: 0,
  }).catch((error: unknown) => {
    throw error instanceof Error && error.name === 'PasswordException'
      ? new ConversionFault('PDF_ENCRYPTED', 'The PDF opens with a password only. Send it without one.')
      : error;
  });
  if (pdf.numPages > limits.maxPages) {
    throw new ConversionFault(
      'PDF_UNREADABLE',
      `The PDF says that it has ${pdf.numPages} pages; ${limits.maxPages} are read at most.`,
    );
  }
  const pages: PageText[] = [];
  let count = 0;
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const page = await pdf.getPage(number);
    const view: readonly number[] = page.getViewport({ scale: 1 }).transform;
    const { items } = await page.getTextContent();
    const placed = items.flatMap((item) => ('str' in item ? placeOf(item, view) : []));
    count += placed.length;
    if (count > limits.maxItems) {
      throw new ConversionFault(
        'PDF_UNREADABLE',
        `The PDF holds more than ${limits.maxItems} pieces of text.`,
      );
    }
    pages.push({ number, items: upright(placed) });
    page.cleanup();
  }
  if (count === 0) {
    throw new ConversionFault(
      'NO_TEXT',
      'The PDF holds no text: it may be a scan. Send one with a layer of text.',
    );
  }
  return pages;
}

interface Placed {
  readonly text: string;
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly size: number;
  /** Direction of the writing in quarters of a turn, clockwise. */
  readonly quarter: number;
}

interface RawItem {
  readonly str: string;
  readonly width: number;
  readonly transform: unknown;
}

/** How far from a quarter of a turn writing may be; what is further is a stamp or a watermark. */
const slant = 0.1;

function placeOf({ str, width, transform }: RawItem, view: readonly number[]): Placed[] {
  if (str.trim() === '' || !Array.isArray(transform)) return [];
  const [a = 1, b = 0, c = 0, d = 1, e = 0, f = 0] = transform.map(Number);
  const [va = 1, vb = 0, vc = 0, vd = 1, ve = 0, vf = 0] = view;
  const along = { x: va * a + vc * b, y: vb * a + vd * b };
  const up = { x: va * c + vc * d, y: vb * c + vd * d };
  const size = Math.hypot(up.x, up.y);
  const turns = Math.atan2(along.y, along.x) / (Math.PI / 2);
  const quarter = Math.round(turns);
  if (size === 0 || Math.abs(turns - quarter) > slant) return [];
  return [
    {
      text: str,
      x: va * e + vc * f + ve,
      y: vb * e + vd * f + vf,
      width,
      size,
      quarter: (quarter + 4) % 4,
    },
  ];
}

/** Turns the page so that most of its writing is upright, whatever its own rotation says; the rest is left out. */
function upright(placed: readonly Placed[]): TextItem[] {
  const letters = [0, 0, 0, 0];
  for (const { quarter, text } of placed) letters[quarter] = (letters[quarter] ?? 0) + text.length;
  const most = letters.indexOf(Math.max(...letters));
  return placed
    .filter(({ quarter }) => quarter === most)
    .flatMap(({ text, x, y, width, size }) => {
      const left = most === 0 ? x : most === 1 ? y : most === 2 ? -x : -y;
      const baseline = most === 0 ? y : most === 1 ? -x : most === 2 ? -y : x;
      return columnsIn({ text, left, right: left + width, y: baseline, size });
    });
}

/** Programs that lay out by spaces put a whole row into one piece; several spaces part its columns. */
function columnsIn(item: TextItem): TextItem[] {
  if (!/\S\s{2,}\S/.test(item.text)) return [item];
  const perLetter = (item.right - item.left) / item.text.length;
  return [...item.text.matchAll(/\S+(?:\s\S+)*/g)].map((match) => ({
    ...item,
    text: match[0],
    left: item.left + match.index * perLetter,
    right: item.left + (match.index + match[0].length) * perLetter,
  }));
}
