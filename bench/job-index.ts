/**
 * `npm run bench -- index`: what the job index costs, the platform with it against the platform without, in turn; and how
 * long searches take in a million jobs.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import os from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import type { JobFilter } from '../src/integrations/database/port.ts';
import { openPool } from '../src/integrations/database/postgres/connection.ts';
import { openDatabase } from '../src/integrations/database/postgres/index.ts';
import { migrate } from '../src/integrations/database/postgres/migrate.ts';
import { type Contestant, openContestant } from './contestant.ts';
import { processorMs } from './processor-time.ts';
import { findRedis, type Store, startPostgres, startRedis } from './stores.ts';
import type { Task } from './tasks.ts';

const { values } = parseArgs({
  options: {
    rounds: { type: 'string', default: '5' },
    jobs: { type: 'string', default: '4000' },
    steady: { type: 'string', default: '90' },
    rows: { type: 'string', default: '1000000' },
    only: { type: 'string' },
    on: { type: 'string' },
    profile: { type: 'string' },
  },
});
const rounds = Number(values.rounds);
const burst = Number(values.jobs);
const steadySeconds = Number(values.steady);
const rows = Number(values.rows);

const migrations = join(import.meta.dirname, '../migrations');
const say = (text: string) => process.stdout.write(`${text}\n`);
const median = (list: readonly number[]) =>
  [...list].sort((a, b) => a - b)[Math.floor(list.length / 2)] ?? Number.NaN;

async function cost(store: Store, indexUrl: string, dir: string, postmaster: number): Promise<void> {
  const open = (peer: 'raw' | 'millrace', index: { index?: string }) =>
    openContestant({
      peer: 'millrace',
      store: store.kind,
      // Each has the database that the bench of the queues gives to one of its two peers.
      url: store.urlOf(peer),
      logFile: join(dir, `${store.kind}-${peer}.log`),
      profileDir: peer === 'millrace' ? values.profile : undefined,
      ...index,
    });
  const without = await open('raw', {});
  const withIndex = await open('millrace', { index: indexUrl });
  try {
    const pair = { store, without, withIndex, postmaster };
    if (values.only !== 'steady') {
      for (const task of ['process', 'concurrent', 'bulk'] as const) await compare(pair, task, burst);
      await compare(pair, 'bulk', 10 * burst);
      await compare(pair, 'process', Math.ceil(burst / 4), 5);
    }
    const secondsOfTen = await compare(pair, 'process', 10 * burst);
    // Adds and runs, and longer than anything is put off.
    const jobs = Math.ceil((((10 * burst) / secondsOfTen) * steadySeconds) / 2_000) * 1_000;
    if (jobs > 0) await compare(pair, 'steady', jobs);
    await Promise.all([without.close(), withIndex.close()]);
  } catch (error) {
    without.kill();
    withIndex.kill();
    throw error;
  }
}

type Performer = Pick<Contestant, 'perform'>;

interface Compared {
  readonly store: Store;
  readonly without: Performer;
  readonly withIndex: Performer;
  readonly postmaster: number;
}

/** What one had to pay: seconds by the wall, microseconds of processor a job by Node and by PostgreSQL, which has more to do after it. */
interface Price {
  readonly seconds: number;
  readonly node: number;
  /** What Node puts off until there is time. */
  readonly later: number;
  readonly postgres: number;
  readonly dropped: number;
}

/** @returns seconds that it took without the index. */
async function compare(pair: Compared, task: Task, jobs: number, workMs = 0): Promise<number> {
  const prices: { readonly off: Price; readonly on: Price }[] = [];
  for (let round = 0; round <= rounds; round++) {
    const run = async (peer: Performer): Promise<Price> => {
      await pair.store.clear();
      const before = processorMs(pair.postmaster);
      const { seconds, cpuSeconds, settled } = await peer.perform(task, jobs, workMs);
      const aJob = (cost: number) => (cost * 1_000_000) / jobs;
      const postgres = aJob((processorMs(pair.postmaster) - before) / 1_000);
      return {
        seconds,
        node: aJob(cpuSeconds),
        later: aJob(settled.cpuSeconds),
        postgres,
        dropped: settled.dropped,
      };
    };
    const first = round % 2 === 0;
    const early = await run(first ? pair.without : pair.withIndex);
    const late = await run(first ? pair.withIndex : pair.without);
    if (round > 0) prices.push(first ? { off: early, on: late } : { off: late, on: early });
  }
  const ratios = prices.map(({ off, on }) => off.seconds / on.seconds);
  const more = (of: 'node' | 'later' | 'postgres') =>
    median(prices.map(({ off, on }) => on[of] - off[of])).toFixed(1);
  const dropped = prices.at(-1)?.on.dropped ?? 0;
  say(
    `${pair.store.kind.padEnd(9)} ${task.padEnd(11)} ${String(jobs).padStart(6)} jobs of ${workMs} ms: rate with the index to without ` +
      `${median(ratios).toFixed(2)} (${Math.min(...ratios).toFixed(2)}-${Math.max(...ratios).toFixed(2)}), more a job in microseconds: ` +
      `Node meanwhile ${more('node')}, put off ${more('later')}, PostgreSQL meanwhile and after ${more('postgres')}${dropped > 0 ? `; ${dropped} SIGHTS DROPPED since the beginning` : ''}`,
  );
  return median(prices.map(({ off }) => off.seconds));
}

/** Jobs of two months: four queues, two thousand owners, a failure in a thousand, words of every frequency. */
const fill = `
  insert into job_index (job_id, queue, added_at, name, correlation_id, tenant, owner, parent, state, state_at, attempts,
    max_attempts, started_at, finished_at, wait_ms, duration_ms, error_code, error_message, payload, words)
  select n::text, q, at, name, 'c-' || n / 3, 'tenant-' || n % 500, 'user-' || n % 2000,
    case when n % 50 = 0 then 'email/' || n / 50 end, st, at, 1, 3, at, at, 5, 10,
    case when st = 'failed' then case when n % 20000 = 0 then 'MAIL_REJECTED' else 'JOB_TIMEOUT' end end, null,
    jsonb_build_object('type', 'opportunity-reminder', 'data', jsonb_build_object('userId', 'user-' || n % 2000, 'title', text)),
    job_words_of('opportunity reminder user ' || n % 2000 || ' person' || n || ' ' || text, q, name)
  from (
    select n, now() - ($1 - n) * interval '5 s' as at,
      case when n > $1 - 1000 then 'waiting' when n % 1000 = 0 then 'failed' else 'completed' end as st,
      case when n % 100 < 70 then 'email' when n % 100 < 90 then 'document' when n % 100 < 99 then 'story-enhancement' else 'sync' end as q,
      case when n % 100 < 70 then 'send-reminder' when n % 100 < 90 then 'generate-report' when n % 100 < 99 then 'enhance-story'
        else 'sam-gov-sync' end as name,
      'notice for ' || (array['surgical', 'cardiac', 'dental', 'optical', 'imaging'])[1 + n % 5] || ' supplies lot ' || n % 97
        || case when n < $1 / 5 and n % 3 = 0 then ' legacy' else '' end || case when n % 9973 = 0 then ' zebra' else '' end as text
    from generate_series(1, $1::int) n) as made`;

const day = 86_400_000;
const ago = (days: number) => new Date(Date.now() - days * day);

const searches: Readonly<Record<string, JobFilter>> = {
  'no filter': {},
  'a queue': { queue: 'email' },
  'a rare queue': { queue: 'sync' },
  'a name': { name: 'sam-gov-sync' },
  failed: { state: 'failed' },
  waiting: { state: 'waiting' },
  'a state that none has': { state: 'cancelled' },
  'an id': { id: '123456' },
  'a correlation id': { correlationId: 'c-1000' },
  'a tenant': { tenant: 'tenant-7' },
  'an owner': { owner: 'user-77' },
  'an error': { errorCode: 'MAIL_REJECTED' },
  'a day': { from: ago(20), until: ago(19) },
  'a word that all have': { words: 'supplies' },
  'a word that a fifth has': { words: 'cardiac' },
  'a word of old jobs alone (one in fifteen)': { words: 'legacy' },
  'a rare word': { words: 'zebra' },
  'a word that none has': { words: 'nosuchword' },
  'two words': { words: 'cardiac & legacy' },
  'the beginning of a word': { words: 'person1234:*' },
  'a queue and a word of others': { queue: 'sync', words: 'cardiac' },
  'an owner and a name': { owner: 'user-77', name: 'sam-gov-sync' },
  'a page far down': { queue: 'email', before: { addedAt: ago(30), seq: '1' } },
};

async function search(url: string): Promise<void> {
  const pool = openPool(url, 1);
  await pool.query('truncate job_index');
  say(`filling the index with ${rows} jobs`);
  await pool.query(fill, [rows]);
  await pool.query('vacuum analyze job_index');
  const { rows: sizes } = await pool.query<{ size: string }>(
    `select pg_size_pretty(pg_total_relation_size('job_index')) as size`,
  );
  await pool.end();
  say(`search in ${rows} jobs (${sizes[0]?.size}), pages of 50, ms: median and most of nine`);
  const database = openDatabase({ url, poolMax: 2 });
  for (const [name, filter] of Object.entries(searches)) {
    const times: number[] = [];
    let found = 0;
    for (let turn = 0; turn < 10; turn++) {
      const began = performance.now();
      found = (await database.jobIndex.search(filter, 51)).length;
      // The first one reads from disk what the others find in memory.
      if (turn > 0) times.push(performance.now() - began);
    }
    const figures = `${median(times).toFixed(0).padStart(5)} ${Math.max(...times)
      .toFixed(0)
      .padStart(5)}`;
    say(`  ${name.padEnd(44)} ${figures}   ${found > 50 ? 'more than 50' : found} found`);
  }
  await database.close();
}

const dir = await mkdtemp(join(os.tmpdir(), 'millrace-bench-'));
const undo: (() => Promise<unknown>)[] = [() => rm(dir, { recursive: true, force: true })];
const end = async () => {
  for (const step of undo.splice(0).reverse()) await step();
};
for (const signal of ['SIGINT', 'SIGTERM'] as const) {
  process.once(signal, () => void end().finally(() => process.exit(130)));
}

try {
  const postgres = await startPostgres(dir);
  undo.push(() => postgres.stop());
  const indexUrl = new URL(postgres.urlOf('raw'));
  indexUrl.pathname = '/bench_index';
  const admin = new pg.Client({ connectionString: postgres.urlOf('raw') });
  await admin.connect();
  await admin.query('create database bench_index');
  const postmaster = Number(readFileSync(join(dir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]);
  await admin.end();
  const pool = openPool(indexUrl.href, 1);
  await migrate(pool, migrations);
  await pool.end();

  if (values.only === undefined || values.only === 'cost' || values.only === 'steady') {
    if (values.on !== 'redis') await cost(postgres, indexUrl.href, dir, postmaster);
    const redis = values.on === 'postgres' ? undefined : findRedis();
    if (redis === undefined) say('There is no redis-server on the PATH: the cost on Redis is left out.');
    else {
      const store = await startRedis(redis, dir);
      undo.push(() => store.stop());
      await cost(store, indexUrl.href, dir, postmaster);
    }
  }
  if (values.only === undefined || values.only === 'search') await search(indexUrl.href);
  say(
    `load at the end ${os.loadavg()[0]?.toFixed(1)} on ${os.availableParallelism()} cores: above that, only ratios count`,
  );
} finally {
  await end();
}
