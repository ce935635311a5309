import type { Cleanup } from '../port.ts';
import { number, text, textOrNone } from '../postgres/rows.ts';
import type { Api } from './api.ts';

/** The removal of what is old. Each step is a function of the database, so that none is left half done. */
export function createCleanup(api: Api): Cleanup {
  return {
    async due(what, before) {
      const [row] = await api.callRows('cleanup_due', { p_class: what, p_before: before });
      if (row === undefined) throw new Error('cleanup_due answered nothing.');
      return { rows: number(row, 'row_count'), files: number(row, 'file_count') };
    },
    async removeBatch(what, before, limit, jobKey) {
      const removed = await api.call('cleanup_batch', {
        p_class: what,
        p_before: before,
        p_limit: limit,
        p_job_key: jobKey,
      });
      return number({ removed }, 'removed');
    },
    async claimRemoval(seconds) {
      const key = await api.call('claim_storage_removal', { p_seconds: seconds });
      return textOrNone({ key }, 'key');
    },
    async finishRemoval(storageKey, jobKey) {
      await api.call('finish_storage_removal', { p_key: storageKey, p_job_key: jobKey });
    },
    async counts(jobKey) {
      const rows = await api.rows(
        api.tables.from('cleanup_counts').select('class, removed').eq('job_key', jobKey),
      );
      return Object.fromEntries(rows.map((row) => [text(row, 'class'), number(row, 'removed')]));
    },
  };
}
