import type { AttachmentKind, ExtractedText } from './port.ts';

/** What a file may be at most before reading it is given up. */
export interface ExtractionLimits {
  readonly maxPages: number;
  /** Letters of text in all pages together. */
  readonly maxCharacters: number;
  /** Bytes that an archive unpacks to. */
  readonly maxUnpackedBytes: number;
}

export type ExtractionFaultCode =
  | 'ATTACHMENT_UNSUPPORTED'
  | 'ATTACHMENT_ENCRYPTED'
  | 'ATTACHMENT_UNREADABLE'
  | 'ATTACHMENT_TOO_LARGE';

/** What the worker thread answers; an error cannot cross with its class, so it crosses as code and sentence. */
export type ExtractionAnswer =
  | { readonly ok: true; readonly text: ExtractedText }
  | { readonly ok: false; readonly code: ExtractionFaultCode; readonly message: string };

export interface ExtractionTask {
  readonly bytes: Uint8Array;
  readonly limits: ExtractionLimits;
}

/** Thrown inside the worker thread by whoever understands what is wrong with the file. */
export class ExtractionFault extends Error {
  readonly code: ExtractionFaultCode;
  constructor(code: ExtractionFaultCode, message: string) {
    super(message);
    this.code = code;
  }
}

export const contentTypes: Readonly<Record<AttachmentKind, string>> = {
  pdf: 'application/pdf',
  docx: 'application/vnd.openxmlformats-officedocument.wordprocessingml.document',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  text: 'text/plain; charset=utf-8',
};

/** Gathers pages within the limits; text is made fit for the database on the way. */
export function createPages({ maxPages, maxCharacters }: ExtractionLimits) {
  const pages: string[] = [];
  let characters = 0;
  return {
    pages,
    add(text: string): void {
      const clean = cleaned(text);
      characters += clean.length;
      if (pages.length >= maxPages)
        throw new ExtractionFault('ATTACHMENT_TOO_LARGE', `The file has more than ${maxPages} pages.`);
      if (characters > maxCharacters)
        throw new ExtractionFault(
          'ATTACHMENT_TOO_LARGE',
          `The file holds more than ${maxCharacters} letters of text.`,
        );
      pages.push(clean);
    },
  };
}

/** Control characters mean nothing in text, and PostgreSQL keeps no U+0000; half characters are no Unicode. */
function cleaned(text: string): string {
  return text
    .replace(/\r\n?/g, '\n')
    .replace(/(?![\t\n])[\p{Cc}\ufffe\uffff]/gu, '')
    .replace(/[ \t]+$/gm, '')
    .toWellFormed()
    .trim();
}
