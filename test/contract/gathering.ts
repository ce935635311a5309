import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import type { Backend, JobQueue, JobWorker, WorkerSettings } from '../../src/backend/port.ts';
import { until } from '../support/platform.ts';
import type { StockBullmq } from '../support/stock-bullmq.ts';
import type { StoredQueue } from '../support/stored-queue.ts';

export interface GatheringWorld {
  /** A store with queues that nobody else uses. */
  open(): Promise<Backend>;
  /** The same queues with nothing but BullMQ. */
  stock(): StockBullmq;
  /** What the store holds of a queue. */
  stored(queue: string): Promise<StoredQueue>;
  close(): Promise<void>;
}

const name = 'email';
const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);
const sorted = (values: readonly number[]) => values.toSorted((a, b) => a - b);
const settings: WorkerSettings = {
  name: 'ours',
  concurrency: 20,
  lockDurationMs: 30_000,
  maxStalls: 3,
  keepCompleted: {},
  keepFailed: {},
};

/** What sending many calls as one must leave as BullMQ has it, whatever store is beneath. */
export function gatheringSuite(kind: string, openWorld: () => Promise<GatheringWorld>): void {
  describe(`calls that are sent together, on ${kind}`, () => {
    let world: GatheringWorld;
    let backend: Backend;
    let queue: JobQueue;
    let stock: StockBullmq;
    let workers: JobWorker[];

    beforeEach(async () => {
      world = await openWorld();
      backend = await world.open();
      queue = backend.queue(name);
      stock = world.stock();
      workers = [];
    });
    afterEach(async () => {
      await Promise.all(workers.map((worker) => worker.close()));
      await queue.close();
      await stock.close();
      await backend.close();
      await world.close();
    });

    const work = (run: (index: number, id: string) => unknown, changed: Partial<WorkerSettings> = {}) => {
      const worker = backend.worker(
        name,
        async ({ id, data }) => (await run(data.index, id ?? '')) ?? 'done',
        {
          ...settings,
          ...changed,
        },
      );
      worker.on('error', () => undefined);
      workers.push(worker);
      void worker.run();
      return worker;
    };
    const add = (index: number, options = {}) => queue.add('job', { index }, options);
    const addMany = (count: number) => Promise.all(numbers(count).map((index) => add(index)));
    const counts = () =>
      queue.getJobCounts('waiting', 'prioritized', 'active', 'delayed', 'completed', 'failed');
    const completed = (count: number) =>
      until(`${count} jobs are completed`, async () => {
        const { completed: done, ...rest } = await counts();
        return done === count && Object.values(rest).every((left) => left === 0);
      });

    test('plain and special jobs of one turn each get what they asked for', async () => {
      const plain = numbers(40).map((index) => add(index));
      const special = [
        add(100, { delay: 3_600_000 }),
        add(101, { priority: 5 }),
        add(102, { priority: 1 }),
        add(103, { deduplication: { id: 'same' } }),
        add(104, { deduplication: { id: 'same' } }),
        add(105, { jobId: 'chosen' }),
        add(106, { jobId: 'chosen' }),
        add(107, { lifo: true }),
      ];
      const ids = (await Promise.all([...plain, ...special])).map(({ id }) => id);
      expect(new Set(ids).size).toBe(46);
      expect(ids[43]).toBe(ids[44]);
      expect(ids.slice(45, 47)).toEqual(['chosen', 'chosen']);
      const { waiting = 0, prioritized = 0, delayed } = await counts();
      expect({ all: waiting + prioritized, delayed }).toEqual({ all: 45, delayed: 1 });
      expect((await queue.getJob('chosen'))?.data).toEqual({ index: 105 });

      const order: number[] = [];
      work((index) => order.push(index), { concurrency: 1 });
      await until('all that is not delayed is done', async () => order.length === 45);
      // Which of the two came first is up to the connections that they went by.
      const done = order.map((index) => (index === 104 ? 103 : index));
      expect(sorted(done)).toEqual([...numbers(40), 101, 102, 103, 105, 107]);
      // BullMQ's rule: those with a priority come last, the smallest first.
      expect(order.slice(-2)).toEqual([102, 101]);
      await queue.remove(ids[40] ?? '');
      await completed(45);
    });

    test('calls of one turn keep their order', async () => {
      const jobs = await addMany(12);
      const ids = jobs.map(({ id }) => Number(id));
      expect(ids).toEqual(sorted(ids));
      expect(new Set(ids).size).toBe(12);
      const order: number[] = [];
      work((index) => order.push(index), { concurrency: 1 });
      await completed(12);
      expect(order).toEqual(numbers(12));
    });

    test('each job is run once, whatever number of workers takes them', async () => {
      const runs = new Map<number, number>();
      for (let count = 0; count < 3; count++)
        work((index) => {
          runs.set(index, (runs.get(index) ?? 0) + 1);
        });
      await addMany(500);
      await queue.addBulk(numbers(500).map((at) => ({ name: 'job', data: { index: 500 + at } })));
      await completed(1_000);
      expect(runs.size).toBe(1_000);
      expect([...runs.values()].every((count) => count === 1)).toBe(true);
    });

    test('what is left in the store is what BullMQ leaves, to the last field and event', async () => {
      const run = async ({ data }: { data: { index: number } }) => {
        if (data.index === 3) throw new Error('not this one');
        return data.index === 4 ? undefined : { was: data.index, text: 'näh\n' };
      };
      const left = async (which: string, jobs: JobQueue, work: () => JobWorker) => {
        await jobs.waitUntilReady();
        const options = { attempts: 1, backoff: { type: 'exponential', delay: 2_000, jitter: 0.25 } };
        const addOne = (index: number, more = {}) =>
          jobs.add('job', { index, text: '"ü" \\' }, { ...options, ...more });
        for (const index of numbers(5)) await addOne(index);
        await addOne(5, { jobId: 'chosen', timestamp: 1_700_000_000_000 });
        await addOne(6, { jobId: 'chosen' });
        await jobs.addBulk([7, 8].map((index) => ({ name: 'job', data: { index }, opts: options })));
        const before = await world.stored(which);
        workers.push(work());
        await until('the queue has drained', async () => {
          const { completed: done = 0, failed = 0 } = await jobs.getJobCounts('completed', 'failed');
          return done + failed === 8 && JSON.stringify(await world.stored(which)).includes('"drained"');
        });
        return { before, after: await world.stored(which) };
      };
      const theirs = await left('theirs', stock.queue('theirs'), () =>
        stock.worker('theirs', run, {
          name: 'w',
          concurrency: 1,
          removeOnComplete: { age: 3_600, count: 100 },
        }),
      );
      const ourQueue = backend.queue('ours');
      const ours = await left('ours', ourQueue, () => {
        const worker = backend.worker('ours', run, {
          ...settings,
          name: 'w',
          concurrency: 1,
          keepCompleted: { ageMs: 3_600_000, count: 100 },
        });
        void worker.run();
        return worker;
      });
      await ourQueue.close();
      expect(ours).toEqual(theirs);
      expect(JSON.stringify(ours)).toContain('"chosen"');
    });

    test('a job whose lock is lost stays out of a batch in which the others are completed', async () => {
      const gate = Promise.withResolvers<void>();
      const started = new Map<number, string>();
      const runs: number[] = [];
      work(
        async (index, id) => {
          runs.push(index);
          if (index >= 8) return;
          started.set(index, id);
          if (runs.filter((one) => one === index).length === 1) await gate.promise;
        },
        { concurrency: 8, lockDurationMs: 2_000 },
      );
      await addMany(8);
      await until('all eight run', async () => started.size === 8);
      const lost = started.get(3) ?? '';
      // Kept from being renewed, for longer than the others need.
      await stock.steal(name, lost, 600_000);
      gate.resolve();
      await until('the other seven are completed', async () => (await counts()).completed === 7);
      expect(await queue.getJobState(lost)).toBe('active');
      // Its slot is free again.
      for (let index = 8; index < 28; index++) await add(index);
      await until('later jobs are completed', async () => (await counts()).completed === 27);
      // Nobody renews the lock: once it is over the job is found stalled, and done by another attempt.
      await stock.steal(name, lost, 1);
      await until('the lost job is completed', async () => (await counts()).completed === 28, 60_000);
      expect(runs.filter((index) => index === 3)).toHaveLength(2);
      expect(runs).toHaveLength(29);
    }, 90_000);

    test('a watcher hears every event that BullMQ has for a job, in order', async () => {
      const heard: { readonly event: string; readonly jobId?: string; readonly returnvalue?: unknown }[] = [];
      const events = stock.events(name);
      events.on('added', ({ jobId, name: job }) => heard.push({ event: `added ${job}`, jobId }));
      events.on('waiting', ({ jobId }) => heard.push({ event: 'waiting', jobId }));
      events.on('active', ({ jobId, prev }) => heard.push({ event: `active after ${prev}`, jobId }));
      events.on('completed', ({ jobId, returnvalue }) =>
        heard.push({ event: 'completed', jobId, returnvalue }),
      );
      events.on('drained', () => heard.push({ event: 'drained' }));
      const jobs = await addMany(120);
      work((index) => ({ index }));
      await completed(120);
      await until('the queue was heard to drain', async () => heard.at(-1)?.event === 'drained');
      for (const { id = '', data } of jobs) {
        expect(heard.filter(({ jobId }) => jobId === id)).toEqual([
          { event: 'added job', jobId: id },
          { event: 'waiting', jobId: id },
          { event: 'active after waiting', jobId: id },
          { event: 'completed', jobId: id, returnvalue: data },
        ]);
      }
    });

    test('exactly as many completed jobs are kept as there should be', async () => {
      work(() => undefined, { keepCompleted: { count: 7 } });
      const jobs = await addMany(200);
      await completed(7);
      const kept = await queue.getJobs(['completed'], 0, 100);
      expect(kept).toHaveLength(7);
      const stored = await Promise.all(jobs.map(({ id = '' }) => queue.getJob(id)));
      expect(stored.filter((job) => job !== undefined)).toHaveLength(7);
    });

    test('completed jobs that are too old go when others end', async () => {
      work(() => undefined, { keepCompleted: { ageMs: 1_000, count: 500 } });
      const jobs = await addMany(60);
      const last = jobs.at(-1)?.id ?? '';
      await until('the old ones are gone', async () => {
        await Promise.all([add(100), add(101), add(102)]);
        return (
          (await queue.getJob(last)) === undefined && (await queue.getJob(jobs[0]?.id ?? '')) === undefined
        );
      });
    });

    test('BullMQ alone does what was added here, and sees it as its own', async () => {
      const jobs = await addMany(50);
      const theirs = stock.queue(name);
      const [job] = jobs;
      expect(await theirs.getJob(job?.id ?? '')).toMatchObject({
        name: 'job',
        data: { index: 0 },
        opts: { attempts: 0 },
        timestamp: job?.timestamp,
        attemptsMade: 0,
        priority: 0,
      });
      const done: number[] = [];
      stock.worker(name, async ({ data }) => done.push(data.index), { concurrency: 5 });
      await completed(50);
      expect(sorted(done)).toEqual(numbers(50));
    });

    test('what BullMQ alone added is done here, and BullMQ sees how it ended', async () => {
      const theirs = stock.queue(name);
      await theirs.addBulk(numbers(50).map((index) => ({ name: 'job', data: { index } })));
      await theirs.add('job', { index: 50 }, { priority: 2 });
      await theirs.add('job', { index: 51 }, { delay: 300 });
      await theirs.add('job', { index: 52 }, { removeOnComplete: true });
      work((index) => ({ index }));
      await completed(52);
      const ended = await theirs.getJobs(['completed'], 0, 100);
      for (const job of ended) {
        expect(job).toMatchObject({
          returnvalue: job.data,
          attemptsMade: 1,
          attemptsStarted: 1,
          processedBy: 'ours',
        });
        expect(job.finishedOn).toBeGreaterThanOrEqual(job.processedOn ?? Number.POSITIVE_INFINITY);
      }
      expect(sorted(ended.map(({ data }) => data.index))).toEqual(numbers(52));
    });

    test('workers of both kinds share a queue', async () => {
      const runs: number[] = [];
      work((index) => runs.push(index), { concurrency: 5 });
      stock.worker(name, async ({ data }) => runs.push(data.index), { concurrency: 5 });
      await addMany(400);
      await completed(400);
      expect(sorted(runs)).toEqual(numbers(400));
    });

    test('jobs that fail, wait and succeed in one batch end as each should', async () => {
      const attempts = new Map<number, number>();
      work((index) => {
        const attempt = (attempts.get(index) ?? 0) + 1;
        attempts.set(index, attempt);
        if (index % 5 === 0 && attempt < 3) throw new Error(`not yet ${index}`);
        if (index % 7 === 3) throw new Error(`never ${index}`);
      });
      await Promise.all(
        numbers(100).map((index) =>
          add(index, { attempts: 3, backoff: { type: 'fixed', delay: index % 2 } }),
        ),
      );
      const failing = numbers(100).filter((index) => index % 7 === 3);
      await until('all have ended', async () => {
        const { failed = 0, completed: done = 0 } = await counts();
        return failed + done === 100;
      });
      expect((await counts()).failed).toBe(failing.length);
      for (const index of failing) expect(attempts.get(index)).toBe(3);
      expect(attempts.get(0)).toBe(3);
      expect(attempts.get(1)).toBe(1);
    });

    test('jobs that come due while others run are taken in their turn', async () => {
      const runs: number[] = [];
      await Promise.all(numbers(60).map((index) => add(index, { delay: 1 + (index % 20) * 10 })));
      await addMany(60);
      work((index) => runs.push(index), { concurrency: 10 });
      await completed(120);
      expect(runs).toHaveLength(120);
    });

    test('the last jobs of a stopping worker are recorded, and no others are taken', async () => {
      const gate = Promise.withResolvers<void>();
      let running = 0;
      const worker = work(
        async () => {
          running++;
          await gate.promise;
        },
        { concurrency: 10 },
      );
      await addMany(30);
      await until('ten run', async () => running === 10);
      const closed = worker.close();
      gate.resolve();
      await closed;
      expect(await counts()).toMatchObject({ completed: 10, active: 0, waiting: 20 });
      expect(running).toBe(10);
    });
  });
}
