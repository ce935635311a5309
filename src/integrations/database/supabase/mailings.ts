import type { MailingPage, Mailings } from '../port.ts';
import { readAwarded, readOpportunity, readUser } from '../postgres/mailings.ts';
import { number, records, text } from '../postgres/rows.ts';
import { type Api, limited } from './api.ts';

/** The pages of the fan-outs. */
export function createMailings(api: Api): Mailings {
  return {
    audience: (kind) =>
      api.counted(
        api.tables
          .from('users')
          .select('id', { count: 'exact', head: true })
          .eq(kind === 'reminders' ? 'wants_reminders' : 'wants_summaries', true),
      ),
    async reminders(page) {
      const rows = await api.callRows('reminder_page', wanted(page));
      return rows.map((row) => ({
        ...readUser(row),
        opportunities: records(row, 'opportunities').map(readOpportunity),
      }));
    },
    async summaries(page, weekStart) {
      const rows = await api.callRows('summary_page', { ...wanted(page), p_week_start: weekStart });
      return rows.map((row) => ({
        ...readUser(row),
        deadlines: records(row, 'deadlines').map((item) => ({
          title: text(item, 'title'),
          deadline: text(item, 'deadline'),
        })),
        proposalsSubmitted: number(row, 'proposals_submitted'),
        awarded: readAwarded(row),
      }));
    },
    async summaryFigures({ weekStart, from, until, most }) {
      const [row] = await api.callRows('summary_figures', {
        p_week_start: weekStart,
        p_from: from,
        p_until: until,
        p_most: most,
      });
      if (row === undefined) throw new Error('summary_figures answered no row: its migration is damaged.');
      return {
        newOpportunities: number(row, 'new_opportunities'),
        closingSoon: number(row, 'closing_soon'),
        top: records(row, 'top').map(readOpportunity),
      };
    },
  };
}

function wanted({ after, limit, from, until, most, keyPrefix }: MailingPage) {
  return {
    p_after: after,
    p_limit: limited(limit),
    p_from: from,
    p_until: until,
    p_most: most,
    p_key_prefix: keyPrefix,
  };
}
