import { type ErrorEntry, entry } from './entry.ts';

/** Attachments of opportunities. */
export const attachments = {
  ATTACHMENT_REFUSED: entry(
    422,
    false,
    'The address of an attachment is not http(s) or not on the public internet.',
  ),
  ATTACHMENT_UNAVAILABLE: entry(502, true, 'No file came from the address of an attachment.'),
  ATTACHMENT_TOO_LARGE: entry(
    422,
    false,
    'An attachment, or what it unpacks to, is above its limits of size, pages, text or memory.',
  ),
  ATTACHMENT_UNSUPPORTED: entry(
    422,
    false,
    'An attachment is none of PDF, Word (docx), Excel (xlsx) and plain text.',
  ),
  ATTACHMENT_ENCRYPTED: entry(422, false, 'An attachment opens with a password only.'),
  ATTACHMENT_UNREADABLE: entry(422, false, 'An attachment is broken, or took too long to read.'),
  ATTACHMENT_NOT_FOUND: entry(404, true, 'No attachment has that id yet: process it first.'),
} as const satisfies Record<string, ErrorEntry>;
