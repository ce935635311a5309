import type { Opportunities, OpportunityRow, SyncCheckpoint, SyncReject, SyncTotals } from '../port.ts';
import type { Connection, Row } from './connection.ts';
import { number, numberOrNone, text, textOrNone, truth } from './rows.ts';

/** The notices, and where their syncs stand. A page and its checkpoint are written in one transaction. */
export function createOpportunities(connection: Connection): Opportunities {
  return {
    async checkpoint(kind) {
      const [row] = await connection.query(
        `select kind, job_key, window_from, window_to, next_page, totals, synced_through
           from sync_checkpoints where kind = $1`,
        [kind],
      );
      return row === undefined ? undefined : readCheckpoint(row);
    },
    savePage(rows, rejects, checkpoint) {
      return connection.transaction(async (transaction) => {
        if (rejects.length > 0) await saveRejects(transaction, rejects, checkpoint);
        const [counts] = await transaction.query(
          'select inserted, updated, unchanged from upsert_opportunities($1::jsonb, $2::jsonb)',
          [JSON.stringify(rows.map(columnsOf)), JSON.stringify(checkpointColumns(checkpoint))],
        );
        if (counts === undefined) throw new Error('upsert_opportunities answered nothing.');
        return {
          inserted: number(counts, 'inserted'),
          updated: number(counts, 'updated'),
          unchanged: number(counts, 'unchanged'),
        };
      });
    },
    async takeLease(kind, holder, seconds) {
      const [row] = await connection.query('select take_sync_lease($1, $2, $3) as taken', [
        kind,
        holder,
        seconds,
      ]);
      return row !== undefined && truth(row, 'taken');
    },
    async releaseLease(kind, holder) {
      await connection.query('delete from sync_leases where kind = $1 and holder = $2', [kind, holder]);
    },
    async spendRequest(key, day, limit) {
      const [row] = await connection.query('select spend_request($1, $2::date, $3) as used', [
        key,
        day,
        limit,
      ]);
      return row === undefined ? undefined : numberOrNone(row, 'used');
    },
    async count() {
      const [row] = await connection.query('select count(*) as count from opportunities');
      return row === undefined ? 0 : number(row, 'count');
    },
  };
}

async function saveRejects(
  connection: Connection,
  rejects: readonly SyncReject[],
  checkpoint: SyncCheckpoint,
): Promise<void> {
  const columns = rejects.map(({ recordId, reason, raw }) => ({ record_id: recordId, reason, raw }));
  await connection.query(
    `insert into sync_rejects (kind, job_key, record_id, reason, raw)
     select $1, $2, r.record_id, r.reason, r.raw
       from jsonb_to_recordset($3::jsonb) as r (record_id text, reason text, raw jsonb)`,
    [checkpoint.kind, checkpoint.jobKey ?? '', JSON.stringify(columns)],
  );
}

function columnsOf(row: OpportunityRow): Row {
  return {
    notice_id: row.noticeId,
    title: row.title,
    solicitation: row.solicitation,
    agency: row.agency,
    office: row.office,
    notice_type: row.noticeType,
    set_aside: row.setAside,
    naics: row.naics,
    classification: row.classification,
    posted_on: row.postedOn,
    response_deadline: row.responseDeadline,
    archive_on: row.archiveOn,
    active: row.active,
    place_state: row.placeState,
    place_country: row.placeCountry,
    award_amount: row.awardAmount,
    award_on: row.awardOn,
    awardee: row.awardee,
    url: row.url,
    description_url: row.descriptionUrl,
    raw: row.raw,
    content_hash: row.contentHash,
  };
}

function checkpointColumns(checkpoint: SyncCheckpoint): Row {
  return {
    kind: checkpoint.kind,
    job_key: checkpoint.jobKey,
    window_from: checkpoint.windowFrom,
    window_to: checkpoint.windowTo,
    next_page: checkpoint.nextPage,
    totals: checkpoint.totals,
    synced_through: checkpoint.syncedThrough,
  };
}

function readCheckpoint(row: Row): SyncCheckpoint {
  return {
    kind: text(row, 'kind'),
    jobKey: textOrNone(row, 'job_key'),
    windowFrom: textOrNone(row, 'window_from'),
    windowTo: textOrNone(row, 'window_to'),
    nextPage: number(row, 'next_page'),
    totals: readTotals(row.totals),
    syncedThrough: textOrNone(row, 'synced_through'),
  };
}

/** Totals as `upsert_opportunities` keeps them; a row that was made by hand has `{}`. */
function readTotals(value: unknown): SyncTotals {
  const totals = recordOf(value);
  const count = (column: string) => numberOrNone(totals, column) ?? 0;
  const reasons = recordOf(totals.skippedReasons);
  return {
    from: textOrNone(totals, 'from') ?? '',
    to: textOrNone(totals, 'to') ?? '',
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
