import { ownFolders } from '../../../src/integrations/storage/port.ts';
import { documentIdOf } from '../report/plan.ts';

/**
 * Where an attachment is kept. The hash is part of it, so that a file that was replaced at its source gets a key of its
 * own, and each row names exactly the bytes that it describes.
 */
export function attachmentKey(attachmentId: string, sha256: string, extension: string): string {
  return `${ownFolders.attachments}/${attachmentId}-${sha256.slice(0, 16)}.${extension}`;
}

/** Of the attachment and not of the job: processed again, it is the same document. */
export function attachmentDocumentId(attachmentId: string): string {
  return documentIdOf(attachmentId, 'process-attachment');
}

/** The name for people: without folders and controls, ending as the content does, whatever it ended in before. */
export function attachmentFileName(
  given: string | undefined,
  attachmentId: string,
  extension: string,
): string {
  const last = (given ?? '').split(/[/\\]/).at(-1) ?? '';
  const base = last
    .normalize('NFC')
    .replace(/[\p{Cc}\p{Cf}\p{Zl}\p{Zp}<>:"|?*]+/gu, ' ')
    .replace(/\.[A-Za-z0-9]{1,5}$/, '')
    .replace(/\s+/g, ' ')
    .replace(/^[.\s]+|[.\s]+$/g, '');
  const short = Array.from(base).slice(0, 120).join('').trim();
  return `${short === '' ? attachmentId : short}.${extension}`;
}
