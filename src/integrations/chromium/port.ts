/** HTML as a PDF. */

export interface PrintedPdf {
  readonly bytes: Uint8Array;
  readonly pages: number;
  /** On which page, from 1, each element is that something in the document links to, by its id. */
  readonly places: ReadonlyMap<string, number>;
}

export interface HtmlPrinter {
  /**
   * Prints a page that needs nothing from outside: scripts do not run, and every request but `data:` is refused. Paper,
   * margins and what repeats on the pages are said by its style sheet (`@page`).
   * @throws MillraceError BROWSER_FAILED when the browser would not start, died, hung or took too much memory (another
   * attempt gets a fresh one); the signal's reason.
   */
  print(html: string, signal: AbortSignal): Promise<PrintedPdf>;
}

/** What the browsers take of the machine. */
export interface BrowserUsage {
  readonly browsers: number;
  readonly memoryBytes: number;
  /** Used by all browsers since the start, those that are gone included. */
  readonly cpuSeconds: number;
}
