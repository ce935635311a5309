/** `npm run bench`: Millrace against BullMQ alone, on the same stores, in turn. */
import { createReadStream } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { parseArgs } from 'node:util';
import { z } from 'zod';
import { type Contestant, openContestant } from './contestant.ts';
import { type Measurement, measure } from './measure.ts';
import { isMet, machineFacts, renderTable } from './report.ts';
import { findRedis, type Store, startPostgres, startRedis } from './stores.ts';
import { tasks } from './tasks.ts';

const help = `npm run bench -- [options]

Compares Millrace, with validation, logs, metrics and dead letters on, with BullMQ used directly: adding and processing
jobs on Redis (redis-server from the PATH; left out when there is none) and on PostgreSQL (the embedded one). Servers,
data and logs are the bench's own and are removed at its end.

  --rounds <n>      rounds that count, after one to warm up (default 9)
  --jobs <n>        jobs processed in a round on Redis; PostgreSQL gets half (default 2000)
  --only <store>    redis or postgres
  --task <name>     only this one: lone, concurrent, bulk or process
  --json            the figures as JSON on stdout, without the table
  --profile <dir>   V8 profiles of both peers into this folder (open them in Chrome's DevTools)
  --help            this text
`;

const optionsSchema = z.strictObject({
  rounds: z.coerce.number().int().min(1).max(1_000).default(9),
  jobs: z.coerce.number().int().min(200).max(1_000_000).default(2_000),
  only: z.enum(['redis', 'postgres']).optional(),
  task: z.enum(tasks).optional(),
  json: z.boolean().default(false),
  profile: z.string().optional(),
});
type Options = z.infer<typeof optionsSchema>;

function readOptions(): Options | undefined {
  const text = { type: 'string' } as const;
  const flag = { type: 'boolean' } as const;
  const { values } = parseArgs({
    options: { rounds: text, jobs: text, only: text, task: text, profile: text, json: flag, help: flag },
  });
  const { help: wanted, ...rest } = values;
  return wanted === true ? undefined : optionsSchema.parse(rest);
}

/** What must be undone at the end, the newest first. */
const undo: (() => Promise<unknown> | unknown)[] = [];

async function cleanUp(): Promise<void> {
  for (const step of undo.splice(0).reverse()) await step();
}

const say = (text: string) => process.stderr.write(`${text}\n`);

async function main(options: Options): Promise<void> {
  const loadBefore = os.loadavg()[0] ?? 0;
  const dir = await mkdtemp(join(os.tmpdir(), 'millrace-bench-'));
  undo.push(() => rm(dir, { recursive: true, force: true }));
  const measurements: Measurement[] = [];
  const versions: string[] = [];
  for (const kind of wantedStores(options)) {
    const store = await startStore(kind, dir);
    const stop = once(() => store.stop());
    undo.push(stop);
    versions.push(store.version);
    measurements.push(...(await runOn(store, dir, options)));
    await stop();
  }
  const machine = machineFacts(versions, loadBefore);
  if (options.json) {
    const results = measurements.map((measurement) => ({ ...measurement, met: isMet(measurement) ?? null }));
    process.stdout.write(`${JSON.stringify({ machine, rounds: options.rounds, results }, null, 2)}\n`);
  } else process.stdout.write(`\n${renderTable(measurements, machine, options.rounds)}`);
}

function wantedStores({ only }: Options): Store['kind'][] {
  const wanted = only === undefined ? (['redis', 'postgres'] as const) : [only];
  if (findRedis() !== undefined) return [...wanted];
  if (only === 'redis')
    throw new Error('There is no redis-server on the PATH: install Redis, or use --only postgres.');
  say('There is no redis-server on the PATH, so the bench runs on PostgreSQL only.');
  return wanted.filter((kind) => kind !== 'redis');
}

function startStore(kind: Store['kind'], dir: string): Promise<Store> {
  const redis = findRedis();
  return kind === 'redis' && redis !== undefined ? startRedis(redis, dir) : startPostgres(dir);
}

async function runOn(
  store: Store,
  dir: string,
  { rounds, jobs, task, profile }: Options,
): Promise<Measurement[]> {
  const logOf = (peer: string) => join(dir, `${store.kind}-${peer}.log`);
  const open = async (peer: 'raw' | 'millrace'): Promise<Contestant> => {
    const contestant = await openContestant({
      peer,
      store: store.kind,
      url: store.urlOf(peer),
      logFile: logOf(peer),
      profileDir: profile,
    });
    undo.push(() => contestant.kill());
    return contestant;
  };
  const raw = await open('raw');
  const millrace = await open('millrace');
  const measurements = await measure(
    { store, raw, millrace },
    {
      tasks: task === undefined ? tasks : [task],
      rounds,
      // A job costs BullMQ several times as much on PostgreSQL.
      jobs: store.kind === 'postgres' ? Math.ceil(jobs / 2) : jobs,
      onRound: (round) => say(`${store.version}: ${round === 0 ? 'warm-up' : `round ${round} of ${rounds}`}`),
    },
  );
  await raw.close();
  await checkLog(logOf('millrace'), await millrace.close());
  return measurements;
}

/** A figure with the logs off would be worth nothing. */
async function checkLog(file: string, jobs: number): Promise<void> {
  let lines = 0;
  for await (const line of createInterface({ input: createReadStream(file) })) {
    if (line.includes('"job completed"')) lines++;
  }
  if (lines !== jobs) throw new Error(`${jobs} jobs ran, and the log says so of ${lines}.`);
}

function once(work: () => Promise<void>): () => Promise<void> {
  let done: Promise<void> | undefined;
  return () => {
    done ??= work();
    return done;
  };
}

for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => {
    void cleanUp().finally(() => process.exit(130));
  });
}

try {
  const options = readOptions();
  if (options === undefined) process.stdout.write(help);
  else await main(options);
} catch (error) {
  say(
    error instanceof z.ZodError
      ? z.prettifyError(error)
      : error instanceof Error
        ? error.message
        : String(error),
  );
  process.exitCode = 1;
} finally {
  await cleanUp();
}
