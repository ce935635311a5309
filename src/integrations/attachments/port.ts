/** Files that come from outside the platform: getting them, and getting the text out of them. */

export interface FetchedFile {
  readonly bytes: Uint8Array;
  /** The address that gave the file, after redirects. */
  readonly url: string;
  /** As the server names it, or the last part of the address; for people, not yet fit for a file system. */
  readonly fileName: string | undefined;
}

export interface Fetcher {
  /**
   * Gets a file from a public web address, whole or not at all.
   * @throws MillraceError ATTACHMENT_REFUSED for an address that is not public or not http(s), ATTACHMENT_TOO_LARGE,
   * ATTACHMENT_UNAVAILABLE when no file came; RateLimitedError when the server asks to wait; the signal's reason.
   */
  fetch(url: string, signal: AbortSignal): Promise<FetchedFile>;
}

/** Kinds of files whose text can be read. */
export type AttachmentKind = 'pdf' | 'docx' | 'xlsx' | 'text';

export interface ExtractedText {
  readonly kind: AttachmentKind;
  /** Of what the file really is, whatever its name says. */
  readonly contentType: string;
  /** Text by page; of a workbook by sheet. A page without text, as of a scan, is empty. */
  readonly pages: readonly string[];
}

export interface TextExtractor {
  /**
   * Finds out what a file is and reads its text, apart from this thread and within limits of time and memory.
   * @throws MillraceError ATTACHMENT_UNSUPPORTED, ATTACHMENT_ENCRYPTED, ATTACHMENT_UNREADABLE, ATTACHMENT_TOO_LARGE;
   * the signal's reason.
   */
  extract(bytes: Uint8Array, signal: AbortSignal): Promise<ExtractedText>;
}
