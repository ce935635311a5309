import { MillraceError } from '../../../src/errors/catalogue.ts';
import type { Attachments } from '../../../src/integrations/database/port.ts';

/** What is read for the matrix: a name for people, and the text by page. */
export interface SourceDocument {
  readonly name: string;
  readonly pages: readonly string[];
}

/**
 * The text that came with the job, or that of its attachments, one at a time: together they may be large.
 * @throws MillraceError ATTACHMENT_NOT_FOUND, worth a retry, since its own job may still be running.
 */
export async function* readDocuments(
  attachments: Attachments,
  source: { readonly text?: string | undefined; readonly attachmentIds?: readonly string[] | undefined },
): AsyncGenerator<SourceDocument> {
  if (source.text !== undefined) yield { name: 'given text', pages: source.text.split('\f') };
  for (const id of new Set(source.attachmentIds)) {
    const found = await attachments.find(id);
    if (found === undefined)
      throw new MillraceError(
        'ATTACHMENT_NOT_FOUND',
        `There is no attachment ${id}. Add a process-attachment job for it first.`,
      );
    yield { name: found.fileName, pages: found.pageTexts };
  }
}
