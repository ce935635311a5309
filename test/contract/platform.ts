import { afterEach, describe, expect, test } from 'vitest';
import type { Backend } from '../../src/backend/port.ts';
import { RateLimitedError, UnrecoverableError } from '../../src/errors/catalogue.ts';
import { reconcileDeadLetters } from '../../src/maintenance/reconcile-dead-letters.ts';
import { deadLetterQueueOf } from '../../src/queue/dead-letters.ts';
import { openPlatform, type Platform, type PlatformOptions, until } from '../support/platform.ts';

export interface BackendWorld {
  /** A store with queues that nobody else uses. */
  open(): Promise<Backend>;
  close(): Promise<void>;
}

const welcome = {
  type: 'welcome',
  data: { userId: 'user-1', email: 'ada@example.com', name: 'Ada' },
} as const;
const sent = { status: 'sent', provider: 'test' };

/** What the platform promises, whatever store is beneath it. */
export function platformSuite(kind: string, openWorld: () => Promise<BackendWorld>): void {
  describe(`the platform on ${kind}`, () => {
    let world: BackendWorld;
    let platform: Platform;
    const open = async (options: Omit<PlatformOptions, 'backend'> = {}) => {
      world = await openWorld();
      platform = await openPlatform({ backend: await world.open(), ...options });
      return platform;
    };
    afterEach(async () => {
      await platform.close();
      await world.close();
    });

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

    test('refuses a wrong payload with the path of each field, and adds nothing', async () => {
      const { queues } = await open();
      const wrong = {
        type: 'welcome',
        data: { userId: 'user-1', email: 'no address', name: 'Ada\r\nBcc: x@example.com', extra: 1 },
      };
      await expect(queues.addUntyped('email', 'send-welcome', wrong)).rejects.toMatchObject({
        code: 'INVALID_PAYLOAD',
        details: expect.arrayContaining([
          expect.objectContaining({ path: 'data.email' }),
          expect.objectContaining({ path: 'data.name' }),
          expect.objectContaining({ path: 'data', message: expect.stringContaining('extra') }),
        ]),
      });
      expect((await queues.counts('email')).waiting).toBe(0);
    });

    test('names what there is when a queue or job is unknown', async () => {
      const { queues } = await open();
      await expect(queues.addUntyped('emial', 'send-welcome', welcome)).rejects.toMatchObject({
        code: 'UNKNOWN_QUEUE',
      });
      await expect(queues.addUntyped('email', 'constructor', welcome)).rejects.toMatchObject({
        code: 'UNKNOWN_JOB',
      });
    });

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
      expect(await platform.deadLetters.list('email')).toEqual([]);
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
      platform.events.on('job.dead_lettered', () => {
        lettersAtFailure.push(1);
      });
      const handle = await queues.addJob('email', 'send-welcome', welcome, { correlationId: 'request-8' });
      await until(
        'the job has failed',
        async () => (await queues.job('email', handle.id))?.state === 'failed',
      );
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
      expect(new Date(letter?.failedAt ?? '').getTime()).toBeLessThanOrEqual(
        view?.finishedAt?.getTime() ?? 0,
      );
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
      const workers = platform.openWorkers({
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

    test('adds a job once for one idempotency key, also when ten callers are at it together', async () => {
      const { queues } = await open();
      const add = () => queues.addJob('email', 'send-welcome', welcome, { idempotencyKey: 'order:17' });
      const handles = await Promise.all(Array.from({ length: 10 }, add));
      expect(new Set(handles.map((handle) => handle.id)).size).toBe(1);
      expect(handles.filter((handle) => handle.created)).toHaveLength(1);
      expect(new Set(handles.map((handle) => handle.correlationId)).size).toBe(1);
      expect((await queues.counts('email')).waiting).toBe(1);
      const other = { ...welcome, data: { ...welcome.data, name: 'Grace' } };
      await expect(
        queues.addJob('email', 'send-welcome', other, { idempotencyKey: 'order:17' }),
      ).rejects.toMatchObject({
        code: 'IDEMPOTENCY_CONFLICT',
      });
    });

    test('keeps one job running and one waiting for an id to deduplicate by', async () => {
      const gate = Promise.withResolvers<void>();
      const names: unknown[] = [];
      const { queues, next } = await open({
        processors: {
          email: {
            'send-welcome': async ({ data }) => {
              names.push(data);
              if (names.length === 1) await gate.promise;
              return sent;
            },
          },
        },
      });
      const add = (name: string) =>
        queues.addJob(
          'email',
          'send-welcome',
          { ...welcome, data: { ...welcome.data, name } },
          { deduplicate: { id: 'ada' } },
        );
      const started = next('job.started');
      await add('first');
      await started;
      await add('second');
      await add('third');
      const last = next('job.completed', () => names.length === 2);
      gate.resolve();
      await last;
      expect(names).toMatchObject([{ name: 'first' }, { name: 'third' }]);
      expect(await queues.counts('email')).toMatchObject({ waiting: 0, delayed: 0 });
    });

    test('goes on deduplicating after a job of the same key has ended', async () => {
      const { queues, next } = await open({ processors: { email: { 'send-welcome': async () => sent } } });
      const keyed = { idempotencyKey: 'once', deduplicate: { id: 'ada' } };
      const completed = next('job.completed');
      const first = await queues.addJob('email', 'send-welcome', welcome, keyed);
      await completed;
      await until(
        'the first has ended',
        async () => (await queues.job('email', first.id))?.state === 'completed',
      );
      expect(await queues.addJob('email', 'send-welcome', welcome, keyed)).toMatchObject({
        id: first.id,
        created: false,
      });
      const again = next('job.completed');
      const second = await queues.addJob('email', 'send-welcome', welcome, { deduplicate: { id: 'ada' } });
      expect(await again).toMatchObject({ jobId: second.id });
      expect(second.id).not.toBe(first.id);
    });

    test('adds many or none', async () => {
      const { queues } = await open();
      const good = { name: 'send-welcome' as const, payload: welcome };
      const added = await queues.addJobs(
        'email',
        Array.from({ length: 250 }, () => good),
      );
      expect(new Set(added.map(({ id }) => id)).size).toBe(250);
      expect((await queues.counts('email')).waiting).toBe(250);
      const bad = { name: 'send-welcome', payload: { type: 'welcome', data: {} } };
      await expect(queues.addManyUntyped('email', [good, bad])).rejects.toMatchObject({
        code: 'INVALID_PAYLOAD',
      });
      expect((await queues.counts('email')).waiting).toBe(250);
    });

    test('takes a hundred adds at once, each with an id of its own', async () => {
      const { queues } = await open();
      const handles = await Promise.all(
        Array.from({ length: 100 }, (_, index) =>
          queues.addJob(
            'email',
            'send-welcome',
            { ...welcome, data: { ...welcome.data, name: `user ${index}` } },
            { correlationId: `c-${index}` },
          ),
        ),
      );
      expect(new Set(handles.map(({ id }) => id)).size).toBe(100);
      expect((await queues.counts('email')).waiting).toBe(100);
      const view = await queues.job('email', handles[42]?.id ?? '');
      expect(view).toMatchObject({ correlationId: 'c-42', payload: { data: { name: 'user 42' } } });
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
      await platform.stopWorkers();
      expect((await waiting).failure.code).toBe('JOB_ABORTED');
      expect(reasons).toMatchObject([{ code: 'JOB_ABORTED' }]);
      const view = await queues.job('email', handle.id);
      expect(view).toMatchObject({ state: 'waiting', attempts: { made: 0 } });
      // Another worker takes it up and ends it.
      const completed = next('job.completed');
      await platform.openWorkers({ email: { 'send-welcome': async () => sent } }).start();
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
      const stopped = platform.stopWorkers();
      gate.resolve();
      await stopped;
      expect((await queues.job('email', first.id))?.state).toBe('completed');
      expect((await queues.job('email', second.id))?.state).toBe('waiting');
    });

    test('writes the dead letter of a job that failed outside its processor, once', async () => {
      const { queues, deadLetters, events } = await open();
      const handle = await queues.addJob('email', 'send-welcome', welcome, {
        attempts: 1,
        correlationId: 'request-9',
      });
      const backend = await world.open();
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
      await until(
        'the job has failed',
        async () => (await queues.job('email', handle.id))?.state === 'failed',
      );
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
  });
}
