import type { SyncCheckpoint, SyncCounts, SyncLease, SyncReject } from '../port.ts';
import type { Connection, Row } from './connection.ts';
import { number } from './rows.ts';

export type PageWriter = 'save_opportunity_page' | 'save_entity_page';

/** Writes a page with its rejects and its checkpoint; `undefined` when the lease was lost and nothing was written. */
export async function savePage(
  connection: Connection,
  writer: PageWriter,
  rows: readonly Row[],
  rejects: readonly SyncReject[],
  checkpoint: SyncCheckpoint,
  lease: SyncLease,
): Promise<SyncCounts | undefined> {
  const [counts] = await connection.query(
    `select inserted, updated, unchanged from ${writer}($1::jsonb, $2::jsonb, $3::jsonb, $4)`,
    [
      JSON.stringify(rows),
      JSON.stringify(rejects.map(({ recordId, reason, raw }) => ({ record_id: recordId, reason, raw }))),
      JSON.stringify(checkpointColumns(checkpoint)),
      lease.token,
    ],
  );
  if (counts === undefined) return undefined;
  return {
    inserted: number(counts, 'inserted'),
    updated: number(counts, 'updated'),
    unchanged: number(counts, 'unchanged'),
  };
}

export function checkpointColumns(checkpoint: SyncCheckpoint): Row {
  return {
    kind: checkpoint.kind,
    job_key: checkpoint.jobKey,
    windows: checkpoint.windows,
    next_page: checkpoint.nextPage,
    totals: checkpoint.totals,
    synced_through: checkpoint.syncedThrough,
  };
}
