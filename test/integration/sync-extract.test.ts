import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { setTimeout as pause } from 'node:timers/promises';
import { afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import { z } from 'zod';
import { MillraceError, RateLimitedError } from '../../src/errors/catalogue.ts';
import { createSamGov } from '../../src/integrations/sam-gov/client.ts';
import { makeSample } from '../../src/sample/index.ts';
import { createRandom } from '../../src/sample/random.ts';
import {
  type SamGovSandbox,
  type SandboxOptions,
  startSamGovSandbox,
} from '../../src/sample/sam-gov-sandbox.ts';
import { ueiOf, wireEntity } from '../support/entities.ts';
import { failureOf, runSync, runSyncThrough, type SyncJob, storedRows } from '../support/sync-job.ts';
import { createWorld, type World } from '../support/world.ts';

/** A full sync of entities by SAM.gov's extracts: the waiting, what goes wrong on the way, and kills in every state. */

const day = '2026-04-16';
const now = () => new Date(`${day}T12:00:00Z`);
/** Three chunks, the last not full. */
const entities = makeSample({ asOf: now(), opportunities: 0, entities: 1_150 }).entities;
const broken = { entityRegistration: null };
const waitsToWrite = `wait_event_type = 'Lock' and query like '%save_entity_page%' and datname = current_database()`;
const youngSpace = '--max-semi-space-size=8';

let world: World;
let sandbox: SamGovSandbox;
let folder: string;
const children: ChildProcess[] = [];

beforeEach(async () => {
  [world, folder] = await Promise.all([createWorld(), mkdtemp(join(tmpdir(), 'millrace-test-extracts-'))]);
  await serve({});
});
afterEach(async () => {
  for (const child of children.splice(0)) child.kill('SIGKILL');
  await sandbox.close();
  await world.close();
  await rm(folder, { recursive: true, force: true });
});

async function serve(options: Partial<SandboxOptions>): Promise<void> {
  sandbox = await startSamGovSandbox({
    opportunities: [],
    entities: [...entities, broken],
    host: '127.0.0.1',
    ...options,
  });
}

const payload = { type: 'sam-gov-entities' as const, data: { fullSync: true } };

function job(more: Partial<SyncJob> = {}): SyncJob {
  const samGov = createSamGov({
    apiKey: 'key',
    baseUrl: sandbox.url,
    minIntervalMs: 0,
    extractFolder: folder,
  });
  return { database: world.database, samGov, payload, now, ...more };
}

const contents = (synced: World) =>
  storedRows(synced, {
    entities: 'uei',
    sync_rejects: 'id',
    sync_checkpoints: 'kind',
  });

describe('while SAM.gov prepares the extract', () => {
  it('the job waits in the queue, ever longer and at no attempt, and each look is a request of the day', async () => {
    await sandbox.close();
    await serve({ extractPolls: 6 });
    const told: (string | undefined)[] = [];
    const waits: number[] = [];
    for (let look = 0; look < 7; look += 1) {
      const error = await failureOf(runSync(job({ onProgress: (_percent, message) => told.push(message) })));
      expect(error).toBeInstanceOf(RateLimitedError);
      expect(error.code).toBe('SYNC_WAITING');
      waits.push((error.retryAfterMs ?? 0) / 60_000);
    }
    expect(waits).toEqual([1, 2, 4, 8, 15, 15, 15]);
    expect(told.at(-1)).toBe(
      `SAM.gov prepares the extract (asked for at ${day}T12:00:00.000Z, looked for 6 times); the next look is in 900 s`,
    );
    // Another sync of the kind may run meanwhile.
    const other = await runSync(
      job({ key: 'job-2', payload: { ...payload, data: { fullSync: false, ueis: [] } } }),
    );
    expect(other.requestsUsed).toBe(0);

    expect(await runSync(job())).toMatchObject({ inserted: 1_150, skipped: 1, requestsUsed: 8, pages: 3 });
    const { rows } = await world.pool.query('select used from request_budgets');
    expect(rows).toEqual([{ used: sandbox.requests }]);
    expect(sandbox.requests).toBe(8);
    expect(await readdir(folder)).toEqual([]);
  });

  it('and its budget is used up, the look waits for the next day', async () => {
    expect(await failureOf(runSync(job({ dailyLimit: 1 })))).toMatchObject({ code: 'SYNC_WAITING' });
    expect(await failureOf(runSync(job({ dailyLimit: 1 })))).toMatchObject({
      code: 'SYNC_RATE_LIMITED',
      retryAfterMs: 12 * 3_600_000,
    });
    sandbox.script({ kind: 'status', status: 429, body: '{}', headers: { 'retry-after': '90' } });
    expect(await failureOf(runSync(job()))).toMatchObject({
      code: 'SYNC_RATE_LIMITED',
      retryAfterMs: 90_000,
    });
    expect(await runSyncThrough(job())).toMatchObject({ inserted: 1_150 });
  });

  it('for longer than a day, or beyond the life of its link, another is asked for', async () => {
    await failureOf(runSync(job()));
    sandbox.expireExtracts();
    await failureOf(runSync(job()));
    const later = () => new Date('2026-04-17T12:00:01Z');
    await failureOf(runSync(job({ now: later })));
    expect(sandbox.log.map(({ parameters: { format }, outcome }) => [format, outcome])).toEqual([
      ['json', 200],
      [undefined, 400],
      ['json', 200],
      [undefined, 400],
      ['json', 200],
    ]);
    expect(await runSyncThrough(job())).toMatchObject({ inserted: 1_150, fetched: 1_151 });
  });
});

describe('a file that cannot be read', () => {
  it('costs an attempt, and the next asks for another; a cut one is fetched again', async () => {
    sandbox.script(undefined, undefined, { kind: 'cut-file' }, { kind: 'broken-file' });
    const failures = [];
    for (;;) {
      const result = await runSync(job()).catch((error: unknown) => error);
      if (!(result instanceof MillraceError)) {
        expect(result).toMatchObject({ inserted: 1_150, skipped: 1, fetched: 1_151 });
        break;
      }
      failures.push(result.code);
    }
    expect(failures).toEqual([
      'SYNC_WAITING',
      'SYNC_WAITING',
      'SYNC_UNAVAILABLE',
      'SYNC_UNAVAILABLE',
      ...['SYNC_WAITING', 'SYNC_WAITING'],
    ]);
    expect(await readdir(folder)).toEqual([]);
  });

  it('again and again ends the job with what to do', async () => {
    await sandbox.close();
    await serve({ extractPolls: 0 });
    let last: MillraceError | undefined;
    do {
      // Each request for an extract is answered, each file is broken.
      sandbox.script(undefined, { kind: 'broken-file' });
      await failureOf(runSync(job()));
      last = await failureOf(runSync(job()));
    } while (last.retryable);
    expect(last).toMatchObject({
      code: 'SYNC_UNAVAILABLE',
      message: expect.stringContaining('replay the job'),
    });
  });
});

describe('an incremental sync', () => {
  it('takes an extract where more was updated than can be paged through', async () => {
    sandbox.setEntities(Array.from({ length: 30 }, (_, index) => wireEntity(index, { lastUpdateDate: day })));
    const incremental = { ...payload, data: { fullSync: false } };
    expect(await runSyncThrough(job({ payload: incremental, entityReach: 20 }))).toMatchObject({
      inserted: 30,
      requestsUsed: 4,
    });
    expect(sandbox.log[1]?.parameters).toMatchObject({
      format: 'json',
      updateDate: '[03/17/2026,04/16/2026]',
    });
    expect(await world.database.entities.find(ueiOf(29))).toBeDefined();
    expect(await world.database.syncs.syncedThrough('sam-gov-entities')).toBe(day);
  });
});

describe('killed with SIGKILL, a sync by extract leaves the same table and totals as without', () => {
  const ended = z.object({ result: z.unknown() });
  let undisturbed: unknown;
  let result: unknown;
  beforeAll(async () => {
    const other = await createWorld();
    const served = await startSamGovSandbox({
      opportunities: [],
      entities: [...entities, broken],
      host: '127.0.0.1',
    });
    const samGov = createSamGov({ apiKey: 'key', baseUrl: served.url, minIntervalMs: 0 });
    result = await runSyncThrough({ database: other.database, samGov, payload, now });
    undisturbed = await contents(other);
    await Promise.all([served.close(), other.close()]);
  });

  function syncProcess(extractFolder = folder) {
    const script = join(import.meta.dirname, '../support/sync-process.ts');
    const { databaseUrl } = world;
    const options = {
      key: 'job-1',
      databaseUrl,
      samGovUrl: sandbox.url,
      day,
      type: payload.type,
      extractFolder,
    };
    const child = spawn(process.execPath, [youngSpace, script, JSON.stringify(options)], {
      stdio: ['ignore', 'pipe', 'inherit'],
    });
    children.push(child);
    return { child, exit: once(child, 'exit'), output: text(child.stdout) };
  }

  async function finish(extractFolder?: string) {
    const { exit, output } = syncProcess(extractFolder);
    expect((await exit)[0]).toBe(0);
    return ended.parse(JSON.parse(await output)).result;
  }

  async function killWhen(fact: () => Promise<unknown>, extractFolder?: string): Promise<void> {
    const { child, exit } = syncProcess(extractFolder);
    await fact();
    child.kill('SIGKILL');
    expect((await exit)[1]).toBe('SIGKILL');
  }

  /** Kills a process once it waits in its second chunk for a row that another transaction has written. */
  async function killInTheWrites(): Promise<void> {
    const other = await world.pool.connect();
    try {
      // Without the triggers, which would make the first chunk wait too.
      await world.pool.query('alter table entities disable trigger user');
      await other.query('begin');
      const uei = entities[700]?.entityRegistration.ueiSAM;
      await other.query(
        `insert into entities (uei, legal_name, raw, content_hash) values ($1, 'x', '{}', 'x')`,
        [uei],
      );
      await killWhen(() =>
        vi.waitFor(
          async () => {
            const { rows } = await world.pool.query(`select 1 from pg_stat_activity where ${waitsToWrite}`);
            expect(rows).toHaveLength(1);
          },
          { timeout: 60_000, interval: 50 },
        ),
      );
      // PostgreSQL sees that a client is gone when it answers: it would write the chunk as soon as the row is free.
      const { rows } = await world.pool.query(
        `select pg_terminate_backend(pid, 60000) as gone from pg_stat_activity where ${waitsToWrite}`,
      );
      expect(rows).toEqual([{ gone: true }]);
    } finally {
      await other.query('rollback');
      other.release();
    }
    const { rows } = await world.pool.query('select next_page from sync_positions');
    expect(rows).toEqual([{ next_page: 1 }]);
  }

  it('asking, waiting, fetching and writing', async () => {
    sandbox.script({ kind: 'hang' });
    await killWhen(() => sandbox.arrival(1));
    sandbox.script(undefined, { kind: 'hang' });
    await killWhen(() => sandbox.arrival(3));
    sandbox.script(undefined, { kind: 'hang-in-file' });
    await killWhen(() => vi.waitFor(async () => expect(await readdir(folder)).toHaveLength(1), 60_000));
    expect(await readdir(folder)).toEqual([expect.stringMatching(/\.part$/)]);
    await killInTheWrites();
    const before = sandbox.requests;
    expect(await finish()).toEqual(result);
    // The file was there.
    expect(sandbox.requests).toBe(before);
    expect(await contents(world)).toEqual(undisturbed);
  }, 90_000);

  it('writing, and going on with what is fetched elsewhere: where it stopped, or from the beginning of another file', async () => {
    await killInTheWrites();
    const [same, changed] = [await mkdtemp(join(folder, 'same-')), await mkdtemp(join(folder, 'changed-'))];
    await world.pool.query('create table before as select * from sync_positions');
    expect(await finish(same)).toMatchObject({
      inserted: 1_150,
      unchanged: 0,
      fetched: 1_151,
      requestsUsed: 4,
    });
    expect(await contents(world)).toEqual(undisturbed);

    await world.pool.query('delete from sync_positions; insert into sync_positions select * from before');
    sandbox.setEntities([...entities].reverse());
    // The first 500 were fetched before the kill; the whole of the other file comes, and changes nothing.
    expect(await finish(changed)).toMatchObject({ inserted: 500, unchanged: 1_150, fetched: 1_650 });
  }, 90_000);

  it('at random moments', async () => {
    const seed = Date.now();
    const random = createRandom(seed);
    for (let kill = 1; kill <= 3; kill += 1) {
      const before = sandbox.requests;
      const { child, exit } = syncProcess();
      await Promise.race([sandbox.arrival(before + random.whole(1, 3)), exit]);
      // Wherever it is by then. Any moment will do.
      await Promise.race([pause(random.whole(0, 60)), exit]);
      child.kill('SIGKILL');
      await exit;
      console.info(`seed ${seed}, kill ${kill}: after ${sandbox.requests - before} requests`);
    }
    await finish();
    expect(await contents(world)).toEqual(undisturbed);
  }, 90_000);
});
