import { Router } from 'express';
import { z } from 'zod';
import { MillraceError } from '../../errors/catalogue.ts';
import type { Documents } from '../../integrations/database/port.ts';
import { parse, sendData } from '../answer.ts';
import type { FileLinks } from '../file-links.ts';
import { requireRole } from '../middleware/authenticate.ts';

const address = z.object({ id: z.string().regex(/^[\x21-\x7e]{1,300}$/, 'is no id of a document') });

/** What is known of a document, and a link to it. */
export function documentRoutes(documents: Documents, links: FileLinks): Router {
  const router = Router();

  router.get('/:id', requireRole('producer'), async (request, response) => {
    const { id } = parse(address, request.params, 'address');
    const row = await documents.find(id);
    if (row === undefined) throw new MillraceError('DOCUMENT_NOT_FOUND', `No document has the id "${id}".`);
    const { url, expiresAt } = links.linkTo(row);
    const document = {
      id: row.id,
      kind: row.kind,
      format: row.format,
      title: row.title,
      fileName: row.fileName,
      contentType: row.contentType,
      bytes: row.bytes,
      pages: row.pages ?? null,
      rows: row.rows ?? null,
      sha256: row.sha256,
      userId: row.userId ?? null,
      createdAt: row.createdAt,
      url,
      urlExpiresAt: expiresAt,
    };
    sendData(response, { document });
  });

  return router;
}
