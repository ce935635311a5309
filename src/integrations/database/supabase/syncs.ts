import type { SyncLease, Syncs } from '../port.ts';
import { number, textOrNone, truth } from '../postgres/rows.ts';
import { readTotals, readWindows } from '../postgres/syncs.ts';
import type { Api } from './api.ts';

/** Where syncs stand, who may sync, and what is left of the day's budget. */
export function createSyncs(api: Api): Syncs {
  const syncedThrough = async (kind: string) => {
    const [row] = await api.rows(
      api.tables.from('sync_checkpoints').select('synced_through').eq('kind', kind).limit(1),
    );
    return row === undefined ? undefined : textOrNone(row, 'synced_through');
  };
  const held = async (name: string, lease: SyncLease, seconds: number) =>
    truth({ held: await api.call(name, { ...leaseArguments(lease), p_seconds: seconds }) }, 'held');

  return {
    async checkpoint(kind, jobKey) {
      const [row] = await api.rows(
        api.tables
          .from('sync_positions')
          .select('windows, next_page, totals')
          .eq('kind', kind)
          .eq('job_key', jobKey)
          .limit(1),
      );
      if (row === undefined) return undefined;
      return {
        kind,
        jobKey,
        windows: readWindows(row.windows),
        nextPage: number(row, 'next_page'),
        totals: readTotals(row.totals),
        // A second request, which may see a later day: it never goes back, so that does no harm.
        syncedThrough: await syncedThrough(kind),
      };
    },
    syncedThrough,
    takeLease: (lease, seconds) => held('take_sync_lease', lease, seconds),
    renewLease: (lease, seconds) => held('renew_sync_lease', lease, seconds),
    async releaseLease(lease) {
      await api.call('release_sync_lease', leaseArguments(lease));
    },
    async spendRequest({ key, day, limit, intervalMs }) {
      const [row] = await api.callRows('reserve_request', {
        p_key: key,
        p_day: day,
        p_limit: limit,
        p_interval_ms: intervalMs,
      });
      if (row === undefined) return undefined;
      return { used: number(row, 'used'), waitMs: number(row, 'wait_ms') };
    },
  };
}

function leaseArguments({ kind, jobKey, token }: SyncLease) {
  return { p_kind: kind, p_holder: jobKey, p_token: token };
}
