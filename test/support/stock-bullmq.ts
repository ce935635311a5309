import {
  createPostgresBackend,
  createRedisBackend,
  isPgPool,
  type Processor,
  type QueueEventsListener,
  type WorkerOptions,
  withBackend,
} from 'bullmq';
import { Redis } from 'ioredis';
import pg from 'pg';
import type { JobQueue, JobWorker } from '../../src/backend/port.ts';

type Settings = Partial<Omit<WorkerOptions, 'connection' | 'prefix' | 'autorun'>>;

export interface Watcher {
  on<E extends keyof QueueEventsListener>(event: E, listener: QueueEventsListener[E]): unknown;
  close(): Promise<void>;
}

/** BullMQ as anybody else may run it beside the platform, on the same queues. */
export interface StockBullmq {
  queue(name: string): JobQueue;
  /** Takes jobs at once. */
  worker(name: string, processor: Processor, settings?: Settings): JobWorker;
  /** Hears every event that the store still has. */
  events(name: string): Watcher;
  /** Gives a running job's lock to somebody else, for as long. */
  steal(queue: string, jobId: string, forMs: number): Promise<void>;
  close(): Promise<void>;
}

export function stockOnRedis(url: string, prefix: string): StockBullmq {
  const connection = new Redis(url, { maxRetriesPerRequest: null });
  const base = { connection, prefix };
  const bullmq = withBackend(createRedisBackend);
  return closing({
    queue: (name) => new bullmq.Queue(name, base),
    worker: (name, processor, settings) => new bullmq.Worker(name, processor, { ...settings, ...base }),
    events: (name) => new bullmq.QueueEvents(name, { ...base, lastEventId: '0' }),
    async steal(queue, jobId, forMs) {
      await connection.set(`${prefix}:${queue}:${jobId}:lock`, 'somebody else', 'PX', forMs);
    },
    async close() {
      connection.disconnect();
    },
  });
}

export function stockOnPostgres(url: string): StockBullmq {
  const options = '-c search_path=bullmq,public';
  const pool = new pg.Pool({ connectionString: url, max: 12, keepAlive: true, options });
  if (!isPgPool(pool)) throw new Error('BullMQ no longer knows a pg.Pool when it sees one.');
  const base = { connection: pool };
  const bullmq = withBackend(createPostgresBackend);
  return closing({
    queue: (name) => new bullmq.Queue(name, base),
    worker: (name, processor, settings) => new bullmq.Worker(name, processor, { ...settings, ...base }),
    events: (name) => new bullmq.QueueEvents(name, { ...base, lastEventId: '0' }),
    async steal(queue, jobId, forMs) {
      await pool.query(
        `update bullmq.job set lock_token = 'somebody else', locked_until_ms = $3 where queue = $1 and id = $2`,
        [queue, jobId, Date.now() + forMs],
      );
    },
    close: () => pool.end(),
  });
}

/** Closes what was opened before its connections. */
function closing(stock: StockBullmq): StockBullmq {
  const opened: { close(): Promise<unknown> }[] = [];
  const kept = <T extends { close(): Promise<unknown> }>(one: T): T => {
    opened.push(one);
    return one;
  };
  return {
    queue: (name) => kept(stock.queue(name)),
    worker: (name, processor, settings) => kept(stock.worker(name, processor, settings)),
    events: (name) => kept(stock.events(name)),
    steal: stock.steal,
    async close() {
      await Promise.all(opened.map((each) => each.close()));
      await stock.close();
    },
  };
}
