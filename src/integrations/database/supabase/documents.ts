import type { Documents } from '../port.ts';
import { readDocument } from '../postgres/documents.ts';
import type { Api } from './api.ts';
import { upsert } from './upsert.ts';

/** The documents that jobs have made. A row names a file that is already in storage. */
export function createDocuments(api: Api): Documents {
  return {
    save: (row) =>
      upsert(api, 'documents', [
        {
          id: row.id,
          job_key: row.jobKey,
          job_id: row.jobId ?? null,
          added_by: row.addedBy ?? null,
          user_id: row.userId ?? null,
          kind: row.kind,
          format: row.format,
          title: row.title,
          file_name: row.fileName,
          content_type: row.contentType,
          bytes: row.bytes,
          pages: row.pages ?? null,
          rows: row.rows ?? null,
          sha256: row.sha256,
          storage_key: row.storageKey,
          // PostgreSQL's own word for the time of the transaction: a replaced row counts as new.
          created_at: 'now',
        },
      ]),
    async find(id) {
      const [row] = await api.rows(api.tables.from('documents').select().eq('id', id).limit(1));
      return row === undefined ? undefined : readDocument(row);
    },
  };
}
