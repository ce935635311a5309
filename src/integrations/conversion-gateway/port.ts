import type { Readable } from 'node:stream';

/** A PDF that is to be converted. */
export interface PdfSource {
  /** For the other side's log; no path. */
  readonly fileName: string;
  /** Its length, where it is known. */
  readonly bytes: number | undefined;
  /** @throws MillraceError when it cannot be read. */
  open(): Promise<Readable>;
}

export interface Converted<T> {
  /** What `keep` gave. */
  readonly kept: T;
  /** Absent where only the other side knows. */
  readonly lineItems: number | undefined;
}

/** Makes XML of PDFs: an HTTP gateway, or the platform itself. */
export interface PdfConverter {
  /** For results and metrics. */
  readonly name: 'gateway' | 'built-in';
  /**
   * Converts by the mapping of that name. `keep` is given the XML as it comes; the stream fails unless it is whole and
   * well-formed, so whoever keeps all of it or nothing keeps no part of a bad answer.
   * @throws MillraceError GW_4XX, TOO_LARGE, GW_5XX, GW_TIMEOUT, BAD_XML, IO_ERROR, NO_TEXT, PDF_ENCRYPTED,
   * PDF_UNREADABLE, MAPPING_NOT_FOUND, MAPPING_INVALID; RateLimitedError while the other side is known to be down; the
   * signal's reason; whatever `keep` throws.
   */
  convert<T>(
    pdf: PdfSource,
    mapping: string,
    keep: (xml: Readable) => Promise<T>,
    signal: AbortSignal,
  ): Promise<Converted<T>>;
  /** Whether there is a mapping of that name; absent where only the other side knows. */
  hasMapping?(name: string): Promise<boolean>;
}

/** Names of mappings: they become names of files, here and at the gateway. */
export const mappingPattern = /^[A-Za-z0-9][A-Za-z0-9_-]{0,63}$/;
