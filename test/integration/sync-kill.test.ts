import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { makeSample } from '../../src/sample/index.ts';
import { type SamGovSandbox, startSamGovSandbox } from '../../src/sample/sam-gov-sandbox.ts';
import { createWorld, type World } from '../support/world.ts';

const day = '2026-04-16';
const notices = makeSample({ asOf: new Date(`${day}T12:00:00Z`), opportunities: 55 }).opportunities;
const broken = { title: 'No id', postedDate: null };

let world: World;
let undisturbed: World;
let sandbox: SamGovSandbox;
const children: ChildProcess[] = [];

beforeEach(async () => {
  [world, undisturbed] = await Promise.all([createWorld(), createWorld()]);
  sandbox = await startSamGovSandbox({ opportunities: [...notices, broken], host: '127.0.0.1' });
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await sandbox.close();
  await Promise.all([world.close(), undisturbed.close()]);
});

function syncProcess({ databaseUrl }: World) {
  const script = join(import.meta.dirname, '../support/sync-process.ts');
  const child = spawn(process.execPath, [script, databaseUrl, sandbox.url, 'job-1', day], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  children.push(child);
  return { child, exit: once(child, 'exit'), output: text(child.stdout) };
}

async function finish(where: World): Promise<unknown> {
  const { exit, output } = syncProcess(where);
  expect((await exit)[0]).toBe(0);
  return JSON.parse(await output);
}

async function contents({ pool }: World): Promise<unknown> {
  const opportunities = await pool.query(
    "select to_jsonb(o) - 'first_seen_at' - 'updated_at' as row from opportunities o order by notice_id",
  );
  const rejects = await pool.query('select kind, job_key, record_id, reason, raw from sync_rejects');
  const checkpoint = await pool.query("select to_jsonb(c) - 'updated_at' as row from sync_checkpoints c");
  return [opportunities.rows, rejects.rows, checkpoint.rows];
}

it('killed with SIGKILL again and again while paging, a sync leaves the same table and totals as without', async () => {
  const expected = await finish(undisturbed);
  expect(expected).toMatchObject({ fetched: 56, inserted: 55, skipped: 1, requestsUsed: 6 });

  // Each process is killed at a page that never comes: the third, then the one after it, then the last.
  for (const pages of [2, 1, 2]) {
    const before = sandbox.requests;
    sandbox.script(...Array.from({ length: pages }, () => undefined), { kind: 'hang' });
    const { child, exit } = syncProcess(world);
    await sandbox.arrival(before + pages + 1);
    child.kill('SIGKILL');
    expect((await exit)[1]).toBe('SIGKILL');
  }
  const { rows } = await world.pool.query('select next_page from sync_checkpoints');
  expect(rows).toEqual([{ next_page: 5 }]);

  expect(await finish(world)).toEqual(expected);
  expect(await contents(world)).toEqual(await contents(undisturbed));
});
