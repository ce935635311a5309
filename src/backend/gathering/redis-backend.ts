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
import { Gatherer, type Pending } from './gatherer.ts';
import {
  type Entry,
  type FinishSettings,
  finishSettings,
  isPlainAdd,
  isPlainFinish,
  nothingTaken,
  type Taken,
  type Turn,
  type TurnAnswer,
} from './plain.ts';
import { addMany, delayedDue, finishAndTake, notPlain, type RedisScript } from './redis-scripts.ts';

const mostAdds = 500;
const mostTurns = 200;
const inFlightMost = 2;

/** What `finishAndTake` gives back. */
type FinishReply = [
  codes: number[],
  taken: [call: number, fields: string[], id: string][],
  state: number,
  nextDelayed: number,
];

/**
 * BullMQ's backend on Redis, with the calls that are pending at the same moment in one script: plain adds, and plain
 * completions with the takes that follow them. What is not plain goes BullMQ's own way.
 */
class GatheringRedisBackend extends RedisQueueBackend {
  readonly #finish: FinishSettings | undefined;
  readonly #adds: Gatherer<Entry, string>;
  readonly #turns: Gatherer<Turn, TurnAnswer>;
  readonly #addKeys: readonly string[];
  readonly #turnKeys: readonly string[];
  #client: IRedisClient | undefined;

  constructor(stock: RedisQueueBackend, name: string, opts: QueueBaseOptions) {
    super(stock.connection, name, stock.keys, (type) => stock.toKey(type), opts, stock.blockingConnection);
    this.#finish = finishSettings(opts);
    const keysOf = ({ keys }: RedisScript) => [...keys, ''].map((key) => this.toKey(key));
    this.#addKeys = keysOf(addMany);
    this.#turnKeys = keysOf(finishAndTake);
    this.#adds = new Gatherer({
      send: (batch) => this.#sendAdds(batch),
      most: mostAdds,
      inFlightMost,
      defer: queueMicrotask,
    });
    this.#turns = new Gatherer({
      send: (batch) => this.#sendTurns(batch),
      most: mostTurns,
      inFlightMost,
      defer: setImmediate,
    });
  }

  override addJob(job: JobJson, jobId: string, parentKeyOpts?: ParentKeyOpts): Promise<string> {
    const entry = { job, jobId, ...(parentKeyOpts === undefined ? {} : { parentKeyOpts }) };
    return isPlainAdd(entry) ? this.#adds.call(entry) : super.addJob(job, jobId, parentKeyOpts);
  }

  override addJobs(entries: Entry[]): Promise<string[]> {
    return entries.length > 0 && entries.every(isPlainAdd) ? this.#addMany(entries) : super.addJobs(entries);
  }

  override async moveToActive(token: string, name?: string): Promise<Taken> {
    if (this.#finish === undefined) return super.moveToActive(token, name);
    const { next } = await this.#turns.call({ job: undefined, result: '', token, wantsNext: true });
    return typeof next === 'string' ? this.#take(next, token) : next;
  }

  override async moveToCompleted<T, R, N extends string>(
    job: MinimalJob<T, R, N>,
    value: R,
    removeOnComplete: boolean | number | KeepJobs,
    token: string,
    fetchNext: boolean,
  ): ReturnType<RedisQueueBackend['moveToCompleted']> {
    if (this.#finish === undefined || !isPlainFinish(job, removeOnComplete, token))
      return super.moveToCompleted(job, value, removeOnComplete, token, fetchNext);
    const wantsNext = fetchNext && this.closing === undefined;
    const result = JSON.stringify(value) ?? 'null';
    const { finished, finishedOn, next } = await this.#turns.call({ job, result, token, wantsNext });
    if (!finished) return super.moveToCompleted(job, value, removeOnComplete, token, fetchNext);
    if (typeof next !== 'string') return { finishedOn, result: next };
    try {
      return { finishedOn, result: await this.#take(next, token) };
    } catch (error) {
      // The job is completed: that no other could be taken must not look as if it were not.
      this.emit('error', error);
      return { finishedOn, result: nothingTaken() };
    }
  }

  #take(how: 'stock' | 'again', token: string): Promise<Taken> {
    const worker = this.#finish?.worker;
    return how === 'again' ? this.moveToActive(token, worker) : super.moveToActive(token, worker);
  }

  async #sendAdds(batch: readonly Pending<Entry, string>[]): Promise<void> {
    const ids = await this.#addMany(batch.map(({ call }) => call));
    for (const [at, { resolve, reject }] of batch.entries()) {
      const id = ids[at];
      if (id === undefined) reject(new Error('Redis answered with fewer jobs than were added.'));
      else resolve(id);
    }
  }

  async #addMany(entries: readonly Entry[]): Promise<string[]> {
    const args: (string | number)[] = [...this.#addKeys, entries.length];
    for (const { job, jobId } of entries)
      args.push(jobId || '', job.name, job.data, JSON.stringify(job.opts), job.timestamp);
    return this.#run(addMany, args);
  }

  async #sendTurns(batch: readonly Pending<Turn, TurnAnswer>[]): Promise<void> {
    const { lockMs, worker, keepAge, keepCount } = this.#finish ?? {};
    const now = Date.now();
    const args: (string | number)[] = [
      ...this.#turnKeys,
      now,
      lockMs ?? 0,
      worker ?? '',
      keepAge ?? '',
      keepCount ?? '',
      batch.length,
    ];
    for (const { call } of batch)
      args.push(call.job?.id ?? '', call.token, call.result, call.wantsNext ? '1' : '0');
    const [codes, taken, state, nextDelayed]: FinishReply = await this.#run(finishAndTake, args);
    const jobs = new Map(taken.map(([at, fields, id]) => [at - 1, raw2NextJobData([fields, id, 0, 0])]));
    let promoter = false;
    const whereElse = (): TurnAnswer['next'] => {
      if (state === notPlain) return 'stock';
      if (state !== delayedDue) return nothingTaken(nextDelayed);
      if (promoter) return 'again';
      // One of BullMQ's own takes puts the due jobs in their places.
      promoter = true;
      return 'stock';
    };
    for (const [at, { call, resolve, reject }] of batch.entries()) {
      const code = codes[at] ?? 0;
      if (code < 0) reject(this.#refusal(code, call));
      else if (code === notPlain) resolve({ finished: false, finishedOn: now, next: 'stock' });
      else {
        const next = call.wantsNext ? (jobs.get(at) ?? whereElse()) : [];
        resolve({ finished: true, finishedOn: now, next });
      }
    }
  }

  #refusal(code: number, { job }: Turn): Error {
    return this.finishedErrors({ code, jobId: job?.id ?? '', command: 'moveToFinished', state: 'active' });
  }

  /** The script's own answer, whose shape its documentation says. */
  async #run<T>(script: RedisScript, args: readonly (string | number)[]): Promise<T> {
    const client = this.#client ?? (await this.#define());
    return client.runCommand(script.name, [...args]);
  }

  async #define(): Promise<IRedisClient> {
    const client = await this.connection.client;
    for (const { name, keys, lua } of [addMany, finishAndTake])
      client.defineCommand(name, { numberOfKeys: keys.length, lua });
    this.#client = client;
    return client;
  }
}

/** BullMQ's factory makes the connections; the backend around them is ours. */
export const createGatheringRedisBackend: BackendFactory<GatheringRedisBackend> = (name, opts, options) => {
  const stock = createRedisBackend(name, opts, options);
  // Both hear of the connection's errors, and this one has nobody to tell.
  stock.on('error', () => undefined);
  return new GatheringRedisBackend(stock, name, opts);
};
