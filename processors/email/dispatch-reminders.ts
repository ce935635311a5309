import { defineProcessor } from '../define.ts';
import { fanOut, listed, pageSize } from './fan-out.ts';

const dayMs = 24 * 3_600_000;
/** The longest list for one user: with titles at their longest it stays below what a payload may have. */
const mostOpportunities = 40;

/** Names a user's reminder of a day for good. */
export function reminderKey(date: string, userId: string): string {
  return `email.reminder.${date}.${userId}`;
}

/** One reminder for each user who wants them and saved something that closes soon. */
export const dispatchReminders = defineProcessor(
  'email',
  'dispatch-reminders',
  ['database'],
  async (context) => {
    const { mailings } = context.services.database;
    const { withinDays } = context.data;
    const added = context.job.addedAt ?? new Date();
    const today = added.toISOString().slice(0, 10);
    const date = context.data.date ?? today;
    // By the time that the job was added, so that an attempt after midnight goes on with the same day.
    const from = date === today ? added : new Date(`${date}T00:00:00Z`);
    const until = new Date(from.getTime() + withinDays * dayMs);
    const keyPrefix = reminderKey(date, '');
    return fanOut(context, {
      audience: await mailings.audience('reminders'),
      next: (after) =>
        mailings.reminders({ after, limit: pageSize, from, until, most: mostOpportunities, keyPrefix }),
      jobFor({ userId, email, opportunities }) {
        const closing = listed(opportunities);
        if (closing.length === 0) return undefined;
        const key = reminderKey(date, userId);
        return {
          name: 'send-reminder',
          payload: { type: 'opportunity-reminder', data: { userId, email, opportunities: closing } },
          options: { idempotencyKey: key, key },
        };
      },
    });
  },
);
