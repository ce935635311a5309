import {
  type BackendFactory,
  type JobJson,
  type KeepJobs,
  type MinimalJob,
  type ParentKeyOpts,
  PostgresConnection,
  type PostgresConnectionOptions,
  PostgresQueueBackend,
  type QueueBaseOptions,
} from 'bullmq';
import type { Pool } from 'pg';
import { Adds, type Entry, type PlainJob } from './adds.ts';
import { addMany, finishAndTake, type PostgresFunction } from './postgres-functions.ts';
import { type JobRow, jobJsonOf } from './postgres-row.ts';
import {
  isPlainFinish,
  type Taken,
  type Turn,
  type TurnSettings,
  Turns,
  type TurnsReply,
  turnSettings,
} from './turns.ts';

/** Classes of SQLSTATE that say nothing of the statement: connection, resources, operator. */
const notOfTheStatement = /^(08|53|57)/;

interface FinishReply {
  readonly codes: readonly number[];
  readonly jobs: readonly (JobRow & { readonly call: number })[] | null;
  readonly state: number;
  readonly next: number | null;
}

/**
 * BullMQ's backend on PostgreSQL, with the calls that are pending at the same moment in one statement and one commit:
 * plain adds, and plain completions with the takes that follow them. What is not plain goes BullMQ's own way.
 */
class GatheringPostgresBackend extends PostgresQueueBackend {
  readonly #pool: Pool;
  readonly #adds: Adds;
  readonly #turns: Turns | undefined;

  constructor(
    pool: Pool,
    name: string,
    opts: QueueBaseOptions<PostgresConnectionOptions>,
    listener?: string,
  ) {
    super(new PostgresConnection(opts.connection), name, opts, true, listener);
    this.#pool = pool;
    this.#adds = new Adds({
      send: (jobs) => this.#addMany(jobs),
      refusedWhole,
      stock: {
        addJob: (job, jobId, parentKeyOpts) => super.addJob(job, jobId, parentKeyOpts),
        addJobs: (entries) => super.addJobs(entries),
      },
    });
    const settings = turnSettings(opts);
    if (settings === undefined) return;
    this.#turns = new Turns({
      send: (turns, now) => this.#finishAndTake(turns, now, settings),
      refusedWhole,
      takeAlone: (token) => super.moveToActive(token, settings.worker),
      onError: (error) => this.emit('error', error),
    });
  }

  override addJob(job: JobJson, jobId: string, parentKeyOpts?: ParentKeyOpts): Promise<string> {
    return this.#adds.add(job, jobId, parentKeyOpts);
  }

  override addJobs(entries: Entry[]): Promise<string[]> {
    return this.#adds.addMany(entries);
  }

  override moveToActive(token: string, name?: string): Promise<Taken> {
    return this.#turns === undefined ? super.moveToActive(token, name) : this.#turns.take(token);
  }

  override async moveToCompleted<T, R, N extends string>(
    job: MinimalJob<T, R, N>,
    value: R,
    removeOnComplete: boolean | number | KeepJobs,
    token: string,
    fetchNext: boolean,
  ): ReturnType<PostgresQueueBackend['moveToCompleted']> {
    const completed = isPlainFinish(job, removeOnComplete, token)
      ? await this.#turns?.complete(job, value, token, fetchNext && this.closing === undefined)
      : undefined;
    return completed ?? super.moveToCompleted(job, value, removeOnComplete, token, fetchNext);
  }

  #addMany(jobs: readonly PlainJob[]): Promise<string[]> {
    // `data` and `opts` are JSON already.
    const list = jobs.map(({ id, name, data, opts, attempts, timestamp }) => {
      const chosen = id === '' ? '' : `"id":${JSON.stringify(id)},`;
      return `{${chosen}"name":${JSON.stringify(name)},"data":${data},"opts":${opts},"attempts":${attempts},"timestamp":${timestamp}}`;
    });
    return this.#call(addMany, [`[${list.join(',')}]`]);
  }

  async #finishAndTake(turns: readonly Turn[], now: number, settings: TurnSettings): Promise<TurnsReply> {
    const { lockMs, worker, keepAge, keepCount } = settings;
    const list = turns.map(({ job, token, result, wantsNext }) => {
      const finished = job?.id === undefined ? '' : `"id":${JSON.stringify(job.id)},"result":${result},`;
      return `{${finished}"token":${JSON.stringify(token)},"next":${wantsNext}}`;
    });
    const { codes, jobs, state, next }: FinishReply = await this.#call(finishAndTake, [
      `[${list.join(',')}]`,
      now,
      lockMs,
      worker === '' ? null : worker,
      keepAge ?? null,
      keepCount ?? null,
    ]);
    const taken = new Map((jobs ?? []).map((row) => [row.call - 1, [jobJsonOf(row), row.id, 0, 0]]));
    return { codes, taken, state, nextDelayed: next ?? 0 };
  }

  /** The function's own answer, whose shape its documentation says. */
  async #call<T>({ name }: PostgresFunction, values: readonly unknown[]): Promise<T> {
    await this.connection.waitUntilReady();
    const parameters = values.map((_, at) => `$${at + 2}`).join(', ');
    const text = `select ${name}($1, ${parameters}) as answer`;
    const { rows } = await this.#pool.query({ name, text, values: [this.queueName, ...values] });
    return rows[0].answer;
  }
}

function refusedWhole(error: unknown): boolean {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^[0-9A-Z]{5}$/.test(code) && !notOfTheStatement.test(code);
}

/** @param pool that `opts.connection` stands for. */
export function createGatheringPostgresBackend(
  pool: Pool,
): BackendFactory<GatheringPostgresBackend, PostgresConnectionOptions> {
  return (name, opts, { withBlockingConnection = false } = {}) => {
    // By this name of its connection BullMQ finds a worker.
    const worker = 'name' in opts && typeof opts.name === 'string' ? `:w:${opts.name}` : '';
    return new GatheringPostgresBackend(
      pool,
      name,
      opts,
      withBlockingConnection ? `${name}${worker}` : undefined,
    );
  };
}
