import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { z } from 'zod';
import { makeSample } from '../../src/sample/index.ts';
import { createRandom } from '../../src/sample/random.ts';
import { type SamGovSandbox, startSamGovSandbox } from '../../src/sample/sam-gov-sandbox.ts';
import { storedRows } from '../support/sync-job.ts';
import { createWorld, type World } from '../support/world.ts';

const day = '2026-04-16';
const asOf = new Date(`${day}T12:00:00Z`);
const { opportunities, entities } = makeSample({ asOf, opportunities: 255, entities: 120 });
const broken = { title: 'No id', postedDate: null };
/** 100,000 notices take minutes: only when asked for. */
const long = process.env.MILLRACE_LONG !== undefined;

let world: World;
let undisturbed: World;
let sandbox: SamGovSandbox;
const children: ChildProcess[] = [];

beforeEach(async () => {
  [world, undisturbed] = await Promise.all([createWorld(), createWorld()]);
  await serve([...opportunities, broken]);
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await sandbox.close();
  await Promise.all([world.close(), undisturbed.close()]);
});

async function serve(notices: readonly unknown[]): Promise<void> {
  // The extract is never ready: a sync of entities looks for it until it may look no more.
  const extractPolls = Number.POSITIVE_INFINITY;
  sandbox = await startSamGovSandbox({ opportunities: notices, entities, extractPolls, host: '127.0.0.1' });
}

const ended = z.object({
  result: z.unknown().optional(),
  code: z.unknown().optional(),
  peakBytes: z.number(),
});

/** Pages survive the collector's first look, which makes V8 triple its space for young objects to 96 MB unless told not to. */
const youngSpace = '--max-semi-space-size=8';

interface Job {
  readonly key?: string;
  readonly type?: 'sam-gov-entities';
  readonly pageSize?: number;
  readonly dailyLimit?: number;
}

function syncProcess({ databaseUrl }: World, job: Job = {}) {
  const script = join(import.meta.dirname, '../support/sync-process.ts');
  const options = JSON.stringify({ key: 'job-1', ...job, databaseUrl, samGovUrl: sandbox.url, day });
  const child = spawn(process.execPath, [youngSpace, script, options], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return { child, exit: once(child, 'exit'), output: text(child.stdout) };
}

async function finish(where: World, job: Job = {}) {
  const { exit, output } = syncProcess(where, job);
  expect((await exit)[0]).toBe(0);
  return ended.parse(JSON.parse(await output));
}

/** Kills `times` processes, each after so many requests and a moment more. */
async function killAtRandom(times: number, mostRequests: number, job: Job = {}): Promise<void> {
  const seed = Date.now();
  const random = createRandom(seed);
  for (let kill = 1; kill <= times; kill++) {
    const requests = random.whole(1, mostRequests);
    const before = sandbox.requests;
    const { child, exit } = syncProcess(world, job);
    await Promise.race([sandbox.arrival(before + requests), exit]);
    // Wherever it is by then: reading, writing, or asking for the next page. Any moment will do.
    await Promise.race([pause(random.whole(0, 15)), exit]);
    child.kill('SIGKILL');
    await exit;
    console.info(`seed ${seed}, kill ${kill}: after ${sandbox.requests - before} requests`);
  }
}

const contents = (synced: World) =>
  storedRows(synced, {
    opportunities: 'notice_id',
    entities: 'uei',
    sync_rejects: 'id',
    sync_positions: 'kind, job_key',
    sync_checkpoints: 'kind',
  });

describe('killed with SIGKILL again and again while paging, a sync leaves the same table and totals as without', () => {
  it('at chosen pages', async () => {
    const { result: expected } = await finish(undisturbed);
    expect(expected).toMatchObject({ fetched: 256, inserted: 255, skipped: 1, requestsUsed: 26 });
    // Each process is killed at a page that never comes: the third, then the one after it, then the last.
    for (const pages of [2, 1, 22]) {
      const before = sandbox.requests;
      sandbox.script(...Array.from({ length: pages }, () => undefined), { kind: 'hang' });
      const { child, exit } = syncProcess(world);
      await sandbox.arrival(before + pages + 1);
      child.kill('SIGKILL');
      expect((await exit)[1]).toBe('SIGKILL');
    }
    const { rows } = await world.pool.query('select next_page from sync_positions');
    expect(rows).toEqual([{ next_page: 25 }]);

    expect((await finish(world)).result).toEqual(expected);
    expect(await contents(world)).toEqual(await contents(undisturbed));
  });

  it('at random moments', async () => {
    const { result: expected } = await finish(undisturbed);
    await killAtRandom(4, 6);
    expect((await finish(world)).result).toEqual(expected);
    expect(await contents(world)).toEqual(await contents(undisturbed));
  });
});

describe('two processes with one key', () => {
  it('together never ask more often than the limit of the day', async () => {
    const jobs = [
      { key: 'job-1', dailyLimit: 9 },
      { key: 'job-2', dailyLimit: 9, type: 'sam-gov-entities' },
    ] as const;
    const outcomes = await Promise.all(jobs.map((job) => finish(world, job)));
    expect(outcomes.map(({ code }) => code)).toEqual(['SYNC_RATE_LIMITED', 'SYNC_RATE_LIMITED']);
    expect(sandbox.requests).toBe(9);
    expect((await world.pool.query('select used from request_budgets')).rows).toEqual([{ used: 9 }]);
  });
});

describe.runIf(long)('100,000 notices', () => {
  it('need less than 256 MB, are not written twice, and survive ten kills at random moments', async () => {
    await sandbox.close();
    await serve(makeSample({ asOf, opportunities: 100_000, entities: 0 }).opportunities);
    const job = { pageSize: 1_000 };
    const first = await finish(undisturbed, job);
    expect(first.result).toMatchObject({ fetched: 100_000, inserted: 100_000, requestsUsed: 100 });
    const second = await finish(undisturbed, { ...job, key: 'job-2' });
    expect(second.result).toMatchObject({ fetched: 100_000, inserted: 0, updated: 0, unchanged: 100_000 });
    console.info(
      `peak: ${Math.round(first.peakBytes / 2 ** 20)} and ${Math.round(second.peakBytes / 2 ** 20)} MiB`,
    );
    expect(Math.max(first.peakBytes, second.peakBytes)).toBeLessThan(256 * 2 ** 20);

    await killAtRandom(10, 9, job);
    expect((await finish(world, job)).result).toEqual(first.result);
    const digest = async ({ pool }: World) =>
      (
        await pool.query(
          `select count(*)::int as n, md5(string_agg((to_jsonb(o) - 'first_seen_at' - 'updated_at')::text, '' order by notice_id)) as md5
             from opportunities o`,
        )
      ).rows;
    expect(await digest(world)).toEqual(await digest(undisturbed));
  }, 900_000);
});
