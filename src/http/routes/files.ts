import { Router } from 'express';
import { z } from 'zod';
import { MillraceError } from '../../errors/catalogue.ts';
import type { Documents } from '../../integrations/database/port.ts';
import type { Storage } from '../../integrations/storage/port.ts';
import { parse } from '../answer.ts';
import type { FileLinks } from '../file-links.ts';
import { sendFile } from '../send-file.ts';

export const fileAddress = z.object({ id: z.string().min(1).max(300), fileName: z.string().min(1).max(300) });
export const fileSignature = z.strictObject({
  expires: z
    .string()
    .regex(/^\d{1,12}$/)
    .transform(Number),
  signature: z.string().min(1).max(100),
});

export interface FileRoutesOptions {
  readonly documents: Documents;
  readonly storage: Storage | undefined;
  readonly links: FileLinks;
}

/** A redirect is followed at once; what it leads to is good for as long as a slow reader takes to begin. */
const redirectSeconds = 60;

/**
 * Serves documents to whoever has a link of ours; the link is all that is asked for. Where the storage has links of its
 * own, ours leads to a fresh one: it may live longer than theirs can, and the file does not pass through here.
 */
export function fileRoutes({ documents, storage, links }: FileRoutesOptions): Router {
  const router = Router();

  router.get('/:id/:fileName', async (request, response) => {
    const { id } = parse(fileAddress, request.params, 'address');
    const link = fileSignature.safeParse(request.query);
    if (!link.success || !links.allows(id, link.data.expires, link.data.signature)) {
      throw new MillraceError(
        'FORBIDDEN',
        'This link has expired, is not whole or is not ours. Ask whoever sent it for a new one: GET /api/documents/<id> gives it.',
      );
    }
    const row = await documents.find(id);
    if (row === undefined || storage === undefined) {
      throw new MillraceError('DOCUMENT_NOT_FOUND', `The document "${id}" is no longer kept.`);
    }
    // A provider's link is good for one method, and the row says all that HEAD asks.
    if (storage.signedUrl !== undefined && request.method !== 'HEAD') {
      const { fileName, contentType } = row;
      const terms = { expiresInSeconds: redirectSeconds, fileName, contentType };
      const url = await storage.signedUrl(row.storageKey, terms);
      response.set('Cache-Control', 'private, no-store').set('Referrer-Policy', 'no-referrer');
      return void response.redirect(302, url);
    }
    const file = request.method === 'HEAD' ? undefined : await storage.get(row.storageKey);
    await sendFile(request, response, row, file);
  });

  return router;
}
