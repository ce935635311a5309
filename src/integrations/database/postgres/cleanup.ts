import type { Cleanup } from '../port.ts';
import type { Connection } from './connection.ts';
import { number, text, textOrNone } from './rows.ts';

/** The removal of what is old. Each step is a function of the database, so that none is left half done. */
export function createCleanup(connection: Connection): Cleanup {
  return {
    async due(what, before) {
      const [row] = await connection.query('select row_count, file_count from cleanup_due($1, $2)', [
        what,
        before,
      ]);
      if (row === undefined) throw new Error('cleanup_due answered nothing.');
      return { rows: number(row, 'row_count'), files: number(row, 'file_count') };
    },
    async removeBatch(what, before, limit, jobKey) {
      const [row] = await connection.query('select cleanup_batch($1, $2, $3, $4) as removed', [
        what,
        before,
        limit,
        jobKey,
      ]);
      return row === undefined ? 0 : number(row, 'removed');
    },
    async claimRemoval(seconds) {
      const [row] = await connection.query('select claim_storage_removal($1) as storage_key', [seconds]);
      return row === undefined ? undefined : textOrNone(row, 'storage_key');
    },
    async finishRemoval(storageKey, jobKey) {
      await connection.query('select finish_storage_removal($1, $2)', [storageKey, jobKey]);
    },
    async counts(jobKey) {
      const rows = await connection.query('select class, removed from cleanup_counts where job_key = $1', [
        jobKey,
      ]);
      return Object.fromEntries(rows.map((row) => [text(row, 'class'), number(row, 'removed')]));
    },
  };
}
