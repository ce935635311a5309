import { expect, test } from 'vitest';
import { UnrecoverableError } from '../../../src/errors/catalogue.ts';
import { until } from '../../support/platform.ts';
import { type OpenWorld, sent, usePlatform, welcome } from './open.ts';

/** What becomes of jobs that run: their results, their progress, their worker's stop. */
export function runningSuite(openWorld: OpenWorld): void {
  const used = usePlatform(openWorld);
  const { open } = used;

  test('runs a job with its payload, key and correlation id, and keeps its checked result', async () => {
    const seen: unknown[] = [];
    const { queues, logged, next } = await open({
      processors: {
        email: {
          'send-welcome': async ({ data, job, log }) => {
            log.info({ step: 1 }, 'greeting');
            seen.push({
              data,
              correlationId: job.correlationId,
              attempt: job.attempt,
              keyed: job.key.length > 10,
            });
            return sent;
          },
        },
      },
    });
    const completed = next('job.completed');
    const handle = await queues.addJob('email', 'send-welcome', welcome, { correlationId: 'request-7' });
    expect(await completed).toMatchObject({
      queue: 'email',
      job: 'send-welcome',
      jobId: handle.id,
      correlationId: 'request-7',
    });
    expect(seen).toEqual([{ data: welcome.data, correlationId: 'request-7', attempt: 1, keyed: true }]);
    expect(logged[0]).toMatchObject({
      bindings: {
        queue: 'email',
        job: 'send-welcome',
        jobId: handle.id,
        attempt: 1,
        correlationId: 'request-7',
      },
      message: 'greeting',
    });
    await until(
      'the job is completed',
      async () => (await queues.job('email', handle.id))?.state === 'completed',
    );
    const view = await queues.job('email', handle.id);
    expect(view).toMatchObject({
      result: sent,
      progress: { percent: 100 },
      payload: welcome,
      correlationId: 'request-7',
    });
  });

  test('never shows a job as completed without its result', async () => {
    const { queues } = await open({
      processors: { email: { 'send-welcome': async () => sent } },
      concurrency: 8,
    });
    const added = await queues.addJobs(
      'email',
      Array.from({ length: 60 }, () => ({ name: 'send-welcome' as const, payload: welcome })),
    );
    await Promise.all(
      added.map(({ id }) =>
        until(`job ${id} is completed`, async () => {
          const view = await queues.job('email', id);
          if (view?.state === 'completed') expect(view.result).toEqual(sent);
          return view?.state === 'completed';
        }),
      ),
    );
  });

  test('hands a job back when it does not end before the deadline of a stop', async () => {
    const reasons: unknown[] = [];
    const { queues, next } = await open({
      processors: {
        email: {
          'send-welcome': ({ signal }) =>
            new Promise((_resolve, reject) => {
              signal.addEventListener('abort', () => {
                reasons.push(signal.reason);
                reject(signal.reason);
              });
            }),
        },
      },
      shutdownTimeoutMs: 50,
    });
    const started = next('job.started');
    const handle = await queues.addJob('email', 'send-welcome', welcome);
    await started;
    const waiting = next('job.waiting');
    await used.platform.stopWorkers();
    expect((await waiting).failure.code).toBe('JOB_ABORTED');
    expect(reasons).toMatchObject([{ code: 'JOB_ABORTED' }]);
    const view = await queues.job('email', handle.id);
    expect(view).toMatchObject({ state: 'waiting', attempts: { made: 0 } });
    // Another worker takes it up and ends it.
    const completed = next('job.completed');
    await used.platform.openWorkers({ email: { 'send-welcome': async () => sent } }).start();
    expect(await completed).toMatchObject({ jobId: handle.id, attempt: 1 });
  });

  test('lets running jobs finish when it stops, and takes no further ones', async () => {
    const gate = Promise.withResolvers<void>();
    const { queues, next } = await open({
      processors: {
        email: {
          'send-welcome': async () => {
            await gate.promise;
            return sent;
          },
        },
      },
      concurrency: 1,
    });
    const started = next('job.started');
    const first = await queues.addJob('email', 'send-welcome', welcome);
    await started;
    const second = await queues.addJob('email', 'send-welcome', welcome);
    const stopped = used.platform.stopWorkers();
    gate.resolve();
    await stopped;
    expect((await queues.job('email', first.id))?.state).toBe('completed');
    expect((await queues.job('email', second.id))?.state).toBe('waiting');
  });

  test('shows progress while a job runs', async () => {
    const gate = Promise.withResolvers<void>();
    const { queues } = await open({
      processors: {
        document: {
          'generate-report': async ({ progress }) => {
            progress(40, 'rows');
            await gate.promise;
            throw new UnrecoverableError('enough');
          },
        },
      },
    });
    const handle = await queues.addJob('document', 'generate-report', {
      type: 'generate-report',
      data: { userId: 'user-1', reportType: 'analytics', format: 'pdf' },
    });
    await until(
      'progress shows',
      async () => (await queues.job('document', handle.id))?.progress.percent === 40,
    );
    expect((await queues.job('document', handle.id))?.progress).toEqual({ percent: 40, message: 'rows' });
    gate.resolve();
  });
}
