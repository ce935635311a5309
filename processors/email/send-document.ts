import { buffer } from 'node:stream/consumers';
import { UnrecoverableError } from '../../src/errors/catalogue.ts';
import { defineProcessor } from '../define.ts';
import { deliver } from './deliver.ts';
import { renderDocument } from './templates/document.ts';
import { unsubscribable } from './unsubscribe.ts';

/** Many mailboxes take 10 MB, and base64 adds a third. */
const attachedBelow = 5 * 1024 * 1024;
const linkTtlMs = 7 * 24 * 3_600_000;

/** Sends a link to a document, and the document itself when it was asked for and is small. */
export const sendDocument = defineProcessor(
  'email',
  'send-document',
  ['mail', 'database', 'storage', 'events', 'links', 'settings'],
  async (context) => {
    const { email, documentId, title, attach } = context.data;
    const { database, storage, links, settings } = context.services;
    const document = await database.documents.find(documentId);
    if (document === undefined) {
      throw new UnrecoverableError(
        `There is no document ${documentId} to send. Make it again, and send that one.`,
        { code: 'DOCUMENT_NOT_FOUND' },
      );
    }
    const { fileName, contentType, bytes, pages } = document;
    const attached = attach && bytes < attachedBelow;
    const attachments = attached
      ? [{ fileName, contentType, content: await buffer(await storage.get(document.storageKey)) }]
      : [];
    context.signal.throwIfAborted();
    const { url, expiresAt } = links.document(document, linkTtlMs);
    const { unsubscribe, terms } = unsubscribable(links, context.data, 'documents');
    const rendered = renderDocument({
      title,
      fileName,
      bytes,
      pages,
      attached,
      link: url,
      expiresAt: expiresAt.toISOString(),
      unsubscribe,
      appUrl: settings.appUrl,
    });
    return deliver(context, { to: email, category: 'document-ready', ...rendered, ...terms, attachments });
  },
);
