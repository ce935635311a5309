import {
  createPostgresBackend,
  isPgPool,
  type JobsOptions,
  type KeepJobs,
  Queue,
  runMigrations,
  Worker,
  type WorkerOptions,
  withBackend,
} from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { Retention } from '../../queues/define.ts';
import { queueNames, queues } from '../../queues/index.ts';
import {
  backoffMs,
  concurrency,
  jobName,
  maxAttempts,
  type Payload,
  type Peer,
  type PeerOptions,
  queueName,
  result,
} from './peer.ts';

const options: JobsOptions = {
  attempts: maxAttempts,
  backoff: { type: 'exponential', delay: backoffMs, jitter: 0.25 },
};
const { defaults } = queues[queueName];
const settings: Omit<WorkerOptions, 'connection'> = {
  concurrency,
  maxStalledCount: defaults.maxStalls,
  removeOnComplete: keep(defaults.keepCompleted),
  removeOnFail: keep(defaults.keepFailed),
  autorun: false,
};
/** The queue's retention in BullMQ's terms, with age in seconds. */
function keep({ ageMs = 0, count }: Retention): KeepJobs {
  const age = ageMs / 1_000;
  return count === undefined ? { age } : { age, count };
}

/** As many connections as the platform's pool has. */
const poolSize = 12;

const onPostgres = withBackend(createPostgresBackend);

/** The part of BullMQ's Worker that the bench needs, whichever store is beneath. */
interface RawWorker {
  waitUntilReady(): Promise<unknown>;
  run(): Promise<void>;
  close(): Promise<void>;
}

type RawQueue = Pick<Queue, 'add' | 'addBulk' | 'getJobCounts' | 'close'>;
type Processor = (job: { id?: string | undefined }) => Promise<unknown>;

/** BullMQ used directly, as its documentation shows. */
export async function openRawBullmq({ store, url }: PeerOptions): Promise<Peer> {
  const { queue, openWorker, disconnect } = store === 'redis' ? onRedis(url) : await onPool(url);
  return {
    async add(payload) {
      return idOf(await queue.add(jobName, payload, options));
    },
    async addMany(payloads: readonly Payload[]) {
      const jobs = await queue.addBulk(payloads.map((data) => ({ name: jobName, data, opts: options })));
      return jobs.map(idOf);
    },
    async openWorkers(ran) {
      // As many workers as the platform has: idle ones have a price, too, which is BullMQ's and not the platform's.
      const workers = queueNames.map((name) =>
        openWorker(name, async (job) => {
          ran(idOf(job));
          return result;
        }),
      );
      await Promise.all(workers.map((worker) => worker.waitUntilReady()));
      const running = workers.map((worker) => worker.run());
      return async () => {
        await Promise.all(workers.map((worker) => worker.close()));
        await Promise.all(running);
      };
    },
    // It puts nothing off.
    settle: () => Promise.resolve({ dropped: 0, seconds: 0, cpuSeconds: 0 }),
    async counts() {
      const counts = await queue.getJobCounts('waiting', 'active', 'completed', 'failed');
      return {
        waiting: counts.waiting ?? 0,
        active: counts.active ?? 0,
        completed: counts.completed ?? 0,
        failed: counts.failed ?? 0,
      };
    },
    verify: async () => undefined,
    async close() {
      await queue.close();
      await disconnect();
    },
  };
}

interface Opened {
  readonly queue: RawQueue;
  openWorker(name: string, processor: Processor): RawWorker;
  disconnect(): Promise<void>;
}

function onRedis(url: string): Opened {
  const producer = new Redis(url);
  const consumer = new Redis(url, { maxRetriesPerRequest: null });
  return {
    queue: new Queue(queueName, { connection: producer }),
    openWorker: (name, processor) => new Worker(name, processor, { ...settings, connection: consumer }),
    async disconnect() {
      producer.disconnect();
      consumer.disconnect();
    },
  };
}

async function onPool(url: string): Promise<Opened> {
  const pool = new pg.Pool({
    connectionString: url,
    max: poolSize,
    options: '-c search_path=bullmq,public',
  });
  if (!isPgPool(pool)) throw new Error('BullMQ no longer knows a pg.Pool when it sees one.');
  const client = await pool.connect();
  try {
    await runMigrations(client);
  } finally {
    client.release();
  }
  return {
    queue: new onPostgres.Queue(queueName, { connection: pool }),
    openWorker: (name, processor) =>
      new onPostgres.Worker(name, processor, { ...settings, connection: pool }),
    disconnect: () => pool.end(),
  };
}

function idOf(job: { id?: string | undefined }): string {
  if (job.id === undefined) throw new Error('BullMQ gave a job no id.');
  return job.id;
}
