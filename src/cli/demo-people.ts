import { readdir } from 'node:fs/promises';
import type { Config } from '../../config/index.ts';
import { weeklyReportId, weeklyReportKey } from '../../processors/document/dispatch-weekly-reports.ts';
import { documentIdOf, reportRange } from '../../processors/document/report/plan.ts';
import { reminderKey } from '../../processors/email/dispatch-reminders.ts';
import { summaryKey } from '../../processors/email/dispatch-weekly-summaries.ts';
import { lastMonday } from '../../processors/weeks.ts';
import { openTables } from '../composition/tables.ts';
import { silentLogger } from '../observability/logger.ts';
import { jobIdOf } from '../queue/idempotency.ts';
import type { Sample } from '../sample/index.ts';
import type { Demo, DemoJob } from './demo-jobs.ts';
import { outboxOf, placeOf, recordOf } from './demo-products.ts';

/** So many of the sample's users get the weekly report. */
const subscribers = 3;

/** Puts the sample's people where the fan-outs look for them: their proposals, what they saved, what they want. */
export async function seedPeople(config: Config, { users, proposals, saved }: Sample): Promise<void> {
  const closers: (() => Promise<unknown>)[] = [];
  try {
    const { database } = await openTables(config, silentLogger(), closers);
    await database.users.upsert(users);
    await database.proposals.upsert(proposals);
    await database.users.saveOpportunities(saved);
    await database.users.subscribeToReports(
      users.slice(0, subscribers).map(({ id }) => id),
      true,
    );
  } finally {
    for (const close of closers.reverse()) await close();
  }
}

/** One of each job that finds its people by itself. */
export async function addFanOuts({ client }: Demo): Promise<DemoJob[]> {
  const fanOuts = [
    ['Reminders to all users', 'email', 'dispatch-reminders'],
    ['Summaries to all users', 'email', 'dispatch-weekly-summaries'],
    ['Weekly reports to subscribers', 'document', 'dispatch-weekly-reports'],
  ] as const;
  return Promise.all(
    fanOuts.map(async ([label, queue, name]) => ({
      label,
      queue,
      id: (await client.addUntyped(queue, name, { type: name, data: {} })).id,
    })),
  );
}

/** What the fan-outs have added: their jobs' ids follow from the user and the day. */
export async function fannedOut({ config, sample }: Demo): Promise<DemoJob[]> {
  const now = new Date();
  const today = now.toISOString().slice(0, 10);
  const { start } = reportRange(undefined, now, 'weekly');
  const ids = (queue: string, name: string, keyOf: (userId: string) => string) =>
    sample.users.map(({ id }) => jobIdOf(queue, name, keyOf(id)));
  const outbox = (begin: string) => async () =>
    `${await mailsIn(config, begin)} mails in ${outboxOf(config)}`;
  return [
    {
      label: 'The reminders',
      queue: 'email',
      id: ids('email', 'send-reminder', (user) => reminderKey(today, user)),
      product: outbox('email-reminder-'),
    },
    {
      label: 'The summaries',
      queue: 'email',
      id: ids('email', 'send-weekly-summary', (user) => summaryKey(lastMonday(now), user)),
      product: outbox('email-summary-'),
    },
    ...sample.users.slice(0, subscribers).map(({ id, name }) => ({
      label: `Weekly report for ${name}`,
      queue: 'document',
      id: [jobIdOf('document', 'generate-report', weeklyReportId(start, id))],
      product: async () => placeOf(config, `reports/${documentIdOf(weeklyReportKey(start, id))}.pdf`),
    })),
  ];
}

/** The mails that carry the weekly reports, which are added when these are kept. */
export async function reportMails({ config, sample }: Demo): Promise<DemoJob[]> {
  const { start } = reportRange(undefined, new Date(), 'weekly');
  const ids = sample.users
    .slice(0, subscribers)
    .map(({ id, email }) =>
      jobIdOf('email', 'send-document', `report/${documentIdOf(weeklyReportKey(start, id))}/${email}`),
    );
  return [
    {
      label: 'The mails with weekly reports',
      queue: 'email',
      id: ids,
      product: async ({ result }) => `${recordOf(result).done} mails in ${outboxOf(config)}`,
    },
  ];
}

async function mailsIn(config: Config, begin: string): Promise<number> {
  const files = await readdir(outboxOf(config));
  return files.filter((file) => file.startsWith(begin)).length;
}
