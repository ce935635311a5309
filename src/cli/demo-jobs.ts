import { z } from 'zod';
import type { Sample } from '../sample/index.ts';
import type { ApiClient } from './api-client.ts';
import type { WatchedJob } from './job-lines.ts';

export type DemoJob = WatchedJob;

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

/** A report in each format, over a year. */
export async function addReports(api: ApiClient): Promise<DemoJob[]> {
  const end = new Date();
  const start = new Date(end.getTime() - 364 * 24 * 3_600_000);
  const dateRange = { start: start.toISOString().slice(0, 10), end: end.toISOString().slice(0, 10) };
  const reports = [
    ['Analytics as PDF', 'analytics', 'pdf'],
    ['Opportunities as workbook', 'opportunities', 'xlsx'],
    ['Opportunities as CSV', 'opportunities', 'csv'],
  ] as const;
  return Promise.all(
    reports.map(async ([label, reportType, format]) => ({
      label,
      queue: 'document',
      id: await api.addJob('document', 'generate-report', {
        type: 'generate-report',
        data: { userId: 'user-001', reportType, format, dateRange },
      }),
    })),
  );
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
