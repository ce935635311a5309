import { getDocumentProxy } from 'unpdf';
import { ExtractionFault, type ExtractionLimits } from './extraction.ts';

/** Gives the text of each page in turn, with a blank line where lines stand apart. */
export async function readPdf(
  bytes: Uint8Array,
  { maxPages }: ExtractionLimits,
  add: (page: string) => void,
): Promise<void> {
  const pdf = await getDocumentProxy(bytes, {
    useSystemFonts: false,
    disableFontFace: true,
    stopAtErrors: false,
    verbosity: 0,
  }).catch((error: unknown) => {
    throw isNamed(error, 'PasswordException')
      ? new ExtractionFault(
          'ATTACHMENT_ENCRYPTED',
          'The PDF opens with a password only. Send it without one.',
        )
      : error;
  });
  if (pdf.numPages > maxPages)
    throw new ExtractionFault(
      'ATTACHMENT_TOO_LARGE',
      `The PDF says that it has ${pdf.numPages} pages; ${maxPages} are read at most.`,
    );
  for (let number = 1; number <= pdf.numPages; number += 1) {
    const page = await pdf.getPage(number);
    const { items } = await page.getTextContent();
    add(joined(items));
    page.cleanup();
  }
}

type Items = Awaited<
  ReturnType<Awaited<ReturnType<Awaited<ReturnType<typeof getDocumentProxy>>['getPage']>>['getTextContent']>
>['items'];

/** Lines further apart than this many times their height belong to different paragraphs. */
const paragraphGap = 1.7;

function joined(items: Items): string {
  let text = '';
  let lastY: number | undefined;
  let height = 0;
  for (const item of items) {
    if (!('str' in item)) continue;
    const y: unknown = item.transform[5];
    if (typeof y === 'number' && item.str.trim() !== '') {
      if (lastY !== undefined && height > 0 && Math.abs(lastY - y) > height * paragraphGap) {
        text = `${text.replace(/\n+$/, '')}\n\n`;
      }
      lastY = y;
      height = item.height;
    }
    text += item.str;
    if (item.hasEOL) text += '\n';
  }
  return text;
}

function isNamed(error: unknown, name: string): boolean {
  return error instanceof Error && error.name === name;
}
