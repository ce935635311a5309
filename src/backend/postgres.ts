import { isPgPool, type JobType, runMigrations, withBackend } from 'bullmq';
import pg from 'pg';
import { MillraceError } from '../errors/catalogue.ts';
import { messageOf } from '../errors/classify.ts';
import { createGatheringPostgresBackend } from './gathering/postgres-backend.ts';
import { installFunctions } from './gathering/postgres-functions.ts';
import { inspectPostgres } from './inspect-postgres.ts';
import { workerOptions } from './options.ts';
import type { Backend } from './port.ts';
import type { Telemetry } from './telemetry.ts';

export interface PostgresBackendOptions {
  readonly url: string;
  /** How many workers will run in this process: each keeps a connection for LISTEN for good. */
  readonly workers: number;
  readonly embedded: boolean;
  readonly telemetry?: Telemetry;
}

/** Connections for the statements of producers, and as many for those of workers; more bring no more speed. */
const workingConnections = 4;

/** The most connections that a process with so many workers holds. */
export function connectionsOf(workers: number): number {
  return workers + 2 * workingConnections;
}

/** BullMQ's tables live in a schema of their own, beside the application's. */
const schema = 'bullmq';

/** Whoever adds a job must hear soon that it was not accepted; a worker would rather wait than do a job again. */
const timeouts = {
  producers: { connectionTimeoutMillis: 3_000, query_timeout: 4_000 },
  workers: { connectionTimeoutMillis: 5_000, query_timeout: 30_000 },
} as const;

const closingLimitMs = 2_000;

/**
 * Queues in PostgreSQL, by BullMQ's own backend. Its migrations run here, under its advisory lock.
 * The pools are ours since BullMQ cannot load `pg` in native ES modules; a pool with no more connections than
 * workers would hang for ever, hence the size of theirs.
 * @throws MillraceError QUEUE_UNAVAILABLE when it cannot be reached.
 */
export async function openPostgresBackend({
  url,
  workers,
  embedded,
  telemetry,
}: PostgresBackendOptions): Promise<Backend> {
  const settings = {
    connectionString: url,
    options: `-c search_path=${schema},public`,
    application_name: 'millrace-queues',
    keepAlive: true,
  };
  await applyMigrations(settings, embedded);
  const producers = openPool({ ...settings, ...timeouts.producers, max: workingConnections });
  const consumers = openPool({ ...settings, ...timeouts.workers, max: workers + workingConnections });
  const { Queue } = withBackend(createGatheringPostgresBackend(producers));
  const { Worker } = withBackend(createGatheringPostgresBackend(consumers));
  /** BullMQ's backend counts what waits in a paused queue under a state that BullMQ 6 no longer has, and so as none. */
  class PausableQueue extends Queue {
    override async getJobCounts(...types: JobType[]): Promise<{ [index: string]: number }> {
      const counts = await super.getJobCounts(...types);
      if (counts.waiting !== 0) return counts;
      const [waiting = 0] = Object.values(await this.getCountsPerPriority([0]));
      return { ...counts, waiting };
    }
  }
  let closing: Promise<unknown> | undefined;
  const traced = telemetry === undefined ? {} : { telemetry };
  return {
    kind: embedded ? 'embedded' : 'postgres',
    address: withoutSecrets(url),
    queue: (name) => new PausableQueue(name, { connection: lent(producers), ...traced }),
    worker: (name, processor, options) =>
      new Worker(name, processor, { ...workerOptions(options), connection: lent(consumers), ...traced }),
    async ping() {
      const began = performance.now();
      await producers.query('select 1');
      return performance.now() - began;
    },
    inspect: (beside) => inspectPostgres(producers, beside + workers + 2 * workingConnections),
    close() {
      closing ??= Promise.all([end(producers), end(consumers)]);
      return closing.then(() => undefined);
    },
  };
}

const embeddedAdvice =
  'It is the embedded server: postgres.log in DATA_DIR says why it ended, such as a full disk or another process in its folder. Start Millrace again once that is mended.';

/** On a connection of its own: a migration may take longer than any statement of the queues. */
async function applyMigrations(
  settings: pg.ClientConfig & { readonly connectionString: string },
  embedded: boolean,
): Promise<void> {
  const client = new pg.Client({
    ...settings,
    connectionTimeoutMillis: timeouts.workers.connectionTimeoutMillis,
  });
  client.on('error', () => undefined);
  await client.connect().catch((error: unknown) => {
    throw new MillraceError(
      'QUEUE_UNAVAILABLE',
      `PostgreSQL at ${withoutSecrets(settings.connectionString)} does not answer (${messageOf(error)}). ${embedded ? embeddedAdvice : 'Check DATABASE_URL and the server.'}`,
      { cause: error, retryable: !isRefusal(error) },
    );
  });
  try {
    await runMigrations(client, schema);
    await installFunctions(client);
  } finally {
    await client.end();
  }
}

/** 28: the name or the password is wrong; 3D: there is no such database. Both stay so until somebody mends them. */
function isRefusal(error: unknown): boolean {
  return error instanceof pg.DatabaseError && /^(28|3D)/.test(error.code ?? '');
}

function openPool(settings: pg.PoolConfig): pg.Pool {
  const pool = new pg.Pool(settings);
  // Lost connections, idle or in use, are replaced at the next statement; unheard, the event would end the process.
  pool.on('error', () => undefined);
  pool.on('connect', (client) => client.on('error', () => undefined));
  return pool;
}

/** Waits for the statements that run, but not for ever: a server that is silent answers none. */
function end(pool: pg.Pool): Promise<unknown> {
  const limit = new Promise<void>((resolve) => {
    setTimeout(resolve, closingLimitMs).unref();
  });
  return Promise.race([pool.end(), limit]);
}

/**
 * The pool as BullMQ may use it. Each queue and worker would listen to the pool for ever, and a queue that is opened
 * while the store is away is opened again and again.
 */
function lent(pool: pg.Pool) {
  const connection = {
    query: pool.query.bind(pool),
    connect: pool.connect.bind(pool),
    // The pool is closed by who opened it.
    end: async () => undefined,
    on: () => connection,
    options: pool.options,
  };
  if (!isPgPool(connection)) throw new Error('BullMQ no longer knows a pg.Pool when it sees one.');
  return connection;
}

function withoutSecrets(url: string): string {
  const parsed = new URL(url);
  return `${parsed.protocol}//${parsed.host}${parsed.pathname}`;
}
