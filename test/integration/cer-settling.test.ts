import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { sendCerWebhook } from '../../processors/email/send-cer-webhook.ts';
import { openBackend } from '../../src/backend/index.ts';
import { UnrecoverableError } from '../../src/errors/catalogue.ts';
import { createMailLinks } from '../../src/http/mail-links.ts';
import type { CerReport, NewCerReport } from '../../src/integrations/database/port.ts';
import {
  failReport,
  type SettleOptions,
  settleCerReports,
  tellOfCompletion,
} from '../../src/maintenance/settle-cer-reports.ts';
import { JobControl } from '../../src/queue/job-control.ts';
import { addCerReport, cerSample } from '../support/cer-job.ts';
import { openPlatform, type Platform, type TestProcessor, until } from '../support/platform.ts';
import { jwtSecret } from '../support/site.ts';
import { createWorld, type World } from '../support/world.ts';

/** What happened while nobody was there to see it, found by the duty on a real queue. */
describe('reports and their jobs', () => {
  let world: World;
  let platform: Platform;
  let options: SettleOptions;
  let render: TestProcessor;
  beforeAll(async () => {
    world = await createWorld();
    const backend = await openBackend({
      kind: 'postgres',
      redisUrl: undefined,
      databaseUrl: world.databaseUrl,
      workers: 8,
    });
    platform = await openPlatform({ backend });
    const { queues, events } = platform;
    const jobs = new JobControl({ queues, cancellations: world.database.jobCancellations, events });
    options = { reports: world.database.cerReports, queues, jobs };
  });
  afterAll(async () => {
    await platform.close();
    await world.close();
  });
  beforeEach(async () => {
    render = () => Promise.reject(new UnrecoverableError('nobody renders here', { code: 'RENDER_FAILED' }));
    await world.pool.query('delete from cer_reports');
  });

  const add = (change: Partial<NewCerReport> = {}) =>
    addCerReport(world, cerSample({ literature: 1, adverseEvents: 1 }), {
      notifyEmail: 'ada@example.org',
      notifyUrl: 'https://receiver.example/hook',
      ...change,
    });
  const enqueue = ({ id, jobId }: CerReport) =>
    platform.queues.addJob(
      'document',
      'render-cer',
      { type: 'clinical-evaluation-report', data: { reportId: id } },
      { jobId, attempts: 1 },
    );
  const look = ({ id }: CerReport) => world.database.cerReports.find(id);
  /** The context of a notice to a server that takes everything. */
  const webhookOf = (reportId: string, onSent: (id: string) => void) => {
    const payload = { type: 'cer-webhook', data: { reportId, outcome: 'failed' } } as const;
    const ignore = () => undefined;
    const refuse = () => Promise.reject(new Error('A notice adds no further jobs.'));
    return {
      ...payload,
      payload,
      job: {
        ...{ id: 'n-1', queue: 'email', name: 'send-cer-webhook', attempt: 1, maxAttempts: 3, key: 'n-1' },
        correlationId: 'c-1',
      },
      log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
      signal: new AbortController().signal,
      progress: ignore,
      addJob: refuse,
      addJobs: refuse,
      services: {
        database: world.database,
        links: createMailLinks(jwtSecret, 'http://millrace.example'),
        webhooks: {
          async send({ id }: { readonly id: string }) {
            onSent(id);
            return { httpStatus: 204 };
          },
        },
      },
    };
  };
  /** As if a minute had passed since they were looked at. */
  const settle = async () => {
    await world.pool.query(`update cer_reports set checked_at = now() - interval '61 seconds'`);
    return settleCerReports(options);
  };
  /** Lets a worker run the job until it has failed; otherwise nobody works here. */
  const runUntilFailed = async ({ jobId }: CerReport, whileRunning?: () => Promise<void>) => {
    const workers = platform.openWorkers({ document: { 'render-cer': (context) => render(context) } });
    await workers.start();
    await whileRunning?.();
    await until(
      'the job has failed',
      async () => (await options.jobs.find('document', jobId))?.state === 'failed',
    );
    await workers.stop();
  };
  const notices = async ({ id }: CerReport) => {
    const waiting = await platform.queues.queue('email').getJobs(['waiting']);
    return waiting
      .filter(({ data }) => data.data.reportId === id)
      .map(({ name, data }) => `${name} ${data.data.outcome}`)
      .sort();
  };

  it('a report that never got its job gets it, once', async () => {
    const report = await add();
    expect(await settleCerReports(options)).toBe(0);
    expect(await settle()).toBe(1);
    expect(await platform.queues.job('document', report.jobId)).toMatchObject({
      state: 'waiting',
      payload: { data: { reportId: report.id } },
      correlationId: 'c-1',
    });
    expect(await settle()).toBe(0);
    await platform.queues.queue('document').remove(report.jobId);
  });

  it('a report whose job was lost with the store’s memory in the middle gets another', async () => {
    const report = await add();
    await world.database.cerReports.begin(report.id, '17');
    expect(await settle()).toBe(1);
    const now = await look(report);
    expect(now?.jobId).toMatch(/^render-cer-.+-[0-9a-f]{8}$/);
    expect(await platform.queues.job('document', now?.jobId ?? '')).toMatchObject({ state: 'waiting' });
    expect(await settle()).toBe(0);
    await platform.queues.queue('document').remove(now?.jobId ?? '');
  });

  it('a report whose job failed for good fails with its code, and those who wait are told once', async () => {
    const report = await add();
    await enqueue(report);
    await runUntilFailed(report);
    expect(await look(report)).toMatchObject({ status: 'queued' });
    expect(await settle()).toBe(1);
    expect(await look(report)).toMatchObject({
      status: 'failed',
      error: { code: 'RENDER_FAILED', message: 'nobody renders here' },
    });
    expect(await notices(report)).toEqual(['send-cer-notification failed', 'send-cer-webhook failed']);
    expect(await settle()).toBe(0);
    await failReport(report.jobId, { code: 'UNKNOWN', message: 'again' }, options);
    expect(await notices(report)).toHaveLength(2);
    expect(await look(report)).toMatchObject({ error: { code: 'RENDER_FAILED' } });
  });

  it('the webhook of a report is the same notice at each attempt, and another once there is other news', async () => {
    const report = await add();
    const ids: string[] = [];
    const tell = async () => {
      await failReport(report.jobId, { code: 'RENDER_FAILED', message: 'nobody renders here' }, options);
      await sendCerWebhook.run(webhookOf(report.id, (id) => ids.push(id)));
    };
    await tell();
    await tell();
    expect(new Set(ids).size).toBe(1);
    await world.database.cerReports.begin(report.id, report.jobId);
    await tell();
    expect(ids).toHaveLength(3);
    expect(ids[2]).not.toBe(ids[0]);
  });

  it('a report whose job outlived its workers too often does not stay under way', async () => {
    const report = await add();
    await world.database.cerReports.begin(report.id, report.jobId);
    const stalled: SettleOptions['jobs'] = {
      find: async () => ({
        ...(await viewOf(report)),
        state: 'failed',
        failure: 'job stalled more than allowable limit',
      }),
    };
    await world.pool.query(`update cer_reports set checked_at = now() - interval '61 seconds'`);
    expect(await settleCerReports({ ...options, jobs: stalled })).toBe(1);
    expect(await look(report)).toMatchObject({ status: 'failed', error: { code: 'JOB_STALLED' } });
  });

  const viewOf = async (report: CerReport) => {
    await enqueue(report);
    const view = await platform.queues.job('document', report.jobId);
    await platform.queues.queue('document').remove(report.jobId);
    if (view === undefined) throw new Error('The job is not there.');
    return view;
  };

  it('a report whose job was cancelled before it ran fails as cancelled, and gets no other job', async () => {
    const report = await add();
    await enqueue(report);
    const control = new JobControl({
      queues: platform.queues,
      cancellations: world.database.jobCancellations,
      events: platform.events,
    });
    await control.cancel('document', report.jobId, 'somebody');
    expect(await settle()).toBe(1);
    expect(await look(report)).toMatchObject({
      status: 'failed',
      error: { code: 'JOB_CANCELLED', message: expect.stringContaining('somebody') },
    });
    expect(await settle()).toBe(0);
  });

  it('notices that a process died before adding are added, once whoever finds them', async () => {
    const report = await add({ notifyUrl: undefined });
    await world.database.cerReports.begin(report.id, report.jobId);
    await world.database.cerReports.complete(report.id, { documentId: 'd', renderer: 'pdfkit' });
    expect(await settle()).toBe(1);
    await tellOfCompletion(report.jobId, options);
    expect(await settle()).toBe(0);
    expect(await notices(report)).toEqual(['send-cer-notification completed']);
  });

  it('a report that failed, was replayed and failed again is told of twice', async () => {
    const report = await add({ notifyUrl: undefined });
    for (const job of [report.jobId, 'a-replay']) {
      await world.database.cerReports.begin(report.id, job);
      await failReport(job, { code: 'STORAGE_FAILED', message: 'full' }, options);
    }
    expect(await notices(report)).toEqual(['send-cer-notification failed', 'send-cer-notification failed']);
  });

  it('a job that waits or runs is left alone, however long it takes', async () => {
    const waiting = await add();
    await enqueue(waiting);
    expect(await settle()).toBe(0);
    const goOn = Promise.withResolvers<never>();
    const began = Promise.withResolvers<void>();
    render = () => {
      began.resolve();
      return goOn.promise;
    };
    await runUntilFailed(waiting, async () => {
      await began.promise;
      expect(await settle()).toBe(0);
      expect(await look(waiting)).toMatchObject({ status: 'queued', jobId: waiting.jobId });
      goOn.reject(new UnrecoverableError('over'));
    });
  });
});
