import { queues } from '../../queues/index.ts';
import type { WeeklySubscriber } from '../../src/integrations/database/port.ts';
import type { FollowUp } from '../../src/worker/context.ts';
import { defineProcessor } from '../define.ts';
import { wholeWeek } from '../weeks.ts';
import { weekFrom } from './report/plan.ts';

/** Users read, and jobs added, at once. */
const pageSize = 500;

/** Names a user's report of a week for good: its file, its row and its mail are found by it. */
export function weeklyReportKey(weekStart: string, userId: string): string {
  return `weekly-report-${weekStart}-${userId}`;
}

/** The idempotency key of its job. */
export function weeklyReportId(weekStart: string, userId: string): string {
  return `weekly-report/${userId}/${weekStart}`;
}

/**
 * One weekly report for each user who wants it, as PDF; each report has the mail that carries it added when it is kept.
 * Ids come from user and week, and who has a report of the week is left out: a second run, or one that goes on where
 * another died, adds none twice.
 */
export const dispatchWeeklyReports = defineProcessor(
  'document',
  'dispatch-weekly-reports',
  ['database'],
  async ({ job, data, log, signal, progress, addJobs, services: { database } }) => {
    const week = weekFrom(wholeWeek(data.weekStart, job.addedAt ?? new Date()));
    const keyPrefix = weeklyReportKey(week.start, '');
    let considered = 0;
    let added = 0;
    for (let after = ''; ; ) {
      signal.throwIfAborted();
      const users = await database.reports.weeklySubscribers({ after, limit: pageSize, keyPrefix });
      const last = users.at(-1);
      if (last === undefined) break;
      const jobs = users
        .filter(({ made }) => !made)
        .flatMap((user) => {
          const job = jobFor(user, week);
          if (queues.document.jobs['generate-report'].payload.safeParse(job.payload).success) return [job];
          log.warn({ userId: user.userId }, 'This user gets no report: the address or id is not valid.');
          return [];
        });
      if (jobs.length > 0) added += (await addJobs('document', jobs)).filter(({ created }) => created).length;
      considered += users.length;
      after = last.userId;
      progress(50, `${considered} users`);
    }
    progress(100, `${considered} users`);
    return { considered, added, skipped: considered - added };
  },
);

function jobFor(
  { userId, email }: WeeklySubscriber,
  dateRange: { readonly start: string; readonly end: string },
): FollowUp<'document'> {
  return {
    name: 'generate-report',
    payload: {
      type: 'generate-report',
      data: { userId, reportType: 'weekly', format: 'pdf', dateRange: { ...dateRange }, recipients: [email] },
    },
    options: {
      idempotencyKey: weeklyReportId(dateRange.start, userId),
      key: weeklyReportKey(dateRange.start, userId),
    },
  };
}
