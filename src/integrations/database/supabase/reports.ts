import type { DateRange, ReportSource } from '../port.ts';
import { readStatus } from '../postgres/proposals.ts';
import { readProposalRow } from '../postgres/reports/proposals.ts';
import { readReportRow } from '../postgres/reports/rows.ts';
import { number, records, text, truth } from '../postgres/rows.ts';
import { type Api, limited, rowOf } from './api.ts';

/** Award amounts of SAM.gov are in US dollars. */
const currency = 'USD';

/** A page comes as one value, so that Supabase's limit of rows does not cut it; this keeps it to a few megabytes. */
const mostRows = 5_000;

/**
 * What reports read. Figures come from one function each, so from one snapshot. Rows come in pages, each from a snapshot of
 * its own, since no transaction outlives a request: what was first seen after the first page is left out, but a row that
 * is changed or archived meanwhile is read as it is then.
 */
export function createReports(api: Api): ReportSource {
  return {
    async figures(range) {
      const row = rowOf(await api.call('report_figures', days(range)));
      return {
        opportunities: number(row, 'opportunities'),
        agencies: number(row, 'agencies'),
        closingSoon: number(row, 'closing_soon'),
        awarded: { amount: text(row, 'awarded'), currency },
        byAgency: records(row, 'by_agency').map((item) => ({
          agency: text(item, 'name'),
          count: number(item, 'count'),
        })),
        byWeek: records(row, 'by_week').map((item) => ({
          week: text(item, 'name'),
          count: number(item, 'count'),
        })),
        bySetAside: records(row, 'by_set_aside').map((item) => ({
          setAside: text(item, 'name'),
          count: number(item, 'count'),
        })),
      };
    },
    async *opportunities(range, batchSize) {
      const limit = Math.min(batchSize, mostRows);
      let place: { day: string | null; id: string | null; asOf: string | null } = {
        day: null,
        id: null,
        asOf: null,
      };
      while (true) {
        const page = rowOf(
          await api.call('report_page', {
            ...days(range),
            p_after_day: place.day,
            p_after_id: place.id,
            p_as_of: place.asOf,
            p_limit: limit,
          }),
        );
        const rows = records(page, 'rows').map(readReportRow);
        const last = rows.at(-1);
        if (last === undefined) return;
        yield rows;
        if (rows.length < limit) return;
        place = { day: last.postedOn, id: last.noticeId, asOf: text(page, 'as_of') };
      }
    },
    async proposals(userId, range, limit) {
      const row = rowOf(
        await api.call('proposal_figures', { p_user_id: userId, ...days(range), p_limit: limit }),
      );
      const byStatus = records(row, 'by_status').map((item) => ({
        status: readStatus(item),
        currency: text(item, 'currency'),
        count: number(item, 'count'),
        amount: text(item, 'amount'),
      }));
      return {
        total: byStatus.reduce((sum, { count }) => sum + count, 0),
        byStatus,
        submittedByWeek: records(row, 'by_week').map((item) => ({
          week: text(item, 'week'),
          count: number(item, 'count'),
        })),
        rows: records(row, 'rows').map(readProposalRow),
      };
    },
    async week(userId, range, limit) {
      const row = rowOf(
        await api.call('week_figures', { p_user_id: userId, ...days(range), p_limit: limit }),
      );
      const opportunities = (column: string) =>
        records(row, column).map((item) => ({ ...readReportRow(item), saved: truth(item, 'saved') }));
      return {
        newOpportunities: number(row, 'new_opportunities'),
        closing: number(row, 'closing'),
        closingSaved: number(row, 'closing_saved'),
        openProposals: number(row, 'open_proposals'),
        submittedProposals: number(row, 'submitted_proposals'),
        newByAgency: records(row, 'by_agency').map((item) => ({
          agency: text(item, 'agency'),
          count: number(item, 'count'),
        })),
        postedByWeek: records(row, 'by_week').map((item) => ({
          week: text(item, 'week'),
          count: number(item, 'count'),
        })),
        newRows: opportunities('new_rows'),
        closingRows: opportunities('closing_rows'),
        proposalRows: records(row, 'proposal_rows').map(readProposalRow),
      };
    },
    async weeklySubscribers({ after, limit, keyPrefix }) {
      const rows = await api.callRows('weekly_subscriber_page', {
        p_after: after,
        p_limit: limited(limit),
        p_key_prefix: keyPrefix,
      });
      return rows.map((row) => ({
        userId: text(row, 'id'),
        email: text(row, 'email'),
        made: truth(row, 'made'),
      }));
    },
  };
}

function days({ start, end }: DateRange) {
  return { p_start: start, p_end: end };
}
