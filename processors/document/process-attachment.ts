import { createHash } from 'node:crypto';
import type { AttachmentKind } from '../../src/integrations/attachments/port.ts';
import { defineProcessor } from '../define.ts';
import { attachmentDocumentId, attachmentFileName, attachmentKey } from './attachment/naming.ts';
import { readSource } from './attachment/read-source.ts';

const extensions: Readonly<Record<AttachmentKind, string>> = {
  pdf: 'pdf',
  docx: 'docx',
  xlsx: 'xlsx',
  text: 'txt',
};

/**
 * Gets a file, finds out what it is, reads its text, and keeps all three. Nothing is kept of a file that cannot be read.
 * Id and key come from the attachment and its bytes: done again it ends in the same place, and a file that changed at
 * its source takes the place of the old one.
 */
export const processAttachment = defineProcessor(
  'document',
  'process-attachment',
  ['database', 'storage', 'fetcher', 'textExtractor', 'events'],
  async ({ data, job, log, signal, progress, services }) => {
    const { database, storage, fetcher, textExtractor, events } = services;
    const { attachmentId, source, opportunityId } = data;

    progress(0, 'Fetching');
    const { bytes, fileName, origin } = await readSource(source, fetcher, storage, signal);
    progress(40, 'Reading');
    const { kind, contentType, pages } = await textExtractor.extract(bytes, signal);
    const characters = pages.reduce((sum, page) => sum + page.length, 0);
    if (characters === 0)
      log.warn({ attachmentId, pages: pages.length }, 'The file holds no text: it may be a scan.');

    progress(80, 'Keeping');
    const sha256 = createHash('sha256').update(bytes).digest('hex');
    const kept = await storage.put(attachmentKey(attachmentId, sha256, extensions[kind]), bytes, signal);
    const document = {
      fileName: attachmentFileName(fileName, attachmentId, extensions[kind]),
      contentType,
      bytes: kept.bytes,
      sha256: kept.sha256,
      storageKey: kept.key,
    };
    const { replacedKey } = await database.attachments.save({
      ...document,
      id: attachmentId,
      opportunityId,
      source: origin,
      pageTexts: pages,
    });
    const documentId = attachmentDocumentId(attachmentId);
    await database.documents.save({
      ...document,
      id: documentId,
      jobKey: job.key,
      jobId: job.id,
      addedBy: job.addedBy ?? '',
      userId: undefined,
      kind: 'attachment',
      format: extensions[kind],
      title: document.fileName,
      pages: pages.length,
      rows: undefined,
    });
    if (replacedKey !== undefined) await storage.remove(replacedKey);
    events.emit('document.generated', {
      kind: 'attachment',
      format: extensions[kind],
      renderer: 'none',
      bytes: kept.bytes,
    });
    progress(100, 'Done');
    return { documentId, ...document, pages: pages.length, attachmentId, characters };
  },
);
