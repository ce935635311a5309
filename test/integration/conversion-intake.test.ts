import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { Redis } from 'ioredis';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { openBackend } from '../../src/backend/index.ts';
import type { PdfConverter } from '../../src/integrations/conversion-gateway/port.ts';
import {
  type ConversionPlatform,
  type ConversionPlatformOptions,
  echo,
  openConversionPlatform,
} from '../support/conversion-platform.ts';
import { until } from '../support/platform.ts';
import { redisStore } from '../support/stores.ts';
import { createWorld, type World } from '../support/world.ts';

const long = process.env.MILLRACE_LONG === '1';

let world: World;
let opened: ConversionPlatform[];
beforeEach(async () => {
  world = await createWorld();
  opened = [];
});
afterEach(async () => {
  for (const platform of opened.reverse()) await platform.close();
  await world.close();
});

async function open(options: Partial<ConversionPlatformOptions> = {}): Promise<ConversionPlatform> {
  const platform = await openConversionPlatform(world, { converter: echo, ...options });
  opened.push(platform);
  return platform;
}

/** A converter that waits for the test, and counts how often each conversion ran. */
function gate(): PdfConverter & { readonly running: Set<string>; open(): void } {
  const running = new Set<string>();
  const { promise, resolve } = Promise.withResolvers<void>();
  return {
    ...echo,
    running,
    open: resolve,
    async convert(pdf, mapping, keep, signal) {
      const token = String(Math.random());
      running.add(token);
      await Promise.race([promise, once(signal, 'abort').then(() => Promise.reject(signal.reason))]);
      return echo.convert(pdf, mapping, keep, signal);
    },
  };
}

const count = async (where: string): Promise<number> => {
  const { rows } = await world.pool.query<{ n: number }>(
    `select count(*)::int as n from conversions where ${where}`,
  );
  return rows[0]?.n ?? -1;
};
const insertRows = (rows: number) =>
  world.pool.query(
    `insert into conversions (upload_path, created_at)
     select 'uploads/shared.pdf', now() - (n * interval '1 second') from generate_series(1, $1) n`,
    [rows],
  );

describe('the intake', () => {
  it('is woken by a row that is inserted, and not before its transaction is committed', async () => {
    // Nobody looks by itself here within the time of the test.
    const platform = await open({ pollMs: 600_000 });
    await platform.openWorkers().start();
    await platform.openIntake().start();
    expect(await platform.settled(await platform.insert())).toMatchObject({ status: 'complete' });

    const client = await world.pool.connect();
    try {
      await platform.storage.put('uploads/shared.pdf', Buffer.from('%PDF-1.7'));
      await client.query('begin');
      const { rows } = await client.query<{ id: string }>(
        `insert into conversions (upload_path) values ('uploads/shared.pdf') returning id`,
      );
      expect(await platform.settled(await platform.insert())).toBeDefined();
      await client.query('commit');
      await platform.settled(rows[0]?.id ?? '');
    } finally {
      client.release();
    }
  });

  it('finds rows by looking now and then where nobody wakes it', async () => {
    const { listen: _, ...conversions } = world.database.conversions;
    const platform = await open({ database: { ...world.database, conversions }, pollMs: 50 });
    await platform.openWorkers().start();
    await platform.openIntake().start();
    const ids: string[] = [];
    for (let row = 0; row < 3; row++) ids.push(await platform.insert());
    for (const id of ids) await platform.settled(id);
  });

  it('hears again after its connection was cut', async () => {
    const platform = await open({ pollMs: 600_000 });
    await platform.openWorkers().start();
    await platform.openIntake().start();
    await platform.settled(await platform.insert());
    await world.pool.query(
      `select pg_terminate_backend(pid, 5000) from pg_stat_activity
       where datname = current_database() and application_name = 'millrace-conversions'`,
    );
    const missed = await platform.insert();
    await platform.settled(missed);
  });

  it('claims no more than it can soon work, and the rest is there for others', async () => {
    const held = gate();
    const platform = await open({ converter: held, capacity: 5, concurrency: 2 });
    await platform.storage.put('uploads/shared.pdf', Buffer.from('%PDF-1.7'));
    await insertRows(20);
    await platform.openWorkers().start();
    await platform.openIntake('one').start();
    await until('five to be claimed and two to run', async () => {
      return held.running.size === 2 && (await count(`status = 'processing'`)) === 5;
    });
    await platform.openIntake('two').start();
    await until('five more', async () => (await count(`status = 'processing'`)) === 10);
    expect(await count(`leased_by = 'two'`)).toBeGreaterThan(0);
    held.open();
    await until('all to be complete', async () => (await count(`status = 'complete'`)) === 20);
    expect(held.running.size).toBe(20);
  });

  it('renews the leases of what waits and of what runs', async () => {
    const held = gate();
    const platform = await open({ converter: held, pollMs: 50, concurrency: 1, capacity: 3 });
    await platform.openWorkers().start();
    await platform.openIntake().start();
    const ids: string[] = [];
    for (let row = 0; row < 3; row++) ids.push(await platform.insert());
    await until(
      'one to run',
      async () => held.running.size === 1 && (await count(`status = 'processing'`)) === 3,
    );
    const ends = async () =>
      Promise.all(ids.map(async (id) => (await platform.row(id)).leaseExpiresAt?.getTime() ?? 0));
    const before = await ends();
    await until('all to be renewed', async () =>
      (await ends()).every((end, index) => end > (before[index] ?? 0)),
    );
    held.open();
    for (const id of ids) expect(await platform.settled(id)).toMatchObject({ attempts: 1 });
    expect(held.running.size).toBe(3);
  });

  it('is not needed for a run to keep its lease', async () => {
    const held = gate();
    const platform = await open({ converter: held, leaseSeconds: 3 });
    const id = await platform.insert();
    await platform.queues.addJob('document', 'convert-pdf', {
      type: 'pdf-to-xml',
      data: { conversionId: id },
    });
    await platform.openWorkers().start();
    await until('it to run', async () => held.running.size === 1);
    for (let renewal = 0; renewal < 2; renewal++) {
      const before = (await platform.row(id)).leaseExpiresAt ?? new Date(0);
      await until('a renewal', async () => ((await platform.row(id)).leaseExpiresAt ?? before) > before);
    }
    held.open();
    await platform.settled(id);
  });

  it('gives claims back when the queue is away, and goes on when it is back', async () => {
    const platform = await open({ pollMs: 50 });
    const addJobs = platform.queues.addJobs.bind(platform.queues);
    let refused = 0;
    platform.queues.addJobs = (...args) => {
      refused += 1;
      return refused <= 3 ? Promise.reject(new Error('away')) : addJobs(...args);
    };
    await platform.openIntake().start();
    const id = await platform.insert();
    await until('the claim to be refused', async () => refused >= 3);
    await platform.openWorkers().start();
    expect(await platform.settled(id)).toMatchObject({ attempts: 1 });
  });

  it('fails the row of a job that its processor never ended', async () => {
    const platform = await open({ pollMs: 50 });
    await platform.openIntake().start();
    const id = await platform.insert();
    await until('it to be claimed', async () => (await count(`status = 'processing'`)) === 1);
    // As BullMQ does with a job that outlived its workers too often.
    const worker = await openBackend({
      kind: 'postgres',
      redisUrl: undefined,
      databaseUrl: world.databaseUrl,
      workers: 1,
    });
    const failing = worker.worker(
      'document',
      async () => Promise.reject(new Error('job stalled more than allowable limit')),
      {
        name: 'x',
        concurrency: 1,
        lockDurationMs: 5_000,
        maxStalls: 1,
        keepCompleted: {},
        keepFailed: {},
      },
    );
    await failing.waitUntilReady();
    void failing.run();
    const row = await platform.settled(id, 'failed');
    expect(row).toMatchObject({ errorCode: 'UNKNOWN', errorMessage: expect.stringContaining('stalled') });
    await failing.close();
    await worker.close();
  });

  it('shared by forty on many rows gives each to one, oldest first', { timeout: 120_000 }, async () => {
    const rows = long ? 5_000 : 400;
    await insertRows(rows);
    const { conversions } = world.database;
    const claimed: string[] = [];
    const take = async (worker: string): Promise<void> => {
      const times: number[] = [];
      while (true) {
        const batch = await conversions.claim({ worker, seconds: 300, limit: 4, mostLost: 5 });
        claimed.push(...batch.map(({ id }) => id));
        times.push(...batch.map(({ createdAt }) => createdAt.getTime()));
        if (batch.length === 0) break;
      }
      // Nobody is given a row that is older than one that it was given before.
      expect(times).toEqual([...times].sort((a, b) => a - b));
    };
    await Promise.all(Array.from({ length: 40 }, (_, index) => take(`intake-${index}`)));
    expect(claimed).toHaveLength(rows);
    expect(new Set(claimed).size).toBe(rows);
  });
});

/** Starts a worker process that hangs after so many conversions; resolves when it does. */
async function hangingProcess(redisUrl: string, seconds: number, conversions: number) {
  const script = join(import.meta.dirname, '../support/conversion-process.ts');
  const child = spawn(
    process.execPath,
    [script, world.databaseUrl, world.dataDir, redisUrl, String(seconds), String(conversions)],
    { stdio: ['ignore', 'pipe', 'inherit'] },
  );
  for await (const line of createInterface({ input: child.stdout })) if (line === 'in the middle') break;
  return {
    async kill() {
      child.kill('SIGKILL');
      await once(child, 'exit');
    },
  };
}

describe('a worker that is killed in the middle', () => {
  it('loses its lease, and another does the row', { timeout: 120_000 }, async () => {
    const platform = await open({ pollMs: 100 });
    const ids: string[] = [];
    for (let row = 0; row < 6; row++) ids.push(await platform.insert());
    const dying = await hangingProcess('', 60, 2);
    expect(await count(`status = 'processing' and run_token is not null`)).toBe(1);
    await dying.kill();
    // The job that it ran is still locked in the queue for two minutes; the end of its lease is what brings the row back.
    await world.pool.query(
      `update conversions set lease_expires_at = now() - interval '1 second' where status = 'processing'`,
    );
    await platform.openWorkers().start();
    await platform.openIntake().start();
    for (const id of ids) await platform.settled(id);
    expect(await count(`status <> 'complete'`)).toBe(0);
    expect(await count('claims > 1')).toBeGreaterThanOrEqual(1);
    for (const id of ids) expect(await platform.storage.exists(`results/${id}.xml`)).toBe(true);
  });
});

describe('a worker that is thought dead', () => {
  it('and comes back changes nothing: the row is another’s', async () => {
    const stuck = gate();
    const first = await open({ converter: stuck, pollMs: 600_000 });
    await first.openWorkers('first').start();
    await first.openIntake('first').start();
    const id = await first.insert();
    await until('it to run', async () => stuck.running.size === 1);
    // As if its renewals had not come through.
    await world.pool.query(`update conversions set lease_expires_at = now() - interval '1 second'`);
    const claimed = await world.database.conversions.claim({
      worker: 'second',
      seconds: 60,
      limit: 1,
      mostLost: 5,
    });
    const [second] = claimed;
    const run = { id, token: 'second' };
    await world.database.conversions.begin({
      ...run,
      jobKey: second?.jobKey ?? '',
      attempt: 1,
      worker: 'second',
      seconds: 60,
      byHand: false,
    });
    stuck.open();
    await until('its job to end', async () => (await first.queues.counts('document')).completed === 1);
    expect(await first.row(id)).toMatchObject({ status: 'processing', leasedBy: 'second' });
    const job = await first.queues.job('document', `conversion.${id}.1`);
    expect(job?.result).toEqual({ status: 'superseded', conversionId: id });
    const result = { resultPath: 'results/x.xml', bytes: 1, lineItems: undefined, converter: 'c' };
    expect(await world.database.conversions.finish(run, result)).toBe(true);
  });
});

describe('Redis that loses its memory', () => {
  const store = redisStore(8);
  it.skipIf(store === undefined)('while rows are queued loses none', { timeout: 240_000 }, async () => {
    if (store === undefined) throw new Error('There is no Redis.');
    const redis = await store(world);
    const rows = long ? 500 : 120;
    let flushes = 0;
    let converted = 0;
    const flusher = new Redis(redis.environment.REDIS_URL ?? '');
    try {
      const platform = await open({
        backend: redis.backend,
        leaseSeconds: 5,
        pollMs: 100,
        capacity: 10,
        converter: {
          ...echo,
          async convert(...args) {
            converted += 1;
            // In the middle of everything: some wait, some run, most are still rows.
            if (converted % 40 === 20 && flushes < 3) {
              flushes += 1;
              await flusher.flushdb();
            }
            return echo.convert(...args);
          },
        },
      });
      await platform.storage.put('uploads/shared.pdf', Buffer.from('%PDF-1.7'));
      await insertRows(rows);
      await platform.openWorkers().start();
      await platform.openIntake().start();
      await until('all to be complete', async () => (await count(`status = 'complete'`)) === rows, 200_000);
      expect(flushes).toBe(3);
      expect(await count(`status <> 'complete'`)).toBe(0);
      for (const platform of opened.splice(0)) await platform.close();
    } finally {
      flusher.disconnect();
      await redis.close();
    }
  });
});
