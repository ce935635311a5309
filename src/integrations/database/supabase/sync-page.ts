import type { SyncCheckpoint, SyncCounts, SyncLease, SyncReject } from '../port.ts';
import type { Row } from '../postgres/connection.ts';
import { number } from '../postgres/rows.ts';
import { checkpointColumns, type PageWriter } from '../postgres/sync-page.ts';
import type { Api } from './api.ts';

/** Writes a page with its rejects and its checkpoint; `undefined` when the lease was lost and nothing was written. */
export async function savePage(
  api: Api,
  writer: PageWriter,
  rows: readonly Row[],
  rejects: readonly SyncReject[],
  checkpoint: SyncCheckpoint,
  lease: SyncLease,
): Promise<SyncCounts | undefined> {
  const [counts] = await api.callRows(writer, {
    p_rows: rows,
    p_rejects: rejects.map(({ recordId, reason, raw }) => ({ record_id: recordId, reason, raw })),
    p_checkpoint: checkpointColumns(checkpoint),
    p_token: lease.token,
  });
  if (counts === undefined) return undefined;
  return {
    inserted: number(counts, 'inserted'),
    updated: number(counts, 'updated'),
    unchanged: number(counts, 'unchanged'),
  };
}
