import { MillraceError } from '../../../src/errors/catalogue.ts';
import type { HtmlPrinter } from '../../../src/integrations/chromium/port.ts';
import type { CerRenderer } from '../../../src/integrations/database/port.ts';
import { drawInThread } from '../pdf-threads.ts';
import { type CerContent, headingsOf } from './content.ts';
import { cerHtml } from './html/page.ts';

export interface PrintedReport {
  readonly bytes: Uint8Array;
  readonly pages: number | undefined;
  readonly renderer: CerRenderer;
}

export interface PrintOptions {
  /** Absent where there is no browser. */
  readonly printer: HtmlPrinter | undefined;
  /** How often the browser has failed at this report before. */
  readonly failures: number;
  /** Notes that it failed again; says how often it has by now. */
  countFailure(): Promise<number>;
  /** Whether the job would not be tried again. */
  readonly lastAttempt: boolean;
  readonly signal: AbortSignal;
  /** Hears that pdfkit takes over, and why. */
  onFallback(error: MillraceError): void;
}

/** The browser gets a second try, in case that only its process was at fault. */
const mostFailures = 2;
/** The first pass finds the pages, the second prints them; a third would show that printing them had moved something. */
const mostPasses = 3;

/**
 * Prints a report in the browser; where there is none, or when it has failed twice, pdfkit draws the same content.
 * @throws MillraceError BROWSER_FAILED for the job to be tried again; the signal's reason.
 */
export async function printReport(content: CerContent, options: PrintOptions): Promise<PrintedReport> {
  const { printer, failures, lastAttempt, signal, onFallback } = options;
  if (printer === undefined || failures >= mostFailures) return draw(content, signal);
  try {
    return await printWithContents(content, printer, signal);
  } catch (error) {
    signal.throwIfAborted();
    if (!(error instanceof MillraceError) || error.code !== 'BROWSER_FAILED') throw error;
    const now = await options.countFailure();
    if (now < mostFailures && !lastAttempt) throw error;
    onFallback(error);
    return draw(content, signal);
  }
}

/**
 * Chromium knows no `target-counter`, so the pages of the contents are read from a first print: from the destinations
 * that it writes for the contents' links, which name the very headings. Their numbers have a width of their own, so the
 * second print has the same pages, and that is checked.
 */
async function printWithContents(
  content: CerContent,
  printer: HtmlPrinter,
  signal: AbortSignal,
): Promise<PrintedReport> {
  const headings = [...headingsOf(content.sections)].map(({ id }) => id);
  let known: ReadonlyMap<string, number> = new Map();
  for (let pass = 1; pass <= mostPasses; pass += 1) {
    const html = await cerHtml(content, (id) => known.get(id));
    const { bytes, pages, places } = await printer.print(html, signal);
    if (headings.every((id) => places.has(id) && places.get(id) === known.get(id)))
      return { bytes, pages, renderer: 'chromium' };
    known = places;
  }
  throw new MillraceError(
    'BROWSER_FAILED',
    'The contents did not come to rest: their pages moved each time.',
  );
}

async function draw(content: CerContent, signal: AbortSignal): Promise<PrintedReport> {
  const { bytes, pages } = await drawInThread({ kind: 'cer', content }, signal);
  return { bytes, pages, renderer: 'pdfkit' };
}
