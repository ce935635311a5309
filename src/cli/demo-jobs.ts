import { z } from 'zod';
import type { Sample } from '../sample/index.ts';
import type { ApiClient } from './api-client.ts';
import type { WatchedJob } from './job-lines.ts';

export type DemoJob = WatchedJob;

const solicitationId = 'demo-solicitation';
const createdStory = z.object({ story: z.object({ id: z.string(), jobId: z.string() }) });

/** Mails, a sync and stories: each queue but `document`, whose reports need what the sync brings. */
export async function addDemoJobs(api: ApiClient, sample: Sample): Promise<DemoJob[]> {
  const jobs: DemoJob[] = [];
  const add = async (label: string, queue: string, name: string, payload: unknown) => {
    jobs.push({ label, queue, id: await api.addJob(queue, name, payload) });
  };
  await add('Opportunities from SAM.gov', 'sync', 'sam-gov-sync', {
    type: 'sam-gov-opportunities',
    data: { fullSync: true },
  });
  await add('Entities from SAM.gov', 'sync', 'sam-gov-sync', {
    type: 'sam-gov-entities',
    data: { fullSync: true },
  });
  const [newcomer, reader] = sample.users;
  if (newcomer !== undefined) {
    const { id, email, name, company } = newcomer;
    await add(`Welcome to ${name}`, 'email', 'send-welcome', {
      type: 'welcome',
      data: { userId: id, email, name, ...(company === undefined ? {} : { company }) },
    });
  }
  if (reader !== undefined) {
    await add(`Reminder to ${reader.name}`, 'email', 'send-reminder', {
      type: 'opportunity-reminder',
      data: { userId: reader.id, email: reader.email, opportunities: closingSoonest(sample, 5) },
    });
    await addMails(add, reader, sample);
  }
  for (const story of sample.stories.slice(0, 2)) {
    const { title, content, sectorTag, impactTags } = story;
    const made = createdStory.parse(
      await api.call('POST', '/api/stories', { title, content, sectorTag, impactTags }),
    );
    jobs.push({ label: `Story "${shorten(title, 24)}"`, queue: 'story-enhancement', id: made.story.jobId });
  }
  return jobs;
}

type Add = (label: string, queue: string, name: string, payload: unknown) => Promise<void>;

/** The further mails, and the fan-outs, which find the users of this platform's database. */
async function addMails(
  add: Add,
  { id, email }: { id: string; email: string },
  sample: Sample,
): Promise<void> {
  const recipient = { userId: id, email };
  await add('News of a proposal', 'email', 'send-proposal-notification', {
    type: 'proposal-notification',
    data: {
      ...recipient,
      proposal: { id: 'proposal-001', title: 'Infusion pumps, lot 2', status: 'submitted' },
      event: 'submitted',
    },
  });
  const opportunities = closingSoonest(sample, 3);
  await add('Weekly summary', 'email', 'send-weekly-summary', {
    type: 'weekly-summary',
    data: {
      ...recipient,
      weekStart: new Date(Date.now() - 7 * 24 * 3_600_000).toISOString().slice(0, 10),
      totals: { newOpportunities: 128, closingSoon: opportunities.length, proposalsSubmitted: 1 },
      topOpportunities: opportunities,
      deadlines: opportunities.map(({ title, deadline }) => ({ title, deadline })),
    },
  });
  await add('Reminders to all users', 'email', 'dispatch-reminders', {
    type: 'dispatch-reminders',
    data: {},
  });
  await add('Summaries to all users', 'email', 'dispatch-weekly-summaries', {
    type: 'dispatch-weekly-summaries',
    data: {},
  });
}

/** A mail that carries one of the reports. */
export async function addDocumentMail(api: ApiClient, documentId: string): Promise<DemoJob> {
  const payload = {
    type: 'document-ready',
    data: { userId: 'user-001', email: 'reader@mail.example', documentId, title: 'Analytics', attach: true },
  };
  return {
    label: 'Mail with the PDF',
    queue: 'email',
    id: await api.addJob('email', 'send-document', payload),
  };
}

/** What the schedule does by itself: aggregates of what was synced, and what would be cleaned up. */
export async function addUpkeep(api: ApiClient): Promise<DemoJob[]> {
  const jobs = [
    ['Aggregates for reports', 'refresh-analytics', {}],
    ['What a cleanup would remove', 'cleanup-data', { dryRun: true }],
  ] as const;
  return Promise.all(
    jobs.map(async ([label, name, data]) => ({
      label,
      queue: 'sync',
      id: await api.addJob('sync', name, { type: name, data }),
    })),
  );
}

/** A report in each format over a year, one of a user's week, and an export in each format. */
export async function addReports(api: ApiClient): Promise<DemoJob[]> {
  const end = new Date();
  const start = new Date(end.getTime() - 364 * 24 * 3_600_000);
  const dateRange = { start: start.toISOString().slice(0, 10), end: end.toISOString().slice(0, 10) };
  const reports = [
    ['Analytics as PDF', 'analytics', 'pdf'],
    ['Opportunities as workbook', 'opportunities', 'xlsx'],
    ['Opportunities as CSV', 'opportunities', 'csv'],
  ] as const;
  const add = async (label: string, name: string, data: object): Promise<DemoJob> => ({
    label,
    queue: 'document',
    id: await api.addJob('document', name, { type: name, data: { userId: 'user-001', ...data } }),
  });
  return Promise.all([
    ...reports.map(([label, reportType, format]) =>
      add(label, 'generate-report', { reportType, format, dateRange }),
    ),
    add('Weekly report as PDF', 'generate-report', { reportType: 'weekly', format: 'pdf' }),
    ...(['csv', 'xlsx', 'ndjson'] as const).map((format) =>
      add(`Export as ${format}`, 'export-data', { dataset: 'opportunities', format }),
    ),
  ]);
}

function closingSoonest(sample: Sample, count: number) {
  const now = new Date().toISOString();
  return sample.opportunities
    .flatMap(({ noticeId, title, fullParentPathName, responseDeadLine, uiLink }) => {
      if (typeof responseDeadLine !== 'string' || typeof uiLink !== 'string') return [];
      const deadline = new Date(responseDeadLine).toISOString();
      const agency =
        typeof fullParentPathName === 'string'
          ? (fullParentPathName.split('.')[0] ?? '')
          : 'Agency not named';
      return deadline > now ? [{ noticeId, title, agency, deadline, url: uiLink }] : [];
    })
    .sort((a, b) => (a.deadline < b.deadline ? -1 : 1))
    .slice(0, count);
}

function shorten(text: string, length: number): string {
  return text.length <= length ? text : `${text.slice(0, length - 1)}…`;
}

/** A solicitation as an attachment that is in storage already; its text is what the matrices are made from. */
export async function addSolicitation(api: ApiClient, key: string): Promise<DemoJob> {
  return {
    label: 'Solicitation as attachment',
    queue: 'document',
    id: await api.addJob('document', 'process-attachment', {
      type: 'process-attachment',
      data: { attachmentId: solicitationId, source: { key } },
    }),
  };
}

export async function addMatrices(api: ApiClient): Promise<DemoJob[]> {
  const formats = [
    ['Compliance matrix as workbook', 'xlsx'],
    ['Compliance matrix as PDF', 'pdf'],
  ] as const;
  return Promise.all(
    formats.map(async ([label, format]) => ({
      label,
      queue: 'document',
      id: await api.addJob('document', 'generate-compliance-matrix', {
        type: 'compliance-matrix',
        data: {
          userId: 'user-001',
          opportunityId: '36C24127R0042',
          attachmentIds: [solicitationId],
          format,
        },
      }),
    })),
  );
}
