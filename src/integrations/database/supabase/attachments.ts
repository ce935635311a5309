import type { Attachments } from '../port.ts';
import { attachmentColumns, readAttachment } from '../postgres/attachments.ts';
import { textOrNone } from '../postgres/rows.ts';
import type { Api } from './api.ts';

/** Attachments with their text. */
export function createAttachments(api: Api): Attachments {
  return {
    async save(row) {
      const replaced = await api.call('save_attachment', {
        p_id: row.id,
        p_opportunity_id: row.opportunityId ?? null,
        p_source: row.source,
        p_file_name: row.fileName,
        p_content_type: row.contentType,
        p_bytes: row.bytes,
        p_sha256: row.sha256,
        p_storage_key: row.storageKey,
        p_page_texts: row.pageTexts,
      });
      return { replacedKey: textOrNone({ replaced }, 'replaced') };
    },
    async find(id) {
      const [row] = await api.rows(
        api.tables.from('attachments').select(attachmentColumns).eq('id', id).limit(1),
      );
      return row === undefined ? undefined : readAttachment(row);
    },
  };
}
