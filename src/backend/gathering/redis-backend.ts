import {
  type BackendFactory,
  createRedisBackend,
  type IRedisClient,
  type JobJson,
  type KeepJobs,
  type MinimalJob,
  type ParentKeyOpts,
  type QueueBaseOptions,
  RedisQueueBackend,
  raw2NextJobData,
} from 'bullmq';
import { Adds, type Entry, type PlainJob } from './adds.ts';
import { addMany, finishAndTake, type RedisScript } from './redis-scripts.ts';
import {
  isPlainFinish,
  type Taken,
  type Turn,
  type TurnSettings,
  Turns,
  type TurnsReply,
  turnSettings,
} from './turns.ts';

/**
 * BullMQ's backend on Redis, with the calls that are pending at the same moment in one script: plain adds, and plain
 * completions with the takes that follow them. What is not plain goes BullMQ's own way.
 */
class GatheringRedisBackend extends RedisQueueBackend {
  readonly #adds: Adds;
  readonly #turns: Turns | undefined;
  readonly #keys: ReadonlyMap<RedisScript, readonly string[]>;
  #client: IRedisClient | undefined;

  constructor(stock: RedisQueueBackend, name: string, opts: QueueBaseOptions) {
    super(stock.connection, name, stock.keys, (type) => stock.toKey(type), opts, stock.blockingConnection);
    // A script's first argument is the prefix of all keys.
    this.#keys = new Map(
      [addMany, finishAndTake].map((script) => [script, [...script.keys, ''].map((key) => this.toKey(key))]),
    );
    this.#adds = new Adds({
      send: (jobs) => this.#addMany(jobs),
      // A script that fails midway has done a part.
      refusedWhole: () => false,
      stock: {
        addJob: (job, jobId, parentKeyOpts) => super.addJob(job, jobId, parentKeyOpts),
        addJobs: (entries) => super.addJobs(entries),
      },
    });
    const settings = turnSettings(opts);
    if (settings === undefined) return;
    this.#turns = new Turns({
      send: (turns, now) => this.#finishAndTake(turns, now, settings),
      refusedWhole: () => false,
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
  ): ReturnType<RedisQueueBackend['moveToCompleted']> {
    const completed = isPlainFinish(job, removeOnComplete, token)
      ? await this.#turns?.complete(job, value, token, fetchNext && this.closing === undefined)
      : undefined;
    return completed ?? super.moveToCompleted(job, value, removeOnComplete, token, fetchNext);
  }

  #addMany(jobs: readonly PlainJob[]): Promise<string[]> {
    const args: (string | number)[] = [jobs.length];
    for (const { id, name, data, opts, timestamp } of jobs) args.push(id, name, data, opts, timestamp);
    return this.#run(addMany, args);
  }

  async #finishAndTake(turns: readonly Turn[], now: number, settings: TurnSettings): Promise<TurnsReply> {
    const { lockMs, worker, keepAge = '', keepCount = '' } = settings;
    const args: (string | number)[] = [now, lockMs, worker, keepAge, keepCount, turns.length];
    for (const { job, token, result, wantsNext } of turns)
      args.push(job?.id ?? '', token, result, wantsNext ? '1' : '0');
    const [codes, jobs, state, nextDelayed]: FinishReply = await this.#run(finishAndTake, args);
    const taken = new Map(jobs.map(([at, fields, id]) => [at - 1, raw2NextJobData([fields, id, 0, 0])]));
    return { codes, taken, state, nextDelayed };
  }

  /** The script's own answer, whose shape its documentation says. */
  async #run<T>(script: RedisScript, args: readonly (string | number)[]): Promise<T> {
    const client = this.#client ?? (await this.#define());
    return client.runCommand(script.name, [...(this.#keys.get(script) ?? []), ...args]);
  }

  async #define(): Promise<IRedisClient> {
    const client = await this.connection.client;
    for (const { name, keys, lua } of this.#keys.keys())
      client.defineCommand(name, { numberOfKeys: keys.length, lua });
    this.#client = client;
    return client;
  }
}

/** What `finishAndTake` gives back. */
type FinishReply = [
  codes: number[],
  taken: [turn: number, fields: string[], id: string][],
  state: number,
  nextDelayed: number,
];

/** BullMQ's factory makes the connections; the backend around them is ours. */
export const createGatheringRedisBackend: BackendFactory<GatheringRedisBackend> = (name, opts, options) => {
  const stock = createRedisBackend(name, opts, options);
  // Both hear of the connection's errors, and this one has nobody to tell.
  stock.on('error', () => undefined);
  return new GatheringRedisBackend(stock, name, opts);
};
