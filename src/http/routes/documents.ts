import { z } from 'zod';
import { MillraceError } from '../../errors/catalogue.ts';
import type { DocumentRow, Documents } from '../../integrations/database/port.ts';
import type { Storage } from '../../integrations/storage/port.ts';
import type { FileLink, FileLinks } from '../file-links.ts';
import { mayRead } from '../owned.ts';
import { type Route, reply, route } from '../route.ts';
import { documentAddress, document as documentSchema } from '../schemas/documents.ts';

const linkSeconds = 15 * 60;

export interface DocumentRoutesOptions {
  readonly documents: Documents;
  readonly storage: Storage | undefined;
  readonly links: FileLinks;
}

/** What is known of a document, and a link to it: the storage's own where it gives any, else one of ours. */
export function documentRoutes({ documents, storage, links }: DocumentRoutesOptions): Route[] {
  const show = route({
    method: 'get',
    path: '/documents/{id}',
    tag: 'Documents',
    permission: 'documents.read-own',
    summary: 'See a document and get a link to it',
    description:
      'The link is good for 15 minutes and needs no token. Producers see the documents that their jobs have made.',
    params: documentAddress,
    answers: { 200: z.object({ document: documentSchema }) },
    errors: ['DOCUMENT_NOT_FOUND', 'DATABASE_UNAVAILABLE', 'STORAGE_FAILED'],
    async handle({ params: { id }, principal }) {
      const row = await documents.find(id);
      if (row === undefined || !mayRead(principal, row.addedBy, 'documents.read'))
        throw new MillraceError('DOCUMENT_NOT_FOUND', `No document has the id "${id}".`);
      const { url, expiresAt } = await linkTo(row, storage, links);
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
      return reply(200, { document });
    },
  });

  return [show];
}

/** A link that is good for 15 minutes: the storage's own where it gives any, else one of ours. */
export async function linkTo(
  row: DocumentRow,
  storage: Storage | undefined,
  links: FileLinks,
): Promise<FileLink> {
  if (storage?.signedUrl === undefined) return links.linkTo(row, linkSeconds * 1_000);
  const expiresAt = new Date(Date.now() + linkSeconds * 1_000);
  const { fileName, contentType } = row;
  const url = await storage.signedUrl(row.storageKey, {
    expiresInSeconds: linkSeconds,
    fileName,
    contentType,
  });
  return { url, expiresAt };
}
