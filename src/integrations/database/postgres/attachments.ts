import type { Attachments } from '../port.ts';
import type { Connection, Row } from './connection.ts';
import { number, text, textOrNone, texts } from './rows.ts';

export const attachmentColumns =
  'id, opportunity_id, source, file_name, content_type, bytes, sha256, storage_key, pages, page_texts';

/** Attachments with their text. A row names a file that is already in storage. */
export function createAttachments(connection: Connection): Attachments {
  return {
    async save(row) {
      const [answer] = await connection.query(
        'select save_attachment($1, $2, $3, $4, $5, $6, $7, $8, $9) as replaced',
        [
          row.id,
          row.opportunityId ?? null,
          row.source,
          row.fileName,
          row.contentType,
          row.bytes,
          row.sha256,
          row.storageKey,
          row.pageTexts,
        ],
      );
      return { replacedKey: answer === undefined ? undefined : textOrNone(answer, 'replaced') };
    },
    async find(id) {
      const [row] = await connection.query(`select ${attachmentColumns} from attachments where id = $1`, [
        id,
      ]);
      return row === undefined ? undefined : readAttachment(row);
    },
  };
}

export function readAttachment(row: Row) {
  return {
    id: text(row, 'id'),
    opportunityId: textOrNone(row, 'opportunity_id'),
    source: text(row, 'source'),
    fileName: text(row, 'file_name'),
    contentType: text(row, 'content_type'),
    bytes: number(row, 'bytes'),
    sha256: text(row, 'sha256'),
    storageKey: text(row, 'storage_key'),
    pages: number(row, 'pages'),
    pageTexts: texts(row, 'page_texts'),
  };
}
