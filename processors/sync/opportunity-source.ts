import type { Database, OpportunityRow } from '../../src/integrations/database/port.ts';
import type { SamGov } from '../../src/integrations/sam-gov/port.ts';
import { readOpportunity } from './read-opportunity.ts';
import type { SyncSource } from './source.ts';
import { planRange, windowsOf } from './sync-range.ts';

/** Get Opportunities v2: by the day of posting, upserted by notice id. */
export function opportunitySource(
  samGov: SamGov,
  database: Database,
  pageSize: number,
): SyncSource<OpportunityRow> {
  return {
    kind: 'sam-gov-opportunities',
    noun: 'notices',
    pageSize,
    plan(request, syncedThrough, today) {
      const range = planRange(request, syncedThrough, today);
      return {
        range,
        windows: windowsOf(range).map(({ from, to }) => ({ posted: { start: from, end: to } })),
      };
    },
    fetch({ posted }, page, signal) {
      if (posted === undefined) throw new Error('A window of opportunities has days of posting.');
      return samGov.searchOpportunities({ from: posted.start, to: posted.end, page, pageSize }, signal);
    },
    // Every page of a window can be reached.
    narrow: () => undefined,
    part() {
      throw new Error('Opportunities have no extracts.');
    },
    read: readOpportunity,
    keyOf: ({ noticeId }) => noticeId,
    prefer: (_earlier, later) => later,
    save: (rows, rejects, checkpoint, lease) =>
      database.opportunities.savePage(rows, rejects, checkpoint, lease),
  };
}
