import { MillraceError } from '../../../src/errors/catalogue.ts';
import type { Attachments } from '../../../src/integrations/database/port.ts';

/** What is read for the matrix: a name for people, and the text by page. */
export interface SourceDocument {
  readonly name: string;
  readonly pages: readonly string[];
}

/**
 * The text that came with the job, or that of its attachments, one at a time: together they may be large. An attachment
 * without text says so in its name.
 * @throws MillraceError ATTACHMENT_NOT_FOUND, worth a retry, since its own job may still be running; NO_TEXT when none has any.
 */
export async function* readDocuments(
  attachments: Attachments,
  source: { readonly text?: string | undefined; readonly attachmentIds?: readonly string[] | undefined },
): AsyncGenerator<SourceDocument> {
  if (source.text !== undefined) yield { name: 'given text', pages: source.text.split('\f') };
  const ids = new Set(source.attachmentIds);
  let read = 0;
  for (const id of ids) {
    const found = await attachments.find(id);
    if (found === undefined)
      throw new MillraceError(
        'ATTACHMENT_NOT_FOUND',
        `There is no attachment ${id}. Add a process-attachment job for it first.`,
      );
    const hasText = found.pageTexts.some((text) => text.trim() !== '');
    if (hasText) read += 1;
    yield {
      name: hasText ? found.fileName : `${found.fileName} (no text: it may be a scan)`,
      pages: found.pageTexts,
    };
  }
  if (ids.size > 0 && read === 0)
    throw new MillraceError(
      'NO_TEXT',
      `There is no text in ${ids.size === 1 ? 'the attachment' : 'any of the attachments'}: it may be a scan. Send it after text recognition (OCR), or give the text with the job.`,
    );
}
