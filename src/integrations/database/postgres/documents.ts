import type { DocumentRow, Documents } from '../port.ts';
import type { Connection, Row } from './connection.ts';
import { number, numberOrNone, text, textOrNone, time } from './rows.ts';

const save = `
  insert into documents as d (id, job_key, user_id, kind, format, title, file_name, content_type, bytes, pages, rows,
                              sha256, storage_key, job_id, added_by)
  values ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11, $12, $13, $14, $15)
  on conflict (id) do update set
    job_key = excluded.job_key, user_id = excluded.user_id, kind = excluded.kind, format = excluded.format,
    title = excluded.title, file_name = excluded.file_name, content_type = excluded.content_type,
    bytes = excluded.bytes, pages = excluded.pages, rows = excluded.rows, sha256 = excluded.sha256,
    storage_key = excluded.storage_key, job_id = excluded.job_id, added_by = excluded.added_by,
    created_at = now()`;

/** The documents that jobs have made. A row names a file that is already in storage. */
export function createDocuments(connection: Connection): Documents {
  return {
    async save(row) {
      await connection.query(save, [
        row.id,
        row.jobKey,
        row.userId ?? null,
        row.kind,
        row.format,
        row.title,
        row.fileName,
        row.contentType,
        row.bytes,
        row.pages ?? null,
        row.rows ?? null,
        row.sha256,
        row.storageKey,
        row.jobId ?? null,
        row.addedBy ?? null,
      ]);
    },
    async find(id) {
      const [row] = await connection.query('select * from documents where id = $1', [id]);
      return row === undefined ? undefined : readDocument(row);
    },
  };
}

export function readDocument(row: Row): DocumentRow & { readonly createdAt: Date } {
  return {
    id: text(row, 'id'),
    jobKey: text(row, 'job_key'),
    jobId: textOrNone(row, 'job_id'),
    addedBy: textOrNone(row, 'added_by'),
    userId: textOrNone(row, 'user_id'),
    kind: text(row, 'kind'),
    format: text(row, 'format'),
    title: text(row, 'title'),
    fileName: text(row, 'file_name'),
    contentType: text(row, 'content_type'),
    bytes: number(row, 'bytes'),
    pages: numberOrNone(row, 'pages'),
    rows: numberOrNone(row, 'rows'),
    sha256: text(row, 'sha256'),
    storageKey: text(row, 'storage_key'),
    createdAt: time(row, 'created_at'),
  };
}
