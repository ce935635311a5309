import { afterEach, describe, expect, test } from 'vitest';
import { queueNames } from '../../queues/index.ts';
import { RateLimitedError, UnrecoverableError } from '../../src/errors/catalogue.ts';
import { JobRecorder, type MaskPayload, type RecorderOptions } from '../../src/job-index/recorder.ts';
import { JobSearch } from '../../src/job-index/search.ts';
import { createIndexWriter } from '../../src/job-index/writer.ts';
import { createJobIndexCatchUp } from '../../src/maintenance/catch-up-job-index.ts';
import { createJobIndexReconciler } from '../../src/maintenance/reconcile-job-index.ts';
import { Events } from '../../src/observability/events.ts';
import { JobControl } from '../../src/queue/job-control.ts';
import { openPlatform, type Platform, type PlatformOptions, until } from '../support/platform.ts';
import { createWorld, type World } from '../support/world.ts';
import type { BackendWorld } from './platform/open.ts';

const mask: MaskPayload = (_queue, _job, payload) => payload;
const welcome = (name: string) => ({
  type: 'welcome' as const,
  data: { userId: `user-${name}`, email: 'ada@example.com', name },
});
const onError = (error: unknown) => {
  throw error;
};
const sent = { status: 'sent', provider: 'test' };

/** What the index knows of jobs, whatever store is beneath the platform. */
export function jobIndexSuite(kind: string, openStore: (world: World) => Promise<BackendWorld>): void {
  describe(`the index of jobs on ${kind}`, () => {
    let world: World;
    let store: BackendWorld;
    let platform: Platform;
    let writer: ReturnType<typeof createIndexWriter>;
    let search: JobSearch;

    async function open(
      options: Omit<PlatformOptions, 'backend'> = {},
      prepare: (world: World) => Promise<unknown> = async () => undefined,
      noting: Partial<RecorderOptions> = {},
    ): Promise<void> {
      world = await createWorld();
      await prepare(world);
      store = await openStore(world);
      platform = await openPlatform({ backend: await store.open(), ...options });
      writer = createIndexWriter({
        recorder: new JobRecorder(platform.events, { mask, ...noting }),
        index: world.database.jobIndex,
        events: platform.events,
        onError,
      });
      search = new JobSearch(world.database.jobIndex);
    }
    afterEach(async () => {
      await platform.close();
      await store.close();
      await world.close();
    });
    const reconciler = () =>
      createJobIndexReconciler({
        queues: queueNames,
        queueOf: (name) => platform.queues.queue(name),
        index: world.database.jobIndex,
        cancellations: world.database.jobCancellations,
        mask,
        events: platform.events,
        graceMs: 0,
      });
    const catchUp = () =>
      createJobIndexCatchUp({
        queues: queueNames,
        queueOf: (name) => platform.queues.queue(name),
        index: world.database.jobIndex,
        mask,
        events: platform.events,
        onError,
        intervalMs: 20,
      });
    const written = async (id: string, queue = 'email') => {
      await writer.flush();
      return search.find(queue, id);
    };

    test('follows a job from its add to its end, with the attempts that failed', async () => {
      let runs = 0;
      await open({
        processors: {
          email: {
            'send-welcome': async ({ addJob }) => {
              runs += 1;
              if (runs === 1) throw new RateLimitedError('MAIL_RATE_LIMITED', 'Wait a little.', 10);
              if (runs === 2) throw new Error('The provider coughed.');
              await addJob('sync', 'refresh-analytics', { type: 'refresh-analytics', data: {} });
              return sent;
            },
          },
        },
      });
      const completed = platform.next('job.completed');
      const { id } = await platform.queues.addJob('email', 'send-welcome', welcome('Grace'), {
        correlationId: 'request-1',
        addedBy: 'shop',
        tenant: 'acme',
        delay: 5,
      });
      await completed;
      const job = await written(id);
      expect(job).toMatchObject({
        state: 'completed',
        attempts: 2,
        maxAttempts: 3,
        correlationId: 'request-1',
        owner: 'shop',
        tenant: 'acme',
        error: undefined,
        payload: welcome('Grace'),
        tries: [
          { attempt: 1, outcome: 'waiting', code: 'MAIL_RATE_LIMITED' },
          { attempt: 1, outcome: 'retried', code: 'UNKNOWN', message: expect.stringContaining('coughed') },
        ],
      });
      expect(job?.dueAt?.getTime()).toBe((job?.addedAt.getTime() ?? 0) + 5);
      expect(job?.finishedAt?.getTime()).toBeGreaterThanOrEqual(job?.startedAt?.getTime() ?? Number.NaN);
      const ids = async (q: string) => (await search.page({ q }, 10)).jobs.map(({ jobId }) => jobId);
      expect(await ids('Grace')).toEqual([id]);
      expect(await ids('GRA*, coughed!')).toEqual([id]);
      expect(await ids('grace hopper')).toEqual([]);
      const { jobs: children } = await search.page({ parent: `email/${id}` }, 10);
      expect(children).toMatchObject([
        { queue: 'sync', owner: 'shop', tenant: 'acme', correlationId: 'request-1' },
      ]);
    });

    test('leaves alone what busy processes have put down, until it lies for long', async () => {
      await open();
      const index = world.database.jobIndex;
      let looks = 0;
      const filer = createIndexWriter({
        recorder: new JobRecorder(new Events(), { mask }),
        index: {
          ...index,
          stashAges: () => {
            looks += 1;
            return index.stashAges();
          },
        },
        events: platform.events,
        onError: (error) => {
          throw error;
        },
        intervalMs: 5,
        openLoad: () => () => 1,
      });
      const at = new Date();
      const lain = { queue: 'email', jobId: 'lain', addedAt: at, name: 'send-welcome', stateAt: at } as const;
      await index.stash([{ ...lain, state: 'waiting' }]);
      await filer.start();
      try {
        await until('it has looked several times', async () => looks > 3);
        expect(await search.find('email', 'lain')).toBeUndefined();
        await world.pool.query(`update job_stash set put_at = put_at - interval '2 minutes'`);
        await until('it is filed', async () => (await search.find('email', 'lain')) !== undefined);
      } finally {
        await filer.stop();
      }
    });

    test('knows what people did to jobs: cancelled, retried, promoted', async () => {
      await open();
      const { queues, events } = platform;
      const jobs = new JobControl({ queues, events, cancellations: world.database.jobCancellations });
      const cancelled = await queues.addJob('email', 'send-welcome', welcome('one'));
      const promoted = await queues.addJob('email', 'send-welcome', welcome('two'), { delay: 600_000 });
      expect(await written(promoted.id)).toMatchObject({ state: 'delayed' });
      await jobs.cancel('email', cancelled.id, 'ops');
      await jobs.promote('email', promoted.id);
      expect(await written(cancelled.id)).toMatchObject({
        state: 'cancelled',
        error: { code: 'JOB_CANCELLED' },
        tries: [],
      });
      expect(await written(promoted.id)).toMatchObject({ state: 'waiting' });

      let broken = true;
      const failing = platform.openWorkers({
        email: {
          'send-welcome': async () => {
            if (broken) throw new UnrecoverableError('No such box.', { code: 'MAIL_REJECTED' });
            return sent;
          },
        },
      });
      const dead = platform.next('job.dead_lettered');
      await failing.start();
      await dead;
      await until(
        'the failure is recorded',
        async () => (await jobs.find('email', promoted.id))?.state === 'failed',
      );
      expect(await written(promoted.id)).toMatchObject({
        state: 'failed',
        attempts: 1,
        error: { code: 'MAIL_REJECTED' },
      });
      broken = false;
      const completed = platform.next('job.completed');
      await jobs.retry('email', promoted.id);
      await completed;
      expect(await written(promoted.id)).toMatchObject({
        state: 'completed',
        attempts: 2,
        tries: [{ code: 'MAIL_REJECTED' }],
      });
    });

    test('reads from their queue the jobs of a flood, of which nearly nothing was noted', async () => {
      await open({}, undefined, { keeps: (queue) => queue === 'email', mostASecond: 0, mostAtOnce: 20 });
      const { queues, events } = platform;
      const add = (from: number, count: number, options = {}) =>
        queues.addJobs(
          'email',
          Array.from(
            { length: count },
            (_, n) => ({ name: 'send-welcome', payload: welcome(`n${from + n}`), options }) as const,
          ),
        );
      await add(0, 450, { addedBy: 'shop', tenant: 'acme' });
      const [delayed] = await add(450, 1, { delay: 600_000 });
      const [cancelled] = await add(451, 1, { addedBy: 'shop', priority: 3 });
      const [prior] = await add(452, 1, { priority: 4 });
      const jobs = new JobControl({ queues, events, cancellations: world.database.jobCancellations });
      await jobs.cancel('email', cancelled?.id ?? '', 'ops');
      await writer.flush();
      const counts = async () => {
        const { rows } = await world.pool.query(
          `select state, count(*)::int as jobs, count(payload)::int as whole, count(owner)::int as owned from job_index
           group by 1 order by 1`,
        );
        return rows;
      };
      expect(await counts()).toEqual([
        { state: 'cancelled', jobs: 1, whole: 1, owned: 1 },
        { state: 'waiting', jobs: 20, whole: 20, owned: 20 },
      ]);
      expect(await catchUp().readAll()).toBe(432);
      expect(await catchUp().readAll()).toBe(0);
      expect(await counts()).toEqual([
        { state: 'cancelled', jobs: 1, whole: 1, owned: 1 },
        { state: 'delayed', jobs: 1, whole: 1, owned: 0 },
        { state: 'waiting', jobs: 451, whole: 451, owned: 450 },
      ]);
      expect(await search.find('email', delayed?.id ?? '')).toMatchObject({ state: 'delayed' });
      expect((await search.page({ q: 'n451', owner: 'shop' }, 10)).jobs).toMatchObject([
        { state: 'cancelled' },
      ]);

      await platform
        .openWorkers({
          email: {
            'send-welcome': async ({ data }) => {
              if (JSON.stringify(data).includes('"n7"'))
                throw new UnrecoverableError('No such box.', { code: 'MAIL_REJECTED' });
              return sent;
            },
          },
        })
        .start();
      await until('all have ended', async () => {
        const { completed, failed } = await queues.counts('email');
        return completed === 450 && failed === 1;
      });
      await writer.flush();
      await catchUp().readAll();
      expect(await counts()).toEqual([
        { state: 'cancelled', jobs: 1, whole: 1, owned: 1 },
        { state: 'completed', jobs: 450, whole: 450, owned: 449 },
        { state: 'delayed', jobs: 1, whole: 1, owned: 0 },
        { state: 'failed', jobs: 1, whole: 1, owned: 1 },
      ]);
      const done = await search.find('email', prior?.id ?? '');
      expect(done).toMatchObject({ attempts: 1, maxAttempts: 3, payload: welcome('n452') });
      for (const part of ['waitMs', 'durationMs', 'startedAt', 'finishedAt'] as const)
        expect(done?.[part], part).toBeDefined();
      expect((await search.page({ state: 'failed' }, 10)).jobs).toMatchObject([
        { error: { code: 'MAIL_REJECTED' }, tenant: 'acme' },
      ]);
      // Nothing is left for the reconciler.
      expect(await reconciler()()).toBe(0);
    });

    test('leaves jobs to their queue while processes are busy, unless they wait for long', async () => {
      await open({}, undefined, { keeps: () => true, mostASecond: 0, mostAtOnce: 0 });
      const { id } = await platform.queues.addJob('email', 'send-welcome', welcome('Grace'));
      await writer.flush();
      const index = world.database.jobIndex;
      let claims = 0;
      const patient = createJobIndexCatchUp({
        queues: queueNames,
        queueOf: (name) => platform.queues.queue(name),
        index: {
          ...index,
          claimLeft: (terms) => {
            claims += 1;
            return index.claimLeft(terms);
          },
        },
        mask,
        events: platform.events,
        onError,
        intervalMs: 5,
        load: () => 1,
      });
      await patient.start();
      try {
        await until('it has looked several times', async () => claims > 3);
        expect(await search.find('email', id)).toBeUndefined();
        await world.pool.query(`update job_index_left set since = since - interval '2 minutes'`);
        await until('it is read', async () => (await search.find('email', id)) !== undefined);
        await until('that is written down', async () => (await index.unwrittenSince()) === undefined);
      } finally {
        await patient.stop();
      }
    });

    test('reads on where a reader has died', async () => {
      await open({}, undefined, { keeps: () => true, mostASecond: 0, mostAtOnce: 0 });
      const jobs = Array.from(
        { length: 700 },
        (_, n) => ({ name: 'send-welcome', payload: welcome(`n${n}`) }) as const,
      );
      await platform.queues.addJobs('email', jobs);
      await writer.flush();
      const index = world.database.jobIndex;
      const rows = async () => (await world.pool.query('select from job_index')).rowCount;
      const dying = createJobIndexCatchUp({
        queues: queueNames,
        queueOf: (name) => platform.queues.queue(name),
        // It is gone after its first page, without a word.
        index: { ...index, holdLeft: () => Promise.reject(new Error('killed')) },
        mask,
        events: platform.events,
        onError,
      });
      await expect(dying.readAll()).rejects.toThrow('killed');
      expect(await rows()).toBe(300);
      // Its hold lasts; nobody reads beside one that may be alive.
      expect(await catchUp().readAll()).toBe(0);
      await world.pool.query('update job_index_left set held_until = now()');
      expect(await catchUp().readAll()).toBe(400);
      expect(await rows()).toBe(700);
    });

    test('is mended of all that nobody wrote', async () => {
      await open();
      // Nothing of this is written: the process dies with what it has seen.
      const { queues } = platform;
      const add = (name: string, options = {}) =>
        queues.addJob('email', 'send-welcome', welcome(name), options);
      const [waits, delayed, prior] = [
        await add('waits', { addedBy: 'shop', correlationId: 'c-1' }),
        await add('delayed', { delay: 600_000 }),
        await add('prior', { priority: 3 }),
      ];
      const mend = reconciler();
      expect(await mend()).toBe(3);
      expect(await search.find('email', waits.id)).toMatchObject({
        state: 'waiting',
        owner: 'shop',
        correlationId: 'c-1',
        payload: welcome('waits'),
      });
      expect(await search.find('email', delayed.id)).toMatchObject({ state: 'delayed' });
      expect(await search.find('email', prior.id)).toMatchObject({ state: 'waiting' });
      expect((await search.page({ q: 'prior' }, 10)).jobs).toHaveLength(1);
      expect(await mend()).toBe(0);

      const over = platform.next('job.completed', ({ jobId }) => jobId === prior.id);
      await platform
        .openWorkers({
          email: {
            'send-welcome': async ({ data }) => {
              if (JSON.stringify(data).includes('waits'))
                throw new UnrecoverableError('No such box.', { code: 'MAIL_REJECTED' });
              return sent;
            },
          },
        })
        .start();
      await over;
      await until('both have ended', async () => {
        const { completed, failed } = await queues.counts('email');
        return completed === 1 && failed === 1;
      });
      await queues.queue('email').remove(delayed.id);
      expect(await mend()).toBe(3);
      expect(await search.find('email', waits.id)).toMatchObject({
        state: 'failed',
        attempts: 1,
        error: { code: 'MAIL_REJECTED', message: expect.stringContaining('No such box.') },
      });
      expect(await search.find('email', prior.id)).toMatchObject({ state: 'completed', attempts: 1 });
      expect(await search.find('email', delayed.id)).toMatchObject({ state: 'unknown' });
      expect(await mend()).toBe(0);
    });

    test('learns of a cancellation whose process died before it was written', async () => {
      await open();
      const { queues } = platform;
      const { id } = await queues.addJob('email', 'send-welcome', welcome('one'), { addedBy: 'shop' });
      expect(await written(id)).toMatchObject({ state: 'waiting' });
      const unheard = new JobControl({
        queues,
        events: new Events(),
        cancellations: world.database.jobCancellations,
      });
      await unheard.cancel('email', id, 'ops');
      expect(await reconciler()()).toBe(1);
      const job = await search.find('email', id);
      expect(job).toMatchObject({ state: 'cancelled', error: { code: 'JOB_CANCELLED' }, owner: 'shop' });
      expect(job?.finishedAt).toBeInstanceOf(Date);
      expect(await reconciler()()).toBe(0);
    });

    test('is mended page by page where a list is long', async () => {
      await open();
      const jobs = Array.from(
        { length: 650 },
        (_, n) => ({ name: 'send-welcome', payload: welcome(`n${n}`) }) as const,
      );
      await platform.queues.addJobs('email', jobs);
      const mend = reconciler();
      let mended = 0;
      for (let round = 0; round < 10 && mended < 650; round++) mended += await mend();
      expect(mended).toBe(650);
      const seen = new Set<string>();
      for (let cursor: string | undefined, pages = 0; pages < 20; pages++) {
        const page = await search.page({ queue: 'email', state: 'waiting', cursor }, 100);
        for (const { jobId } of page.jobs) seen.add(jobId);
        cursor = page.next;
        if (cursor === undefined) break;
      }
      expect(seen.size).toBe(650);
    });

    test('is mended of jobs that stand at the same moment where two pages meet', async () => {
      // So PostgreSQL sorts for each page, as it does of its own accord when its figures say that this is cheaper.
      await open({}, ({ pool }) =>
        pool.query(`do $$ begin
          execute format('alter database %I set enable_indexscan = off', current_database());
          execute format('alter database %I set enable_bitmapscan = off', current_database());
        end $$`),
      );
      const due = Date.now() + 600_000;
      const jobs = Array.from({ length: 650 }, (_, n) => {
        const delay = due + Math.floor(n / 60) * 1_000 - Date.now();
        return { name: 'send-welcome', payload: welcome(`n${n}`), options: { delay } } as const;
      });
      await platform.queues.addJobs('email', jobs);
      const mend = reconciler();
      let mended = 0;
      for (let round = 0; round < 10 && mended < 650; round++) mended += await mend();
      expect(mended).toBe(650);
    });
  });
}
