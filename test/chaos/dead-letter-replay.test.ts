import type pg from 'pg';
import { afterEach, beforeEach, expect, test } from 'vitest';
import { createTokens } from '../../src/access/tokens.ts';
import { openBackend } from '../../src/backend/index.ts';
import { DeadLetterControl } from '../../src/queue/dead-letter-control.ts';
import { type MillraceProcess, startMillrace } from '../support/millrace-process.ts';
import { openPlatform, type Platform, until } from '../support/platform.ts';
import { ask, at, textAt } from '../support/site.ts';
import { createWorld, type World } from '../support/world.ts';

const letters = process.env.MILLRACE_LONG === undefined ? 100 : 300;
const jwtSecret = 'a secret of the chaos tests, long enough';

let world: World;
let platform: Platform;
let processes: MillraceProcess[] = [];
let gate: pg.PoolClient | undefined;
let away = true;
/** How often each job ran to its end. */
const ran = new Map<string, number>();

beforeEach(async () => {
  world = await createWorld();
  platform = await openPlatform({
    backend: await openBackend({
      kind: 'postgres',
      redisUrl: undefined,
      databaseUrl: world.databaseUrl,
      workers: 8,
    }),
    database: world.database,
    concurrency: 10,
    processors: {
      email: {
        'send-welcome': async ({ job }) => {
          if (away) throw new Error('The provider is away.');
          ran.set(job.id, (ran.get(job.id) ?? 0) + 1);
          return { status: 'sent', provider: 'test' };
        },
      },
    },
  });
});
afterEach(async () => {
  await Promise.all(processes.map((each) => each.kill('SIGKILL')));
  processes = [];
  gate?.release(true);
  await platform.close();
  await world.close();
});

async function start(): Promise<MillraceProcess> {
  const started = await startMillrace({
    DATABASE_URL: world.databaseUrl,
    ROLE: 'api',
    DATA_DIR: world.dataDir,
    JWT_SECRET: jwtSecret,
    NODE_ENV: 'test',
  });
  processes.push(started);
  return started;
}

test('a replay of many dead letters whose process is killed in the middle goes on in another, each once', {
  timeout: 240_000,
}, async () => {
  const control = new DeadLetterControl({
    queues: platform.queues,
    letters: platform.deadLetters,
    records: world.database.deadLetters,
  });
  const payload = { type: 'welcome', data: { userId: 'u', email: 'ada@example.com', name: 'Ada' } } as const;
  await platform.queues.addJobs(
    'email',
    Array.from({ length: letters }, () => ({
      name: 'send-welcome' as const,
      payload,
      options: { attempts: 1 },
    })),
  );
  await until('all are dead', async () => (await control.inBulk.preview({})).total === letters, 120_000);
  await until(
    'all failures are recorded',
    async () => (await platform.queues.counts('email')).failed === letters,
  );
  away = false;

  // However quick it is, it comes no further than to a quarter of them before it is killed.
  gate = await world.pool.connect();
  await gate.query('select pg_advisory_lock(1)');
  await world.pool.query(`
    create function wait_after_a_quarter() returns trigger language plpgsql as $$
    begin
      if (select count(*) from dead_letters where state = 'replayed') >= ${letters / 4} then
        perform pg_advisory_xact_lock_shared(1);
      end if;
      return new;
    end $$;
    create trigger gate before update on dead_letters for each row
    when (old.state = 'open' and new.state = 'replayed') execute function wait_after_a_quarter()`);
  const first = await start();
  const token = await createTokens(jwtSecret).issue(
    { subject: 'ops', role: 'operator' },
    new Date(Date.now() + 3_600_000),
  );
  const begun = await ask(`${first.url}/api/dead-letters/replay`, 'POST', {
    token,
    body: { filter: { queue: 'email' }, dryRun: false, perSecond: 60 },
  });
  const id = textAt(begun.json, 'data.replay.id');
  const progress = () => control.inBulk.find('replay', id);
  await until('some are replayed', async () => (await progress()).done >= letters / 8, 60_000);
  await first.kill('SIGKILL');
  // PostgreSQL sees that a client is gone when it answers: what waits would be written as soon as the gate is open.
  await world.pool.query(
    `select pg_terminate_backend(pid, 60000) from pg_stat_activity
     where wait_event_type = 'Lock' and datname = current_database()`,
  );
  await gate.query('select pg_advisory_unlock(1)');
  const halted = await progress();
  expect(halted.state).toBe('running');
  expect(halted.done).toBeLessThan(letters);

  const second = await start();
  await until('the replay is done', async () => (await progress()).state === 'done', 120_000);
  const seen = await ask(`${second.url}/api/dead-letters/replays/${id}`, 'GET', { token });
  expect(at(seen.json, 'data.replay')).toMatchObject({ total: letters, done: letters, failed: 0 });
  await until('all have run', async () => ran.size === letters, 60_000);
  await until('nothing runs or waits', async () => {
    const { active, waiting, failed } = await platform.queues.counts('email');
    return active + waiting + failed === 0;
  });
  expect([...ran.values()].filter((times) => times !== 1)).toEqual([]);
  expect(await control.inBulk.preview({})).toMatchObject({ total: 0 });
});
