import { expect, test } from 'vitest';
import { RateLimitedError, UnrecoverableError } from '../../../src/errors/catalogue.ts';
import { reconcileDeadLetters } from '../../../src/maintenance/reconcile-dead-letters.ts';
import { deadLetterQueueOf } from '../../../src/queue/dead-letters.ts';
import { until } from '../../support/platform.ts';
import { type OpenWorld, sent, usePlatform, welcome } from './open.ts';

/** What becomes of jobs that fail: another attempt, a wait, a dead letter. */
export function failingSuite(openWorld: OpenWorld): void {
  const used = usePlatform(openWorld);
  const { open } = used;

  test('tries a failed job again with its backoff, and counts the attempts', async () => {
    const attempts: number[] = [];
    const { queues, next } = await open({
      processors: {
        email: {
          'send-welcome': async ({ job }) => {
            attempts.push(job.attempt);
            if (job.attempt < 3) throw new Error('not yet');
            return sent;
          },
        },
      },
    });
    const completed = next('job.completed');
    await queues.addJob('email', 'send-welcome', welcome);
    expect(await completed).toMatchObject({ attempt: 3 });
    expect(attempts).toEqual([1, 2, 3]);
    expect(await used.platform.deadLetters.list('email')).toEqual([]);
  });

  test('puts a job that is out of attempts among the dead letters before its failure is recorded', async () => {
    const { queues, deadLetters } = await open({
      processors: {
        email: {
          'send-welcome': async () => {
            throw new Error('the key very-secret-value does not work');
          },
        },
      },
    });
    const lettersAtFailure: number[] = [];
    used.platform.events.on('job.dead_lettered', () => {
      lettersAtFailure.push(1);
    });
    const handle = await queues.addJob('email', 'send-welcome', welcome, { correlationId: 'request-8' });
    await until('the job has failed', async () => (await queues.job('email', handle.id))?.state === 'failed');
    const [letter, ...others] = await deadLetters.list('email');
    expect(others).toEqual([]);
    expect(letter).toMatchObject({
      queue: 'email',
      job: 'send-welcome',
      jobId: handle.id,
      payload: welcome,
      attempts: 3,
      correlationId: 'request-8',
      error: { code: 'UNKNOWN', message: 'the key [redacted] does not work' },
    });
    expect(lettersAtFailure).toEqual([1]);
    const view = await queues.job('email', handle.id);
    expect(view?.failure).toBe('[UNKNOWN] the key [redacted] does not work');
    // The letter carries the time of the failure; the job's own record may only be as old or younger.
    expect(new Date(letter?.failedAt ?? '').getTime()).toBeLessThanOrEqual(view?.finishedAt?.getTime() ?? 0);
  });

  test('does not try again what cannot be mended by trying', async () => {
    let runs = 0;
    const { queues, next, deadLetters } = await open({
      processors: {
        email: {
          'send-welcome': async () => {
            runs++;
            throw new UnrecoverableError('The address does not exist.', { code: 'MAIL_REJECTED' });
          },
        },
      },
    });
    const dead = next('job.dead_lettered');
    await queues.addJob('email', 'send-welcome', welcome);
    expect((await dead).failure.code).toBe('MAIL_REJECTED');
    expect(runs).toBe(1);
    expect(await deadLetters.list('email')).toHaveLength(1);
  });

  test('waits as long as a provider asks, at no cost of an attempt', async () => {
    const attempts: number[] = [];
    const { queues, next } = await open({
      processors: {
        email: {
          'send-welcome': async ({ job }) => {
            attempts.push(job.attempt);
            if (attempts.length < 5)
              throw new RateLimitedError('MAIL_RATE_LIMITED', 'Too many requests.', 30);
            return sent;
          },
        },
      },
    });
    const completed = next('job.completed');
    await queues.addJob('email', 'send-welcome', welcome);
    await completed;
    expect(attempts).toEqual([1, 1, 1, 1, 1]);
  });

  test('dead-letters at once what no longer fits its schema when it is taken', async () => {
    let runs = 0;
    const { queues, next } = await open();
    const stale = {
      type: 'welcome',
      data: { user: 'user-1' },
      meta: { key: 'old-key', correlationId: 'old' },
    };
    await queues.queue('email').add('send-welcome', stale, { attempts: 3 });
    const dead = next('job.dead_lettered');
    const workers = used.platform.openWorkers({
      email: {
        'send-welcome': async () => {
          runs++;
          return sent;
        },
      },
    });
    await workers.start();
    expect(await dead).toMatchObject({
      attempt: 1,
      failure: { code: 'INVALID_PAYLOAD' },
      correlationId: 'old',
    });
    expect(runs).toBe(0);
  });

  test('does not run again a job whose result is not as promised', async () => {
    let runs = 0;
    const { queues, next } = await open({
      processors: {
        email: {
          'send-welcome': async () => {
            runs++;
            return { status: 'perhaps' };
          },
        },
      },
    });
    const dead = next('job.dead_lettered');
    await queues.addJob('email', 'send-welcome', welcome);
    expect((await dead).failure).toMatchObject({
      code: 'INVALID_RESULT',
      message: expect.stringContaining('status'),
    });
    expect(runs).toBe(1);
  });

  test('writes the dead letter of a job that failed outside its processor, once', async () => {
    const { queues, deadLetters, events } = await open();
    const handle = await queues.addJob('email', 'send-welcome', welcome, {
      attempts: 1,
      correlationId: 'request-9',
    });
    const backend = await used.world.open();
    const settings = {
      concurrency: 1,
      lockDurationMs: 5_000,
      maxStalls: 1,
      keepCompleted: {},
      keepFailed: {},
      name: 'raw',
    };
    const raw = backend.worker(
      'email',
      () => Promise.reject(new Error('job stalled more than allowable limit')),
      settings,
    );
    raw.on('error', () => undefined);
    void raw.run();
    await until('the job has failed', async () => (await queues.job('email', handle.id))?.state === 'failed');
    await raw.close();
    await backend.close();
    const options = {
      queues: ['email'],
      queueOf: (name: string) => queues.queue(name),
      deadLetters,
      events,
    };
    expect(await reconcileDeadLetters(options)).toBe(1);
    expect(await reconcileDeadLetters(options)).toBe(0);
    expect(await deadLetters.list('email')).toMatchObject([
      { jobId: handle.id, correlationId: 'request-9', error: { code: 'JOB_STALLED' }, payload: welcome },
    ]);
    expect((await queues.counts(deadLetterQueueOf('email'))).waiting).toBe(1);
  });
}
