import { afterEach, describe, expect, test } from 'vitest';
import type { JobCancellations } from '../../src/integrations/database/port.ts';
import { createCancellationDuty } from '../../src/maintenance/heed-cancellations.ts';
import { JobControl } from '../../src/queue/job-control.ts';
import type { WorkerRuntime } from '../../src/worker/runtime.ts';
import { openPlatform, type Platform, type PlatformOptions, until } from '../support/platform.ts';
import { createWorld, type World } from '../support/world.ts';
import type { BackendWorld } from './platform/open.ts';

const welcome = {
  type: 'welcome',
  data: { userId: 'user-1', email: 'ada@example.com', name: 'Ada' },
} as const;
const sent = { status: 'sent', provider: 'test' };

/** What can be done to a job that was added, whatever store is beneath the platform. */
export function jobControlSuite(kind: string, openStore: (world: World) => Promise<BackendWorld>): void {
  describe(`steering jobs on ${kind}`, () => {
    let world: World;
    let store: BackendWorld;
    let platform: Platform;
    let jobs: JobControl;

    async function open(options: Omit<PlatformOptions, 'backend'> = {}): Promise<void> {
      world = await createWorld();
      store = await openStore(world);
      platform = await openPlatform({ backend: await store.open(), ...options });
      const { queues, events } = platform;
      jobs = new JobControl({ queues, events, cancellations: world.database.jobCancellations });
    }
    afterEach(async () => {
      await platform.close();
      await store.close();
      await world.close();
    });

    /** The duty as the process of these workers has it. */
    const dutyOf = (workers: WorkerRuntime) =>
      createCancellationDuty({
        cancellations: world.database.jobCancellations,
        active: () => workers.active(),
        cancel: (job) => workers.cancel(job),
        settle: (job) => jobs.settle(job),
      });
    const add = (options = {}) => platform.queues.addJob('email', 'send-welcome', welcome, options);
    const ends = (id: string, state: string) =>
      until(`job ${id} is ${state}`, async () => (await jobs.find('email', id))?.state === state);

    test.each([
      ['waiting', {}],
      ['delayed', { delay: 600_000 }],
      ['waiting', { priority: 3 }],
    ])('takes a %s job out of its queue and remembers it', async (state, options) => {
      await open();
      const { id } = await add({ ...options, correlationId: 'request-1' });
      expect(await jobs.find('email', id)).toMatchObject({ state });
      const event = platform.next('job.cancelled');
      const cancelled = await jobs.cancel('email', id, 'ops@example.com');
      expect(cancelled).toMatchObject({
        cancelling: false,
        job: {
          id,
          state: 'cancelled',
          payload: welcome,
          correlationId: 'request-1',
          failure: '[JOB_CANCELLED] Cancelled by ops@example.com.',
        },
      });
      expect(cancelled.job.finishedAt).toBeInstanceOf(Date);
      expect(await event).toMatchObject({ queue: 'email', job: 'send-welcome', jobId: id, seconds: 0 });
      expect(await platform.queues.counts('email')).toMatchObject({ waiting: 0, delayed: 0 });
      expect(await jobs.cancel('email', id, 'another')).toEqual(cancelled);
      await expect(jobs.retry('email', id, 'ops')).rejects.toMatchObject({ code: 'JOB_STATE_CONFLICT' });
    });

    describe('takes a job out once, and says so, when two processes are at it, and', () => {
      const cancelled = { cancelling: false, job: { state: 'cancelled' } };

      /** Cancels a delayed job by `here`; what the event told, and how often. */
      async function cancelBy(here: JobControl, id: string): Promise<void> {
        const told: string[] = [];
        platform.events.on('job.cancelled', ({ jobId, job, attempt }) =>
          told.push(`${job} ${jobId} ${attempt}`),
        );
        expect(await here.cancel('email', id, 'ops')).toMatchObject(cancelled);
        expect(await jobs.find('email', id)).toMatchObject({ state: 'cancelled' });
        expect(await world.database.jobCancellations.pending()).toEqual([]);
        expect(told).toEqual([`send-welcome ${id} 1`]);
      }
      const controlOf = (cancellations: Partial<JobCancellations>) =>
        new JobControl({
          queues: platform.queues,
          events: platform.events,
          cancellations: { ...world.database.jobCancellations, ...cancellations },
        });

      test('the other is through before the one that was asked has looked', async () => {
        await open();
        const { id } = await add({ delay: 600_000 });
        const { jobCancellations } = world.database;
        const here = controlOf({
          async request(request) {
            await jobCancellations.request(request);
            await jobs.settle(request);
          },
        });
        await cancelBy(here, id);
      });

      test('the other has taken it out and not yet noted that', async () => {
        await open();
        const { id } = await add({ delay: 600_000 });
        const { jobCancellations } = world.database;
        const noting = Promise.withResolvers<void>();
        const answered = Promise.withResolvers<void>();
        const other = controlOf({
          async settle(...note) {
            noting.resolve();
            await answered.promise;
            return jobCancellations.settle(...note);
          },
        });
        let settling: Promise<void> | undefined;
        const here = controlOf({
          async request(request) {
            await jobCancellations.request(request);
            settling = other.settle(request);
            await noting.promise;
          },
        });
        await cancelBy(here, id);
        answered.resolve();
        await settling;
        expect(await jobs.find('email', id)).toMatchObject({ state: 'cancelled' });
      });

      test('the other finds it gone before the one that took it out has noted that', async () => {
        await open();
        const { id } = await add({ delay: 600_000 });
        const { jobCancellations } = world.database;
        const here = controlOf({
          async settle(request, outcome) {
            await jobs.settle({ ...request, by: 'ops' });
            return jobCancellations.settle(request, outcome);
          },
        });
        await cancelBy(here, id);
      });
    });

    test('aborts the signal of a running job in the process that runs it, and keeps no dead letter', async () => {
      const reasons: unknown[] = [];
      const untilAborted = (signal: AbortSignal) =>
        new Promise<never>((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason);
            reject(new Error('an echo of the signal'));
          });
        });
      await open();
      const here = platform.openWorkers({
        email: { 'send-welcome': ({ signal }) => untilAborted(signal) },
      });
      const elsewhere = platform.openWorkers({});
      await here.start();
      const started = platform.next('job.started');
      const { id } = await add({ attempts: 3 });
      await started;
      expect(await jobs.cancel('email', id, 'ops')).toMatchObject({
        cancelling: true,
        job: { state: 'active' },
      });
      expect(await dutyOf(elsewhere)()).toBe(1);
      expect(reasons).toEqual([]);
      const event = platform.next('job.cancelled');
      const duty = dutyOf(here);
      await duty();
      expect(await event).toMatchObject({ jobId: id, attempt: 1 });
      await ends(id, 'cancelled');
      expect(reasons).toMatchObject([{ code: 'JOB_CANCELLED', message: 'Cancelled by ops.' }]);
      expect((await jobs.find('email', id))?.failure).toBe('[JOB_CANCELLED] Cancelled by ops.');
      expect(await platform.deadLetters.list('email')).toEqual([]);
      await until('the request is settled', async () => (await duty()) === 0);
    });

    test('lets a job that was done all the same be completed', async () => {
      const gate = Promise.withResolvers<void>();
      await open();
      const workers = platform.openWorkers({
        email: {
          'send-welcome': async () => {
            await gate.promise;
            return sent;
          },
        },
      });
      await workers.start();
      const started = platform.next('job.started');
      const { id } = await add();
      await started;
      await jobs.cancel('email', id, 'ops');
      const duty = dutyOf(workers);
      await duty();
      gate.resolve();
      await ends(id, 'completed');
      await until('the request is settled', async () => (await duty()) === 0);
      await expect(jobs.cancel('email', id, 'ops')).rejects.toMatchObject({
        code: 'JOB_STATE_CONFLICT',
        message: expect.stringContaining('is completed'),
      });
    });

    test('does not forget a request when its job went back to the queue meanwhile', async () => {
      let runs = 0;
      const gate = Promise.withResolvers<void>();
      await open({ backoffMs: 600_000 });
      const workers = platform.openWorkers({
        email: {
          'send-welcome': async () => {
            runs++;
            await gate.promise;
            throw new Error('not yet');
          },
        },
      });
      await workers.start();
      const started = platform.next('job.started');
      const { id } = await add({ attempts: 3 });
      await started;
      await jobs.cancel('email', id, 'ops');
      gate.resolve();
      await ends(id, 'delayed');
      expect(await dutyOf(workers)()).toBe(1);
      expect(await jobs.find('email', id)).toMatchObject({ state: 'cancelled' });
      expect(runs).toBe(1);
    });

    test('stops no later job that has the id of the one that was cancelled', async () => {
      const gate = Promise.withResolvers<void>();
      await open();
      const keyed = { idempotencyKey: 'once' };
      const { id } = await add(keyed);
      await jobs.cancel('email', id, 'ops');
      const workers = platform.openWorkers({
        email: {
          'send-welcome': async () => {
            await gate.promise;
            return sent;
          },
        },
      });
      await workers.start();
      const started = platform.next('job.started');
      expect(await add(keyed)).toMatchObject({ id, created: true });
      await started;
      expect(await jobs.find('email', id)).toMatchObject({ state: 'active' });
      const addedAt = new Date(0);
      expect(workers.cancel({ queue: 'email', jobId: id, addedAt, by: 'ops' })).toBe(false);
      gate.resolve();
      await ends(id, 'completed');
    });

    test('lets a failed job go once more, and a job that was cancelled while it ran', async () => {
      let works = false;
      await open();
      const workers = platform.openWorkers({
        email: {
          'send-welcome': async ({ signal, data }) => {
            if (works) return sent;
            if (!JSON.stringify(data).includes('slow')) throw new Error('broken');
            return new Promise((_resolve, reject) => {
              signal.addEventListener('abort', () => reject(signal.reason));
            });
          },
        },
      });
      await workers.start();
      const failed = await add({ attempts: 1 });
      await ends(failed.id, 'failed');
      const started = platform.next('job.started');
      const slow = await platform.queues.addJob('email', 'send-welcome', {
        ...welcome,
        data: { ...welcome.data, name: 'slow' },
      });
      await started;
      await jobs.cancel('email', slow.id, 'ops');
      await dutyOf(workers)();
      await ends(slow.id, 'cancelled');
      works = true;
      for (const { id } of [failed, slow]) {
        await jobs.retry('email', id, 'ops');
        await ends(id, 'completed');
        await expect(jobs.retry('email', id, 'ops')).rejects.toMatchObject({ code: 'JOB_STATE_CONFLICT' });
      }
    });

    test('lets a delayed job go now', async () => {
      await open();
      const { id } = await add({ delay: 600_000 });
      expect(await jobs.promote('email', id)).toMatchObject({ id, state: 'waiting' });
      await expect(jobs.promote('email', id)).rejects.toMatchObject({
        code: 'JOB_STATE_CONFLICT',
        message: `Job ${id} of email is waiting; only a job that is delayed can be promoted.`,
      });
    });

    test('knows no job that never was, and no queue that is none', async () => {
      await open();
      for (const deed of ['cancel', 'retry', 'promote'] as const) {
        await expect(jobs[deed]('email', 'never', 'ops')).rejects.toMatchObject({ code: 'JOB_NOT_FOUND' });
        await expect(jobs[deed]('mails', '1', 'ops')).rejects.toMatchObject({ code: 'UNKNOWN_QUEUE' });
      }
    });

    test('keeps what a processor logs with its job, in order and without secrets', async () => {
      await open({
        processors: {
          email: {
            'send-welcome': async ({ log }) => {
              log.debug({}, 'for the process alone');
              log.info({ rows: 2, password: 'hunter2' }, 'read');
              log.warn({ err: new Error('no very-secret-value') }, 'slow');
              log.error({}, 'wrong');
              return sent;
            },
          },
        },
      });
      const { id } = await add();
      await ends(id, 'completed');
      const lines = (await jobs.find('email', id))?.logs.map((line) => line.replace(/^\S+Z /, ''));
      expect(lines).toEqual(['info read {"rows":2}', 'warn slow {"err":"no [redacted]"}', 'error wrong']);
    });
  });
}
