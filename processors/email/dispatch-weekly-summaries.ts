import { defineProcessor } from '../define.ts';
import { wholeWeek } from '../weeks.ts';
import { fanOut, listed, listedDeadlines, pageSize } from './fan-out.ts';

const dayMs = 24 * 3_600_000;
/** What counts as closing soon, and how far ahead a user's own deadlines are listed. */
const soonDays = 7;
const aheadDays = 14;
const mostDeadlines = 40;
const mostTop = 5;

/** Names a user's summary of a week for good. */
export function summaryKey(weekStart: string, userId: string): string {
  return `email.summary.${weekStart}.${userId}`;
}

/** One weekly summary for each user who wants them. */
export const dispatchWeeklySummaries = defineProcessor(
  'email',
  'dispatch-weekly-summaries',
  ['database'],
  async (context) => {
    const { mailings } = context.services.database;
    const from = context.job.addedAt ?? new Date();
    const weekStart = wholeWeek(context.data.weekStart, from);
    const ahead = (days: number) => new Date(from.getTime() + days * dayMs);
    const figures = await mailings.summaryFigures({ weekStart, from, until: ahead(soonDays), most: mostTop });
    const topOpportunities = listed(figures.top);
    const { newOpportunities, closingSoon } = figures;
    const keyPrefix = summaryKey(weekStart, '');
    const page = { limit: pageSize, from, until: ahead(aheadDays), most: mostDeadlines, keyPrefix };
    return fanOut(context, {
      audience: await mailings.audience('summaries'),
      next: (after) => mailings.summaries({ ...page, after }, weekStart),
      jobFor({ userId, email, deadlines, proposalsSubmitted, awarded }) {
        const key = summaryKey(weekStart, userId);
        const totals = {
          newOpportunities,
          closingSoon,
          proposalsSubmitted,
          ...(awarded === undefined ? {} : { awarded }),
        };
        const data = {
          userId,
          email,
          weekStart,
          totals,
          topOpportunities,
          deadlines: listedDeadlines(deadlines),
        };
        return {
          name: 'send-weekly-summary',
          payload: { type: 'weekly-summary', data },
          options: { idempotencyKey: key, key },
        };
      },
    });
  },
);
