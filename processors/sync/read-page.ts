import type { OpportunityRow, SyncReject } from '../../src/integrations/database/port.ts';
import type { OpportunityPage } from '../../src/integrations/sam-gov/port.ts';
import { readOpportunity } from './read-opportunity.ts';

/** A page as it goes into the database. `fetched` is rows, rejects and what came twice, together. */
export interface PageReading {
  readonly fetched: number;
  readonly rows: readonly OpportunityRow[];
  readonly rejects: readonly SyncReject[];
  readonly skippedReasons: Readonly<Record<string, number>>;
}

/** A notice that stands twice on a page: the later one counts, since one statement cannot write a row twice. */
const twice = 'twice on a page';

/** Reads a page's records. Past the end the API answers with a stray record instead of none: it is left out. */
export function readPageOf(answer: OpportunityPage, page: number, pageSize: number): PageReading {
  const records = page * pageSize < answer.totalRecords ? answer.records : [];
  const rows = new Map<string, OpportunityRow>();
  const rejects: SyncReject[] = [];
  const reasons = new Map<string, number>();
  const skip = (reason: string) => reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  for (const record of records) {
    const reading = readOpportunity(record);
    if ('reject' in reading) {
      rejects.push(reading.reject);
      skip(reading.reject.reason);
      continue;
    }
    if (rows.has(reading.row.noticeId)) skip(twice);
    rows.set(reading.row.noticeId, reading.row);
  }
  return {
    fetched: records.length,
    rows: [...rows.values()],
    rejects,
    skippedReasons: Object.fromEntries(reasons),
  };
}
