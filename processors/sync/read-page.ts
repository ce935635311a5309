import type { SyncReject } from '../../src/integrations/database/port.ts';
import type { SamGovPage } from '../../src/integrations/sam-gov/port.ts';
import type { SyncSource } from './source.ts';

/** A page as it goes into the database. `fetched` is rows, rejects and what came twice, together. */
export interface PageReading<Row> {
  readonly fetched: number;
  readonly rows: readonly Row[];
  readonly rejects: readonly SyncReject[];
  readonly skippedReasons: Readonly<Record<string, number>>;
}

/** A record that stands twice on a page: one statement cannot write a row twice. */
const twice = 'twice on a page';

/** Reads a page's records. Past the end the API answers with a stray record instead of none: it is left out. */
export function readPageOf<Row>(
  source: Pick<SyncSource<Row>, 'pageSize' | 'read' | 'keyOf' | 'prefer'>,
  answer: SamGovPage,
  page: number,
): PageReading<Row> {
  return readRecords(source, page * source.pageSize < answer.totalRecords ? answer.records : []);
}

export function readRecords<Row>(
  source: Pick<SyncSource<Row>, 'read' | 'keyOf' | 'prefer'>,
  records: readonly unknown[],
): PageReading<Row> {
  const rows = new Map<string, Row>();
  const rejects: SyncReject[] = [];
  const reasons = new Map<string, number>();
  const skip = (reason: string) => reasons.set(reason, (reasons.get(reason) ?? 0) + 1);
  for (const record of records) {
    const reading = source.read(record);
    if ('reject' in reading) {
      rejects.push(reading.reject);
      skip(reading.reject.reason);
      continue;
    }
    const key = source.keyOf(reading.row);
    const earlier = rows.get(key);
    if (earlier !== undefined) skip(twice);
    rows.set(key, earlier === undefined ? reading.row : source.prefer(earlier, reading.row));
  }
  return {
    fetched: records.length,
    rows: [...rows.values()],
    rejects,
    skippedReasons: Object.fromEntries(reasons),
  };
}
