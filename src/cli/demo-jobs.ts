import { z } from 'zod';
import type { Config } from '../../config/index.ts';
import type { Client } from '../client/index.ts';
import { openStorage } from '../composition/drivers.ts';
import { makeCerRequest } from '../sample/cer-request.ts';
import type { Sample } from '../sample/index.ts';
import { sampleSolicitation } from '../sample/solicitation.ts';
import { addConversion } from './demo-conversion.ts';
import { addFanOuts, fannedOut, reportMails, seedPeople } from './demo-people.ts';
import { recordOf } from './demo-products.ts';
import type { JobStatus, WatchedJob } from './job-lines.ts';

/** What the acts of the demo work with. */
export interface Demo {
  readonly config: Config;
  readonly client: Client;
  readonly sample: Sample;
  /** The jobs that have ended so far. */
  readonly ended: readonly { readonly job: DemoJob; readonly end: JobStatus }[];
}

export interface DemoJob extends WatchedJob {
  /** Names what the job has left, where its queue alone does not tell. */
  product?(end: JobStatus): Promise<string>;
}

/** Jobs that are shown together. A new kind of job is an act, or a line in one. */
export interface Act {
  readonly title: string;
  /** Adds its jobs; they are shown until all have ended, and then the next act begins. */
  add(demo: Demo): Promise<readonly DemoJob[]>;
}

export const acts: readonly Act[] = [
  { title: 'Jobs for every queue', add: addFirstJobs },
  { title: 'Aggregates, reports and exports of what was synced', add: addReports },
  { title: 'A report by mail', add: addDocumentMail },
  { title: 'A solicitation as an attachment', add: addSolicitation },
  { title: 'What the solicitation requires', add: addMatrices },
  { title: 'A clinical evaluation report', add: addCerReport },
  { title: 'An invoice as XML', add: addConversion },
];

/** These write to all users of the database, so they run only where mails go to the outbox. */
export const actsForAllUsers: readonly Act[] = [
  {
    title: 'Fifty users: mails and reports for all of them',
    async add(demo) {
      await seedPeople(demo.config, demo.sample);
      return addFanOuts(demo);
    },
  },
  { title: 'What these have added', add: fannedOut },
  { title: 'The mails that carry the weekly reports', add: reportMails },
];

const solicitationId = 'demo-solicitation';
const createdReport = z.object({ report: z.object({ jobId: z.string() }) });
const createdStory = z.object({ story: z.object({ id: z.string(), jobId: z.string() }) });

/** Mails, a sync and stories: each queue but `document`, whose reports need what the sync brings. */
async function addFirstJobs({ client, sample }: Demo): Promise<DemoJob[]> {
  const jobs: DemoJob[] = [];
  const add = async (label: string, queue: string, name: string, payload: unknown) => {
    const { id } = await client.addUntyped(queue, name, payload);
    jobs.push({ label, queue, id });
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
      (
        await client.request({
          method: 'POST',
          path: '/stories',
          body: { title, content, sectorTag, impactTags },
        })
      ).data,
    );
    jobs.push({ label: `Story "${shorten(title, 24)}"`, queue: 'story-enhancement', id: made.story.jobId });
  }
  return jobs;
}

type Add = (label: string, queue: string, name: string, payload: unknown) => Promise<void>;

/** The further mails. */
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
}

/** A mail that carries the first of the reports. */
async function addDocumentMail({ client, ended }: Demo): Promise<DemoJob[]> {
  const [documentId] = ended.flatMap(({ end }) => {
    const { documentId: id } = recordOf(end.result);
    return typeof id === 'string' ? [id] : [];
  });
  if (documentId === undefined) return [];
  const data = {
    userId: 'user-001',
    email: 'reader@mail.example',
    documentId,
    title: 'Analytics',
    attach: true,
  };
  const { id } = await client.addJob('email', 'send-document', { type: 'document-ready', data });
  return [{ label: 'Mail with the PDF', queue: 'email', id }];
}

/**
 * What the schedule does by itself: aggregates of what was synced, and what would be cleaned up. Then a report in each
 * format over a year, one of a user's week, and an export in each format.
 */
async function addReports({ client }: Demo): Promise<DemoJob[]> {
  const end = new Date();
  const start = new Date(end.getTime() - 364 * 24 * 3_600_000);
  const dateRange = { start: start.toISOString().slice(0, 10), end: end.toISOString().slice(0, 10) };
  const reports = [
    ['Analytics as PDF', 'analytics', 'pdf'],
    ['Opportunities as workbook', 'opportunities', 'xlsx'],
    ['Opportunities as CSV', 'opportunities', 'csv'],
  ] as const;
  const add = async (label: string, queue: string, name: string, data: object): Promise<DemoJob> => ({
    label,
    queue,
    id: (await client.addUntyped(queue, name, { type: name, data })).id,
  });
  const document = (label: string, name: string, data: object) =>
    add(label, 'document', name, { userId: 'user-001', ...data });
  return Promise.all([
    ...reports.map(([label, reportType, format]) =>
      document(label, 'generate-report', { reportType, format, dateRange }),
    ),
    document('Weekly report as PDF', 'generate-report', { reportType: 'weekly', format: 'pdf' }),
    ...(['csv', 'xlsx', 'ndjson'] as const).map((format) =>
      document(`Export as ${format}`, 'export-data', { dataset: 'opportunities', format }),
    ),
    add('Aggregates for reports', 'sync', 'refresh-analytics', {}),
    add('What a cleanup would remove', 'sync', 'cleanup-data', { dryRun: true }),
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
async function addSolicitation({ client, config }: Demo): Promise<DemoJob[]> {
  const { storage } = await openStorage(config);
  const { key } = await storage.put('samples/solicitation.txt', Buffer.from(sampleSolicitation));
  const data = { attachmentId: solicitationId, source: { key } };
  const { id } = await client.addJob('document', 'process-attachment', { type: 'process-attachment', data });
  return [{ label: 'Solicitation as attachment', queue: 'document', id }];
}

/** 60 publications and 400 adverse events of a pump that does not exist; two sections are left empty. */
async function addCerReport({ client }: Demo): Promise<DemoJob[]> {
  const body = makeCerRequest({ asOf: new Date() });
  const made = createdReport.parse(
    (await client.request({ method: 'POST', path: '/cer/reports', body })).data,
  );
  return [{ label: 'Clinical evaluation report', queue: 'document', id: made.report.jobId }];
}

async function addMatrices({ client }: Demo): Promise<DemoJob[]> {
  const formats = [
    ['Compliance matrix as workbook', 'xlsx'],
    ['Compliance matrix as PDF', 'pdf'],
  ] as const;
  return Promise.all(
    formats.map(async ([label, format]) => {
      const { id } = await client.addJob('document', 'generate-compliance-matrix', {
        type: 'compliance-matrix',
        data: {
          userId: 'user-001',
          opportunityId: '36C24127R0042',
          attachmentIds: [solicitationId],
          format,
        },
      });
      return { label, queue: 'document', id };
    }),
  );
}
