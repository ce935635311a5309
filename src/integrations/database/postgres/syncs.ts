import type { DateRange, SyncExtract, Syncs, SyncTotals, SyncWindow } from '../port.ts';
import type { Connection, Row } from './connection.ts';
import { number, numberOrNone, text, textOrNone, texts, truth } from './rows.ts';

/** Where syncs stand, who may sync, and what is left of the day's budget. */
export function createSyncs(connection: Connection): Syncs {
  return {
    async checkpoint(kind, jobKey) {
      const [row] = await connection.query(
        `select p.windows, p.next_page, p.totals, c.synced_through
           from sync_positions p left join sync_checkpoints c using (kind)
          where p.kind = $1 and p.job_key = $2`,
        [kind, jobKey],
      );
      if (row === undefined) return undefined;
      return {
        kind,
        jobKey,
        windows: readWindows(row.windows),
        nextPage: number(row, 'next_page'),
        totals: readTotals(row.totals),
        syncedThrough: textOrNone(row, 'synced_through'),
      };
    },
    async syncedThrough(kind) {
      const [row] = await connection.query('select synced_through from sync_checkpoints where kind = $1', [
        kind,
      ]);
      return row === undefined ? undefined : textOrNone(row, 'synced_through');
    },
    async takeLease({ kind, jobKey, token }, seconds) {
      const [row] = await connection.query('select take_sync_lease($1, $2, $3, $4) as held', [
        kind,
        jobKey,
        token,
        seconds,
      ]);
      return row !== undefined && truth(row, 'held');
    },
    async renewLease({ kind, jobKey, token }, seconds) {
      const [row] = await connection.query('select renew_sync_lease($1, $2, $3, $4) as held', [
        kind,
        jobKey,
        token,
        seconds,
      ]);
      return row !== undefined && truth(row, 'held');
    },
    async releaseLease({ kind, jobKey, token }) {
      await connection.query('select release_sync_lease($1, $2, $3)', [kind, jobKey, token]);
    },
    async spendRequest({ key, day, limit, intervalMs }) {
      const [row] = await connection.query(
        'select used, wait_ms from reserve_request($1, $2::date, $3, $4)',
        [key, day, limit, intervalMs],
      );
      if (row === undefined) return undefined;
      return { used: number(row, 'used'), waitMs: number(row, 'wait_ms') };
    },
  };
}

export function readWindows(value: unknown): SyncWindow[] {
  if (!Array.isArray(value)) throw new Error('Column windows holds no list.');
  return value.map((item: unknown) => {
    const window = recordOf(item);
    return {
      ...readRange(window, 'posted'),
      ...readRange(window, 'registered'),
      ...readRange(window, 'updated'),
      ...(window.ueis === undefined ? {} : { ueis: texts(window, 'ueis') }),
      ...(window.extract === undefined ? {} : { extract: readExtract(recordOf(window.extract)) }),
    };
  });
}

function readRange<K extends string>(window: Row, field: K): { [P in K]?: DateRange } {
  if (window[field] === undefined) return {};
  const range = recordOf(window[field]);
  const read: { [P in K]?: DateRange } = {};
  read[field] = { start: text(range, 'start'), end: text(range, 'end') };
  return read;
}

function readExtract(extract: Row): SyncExtract {
  const [token, requestedAt, sha256] = ['token', 'requestedAt', 'sha256'].map((name) =>
    textOrNone(extract, name),
  );
  return {
    polls: number(extract, 'polls'),
    replaced: number(extract, 'replaced'),
    ...(token === undefined ? {} : { token }),
    ...(requestedAt === undefined ? {} : { requestedAt }),
    ...(sha256 === undefined ? {} : { sha256 }),
  };
}

/** Totals as `save_sync_position` keeps them. */
export function readTotals(value: unknown): SyncTotals {
  const totals = recordOf(value);
  const count = (column: string) => numberOrNone(totals, column) ?? 0;
  const reasons = recordOf(totals.skippedReasons);
  return {
    from: text(totals, 'from'),
    to: text(totals, 'to'),
    fetched: count('fetched'),
    inserted: count('inserted'),
    updated: count('updated'),
    unchanged: count('unchanged'),
    skipped: count('skipped'),
    skippedReasons: Object.fromEntries(
      Object.keys(reasons).map((reason) => [reason, number(reasons, reason)]),
    ),
    requestsUsed: count('requestsUsed'),
    pages: count('pages'),
  };
}

function recordOf(value: unknown): Row {
  return typeof value === 'object' && value !== null ? Object.fromEntries(Object.entries(value)) : {};
}
