import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createScheduler } from '../../schedulers/index.ts';
import type { ScheduleTicks } from '../../src/integrations/database/port.ts';
import { Events } from '../../src/observability/events.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createWorld, type World } from '../support/world.ts';

const HOUR = 3_600_000;
/** Seconds that three processes run together. */
const RUN_SECONDS = process.env.MILLRACE_LONG === '1' ? 60 : 12;

let world: World;
let processes: ChildProcess[] = [];

beforeEach(async () => {
  world = await createWorld();
  await world.pool.query('create table enqueued (key text not null, at timestamptz not null)');
});

afterEach(async () => {
  await Promise.all(processes.map((child) => end(child, 'SIGKILL')));
  processes = [];
  await world.close();
});

/** Starts a scheduler process; resolves when it runs. */
async function launch(...mode: string[]): Promise<ChildProcess> {
  const script = join(import.meta.dirname, '../support/scheduler-process.ts');
  const child = spawn(process.execPath, [script, world.databaseUrl, ...mode], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  processes.push(child);
  const ended = once(child, 'exit').then(([code]) => {
    throw new Error(`The scheduler process ended with ${code} before it was ready.`);
  });
  await Promise.race([once(child.stdout, 'data'), ended]);
  ended.catch(() => undefined);
  return child;
}

async function end(child: ChildProcess, signal: NodeJS.Signals): Promise<number | null> {
  if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
  const exited = once(child, 'exit');
  child.kill(signal);
  await exited;
  return child.exitCode;
}

/** The enqueued seconds in order, one for each row, so that a tick enqueued twice is there twice. */
async function seconds(): Promise<number[]> {
  const { rows } = await world.pool.query<{ key: string }>('select key from enqueued order by key');
  return rows.map(({ key }) => {
    const [, date, hour, minute, second] =
      /^every-second-(\d{4}-\d\d-\d\d)T(\d\d)(\d\d)(\d\d)Z$/.exec(key) ?? [];
    return Date.parse(`${date}T${hour}:${minute}:${second}Z`) / 1_000;
  });
}

/** Every second from the first to the last of those given, once. */
function unbroken(found: readonly number[]): number[] {
  const [first = 0, last = -1] = [found[0], found.at(-1)];
  return Array.from({ length: last - first + 1 }, (_, index) => first + index);
}

async function untilSpanOf(length: number): Promise<void> {
  await vi.waitFor(
    async () => {
      const found = await seconds();
      expect((found.at(-1) ?? 0) - (found[0] ?? 0)).toBeGreaterThanOrEqual(length);
    },
    { timeout: length * 1_000 + 40_000, interval: 200 },
  );
}

describe('scheduler processes on one database', () => {
  test(`three of them make one job of each of ${RUN_SECONDS} seconds' ticks`, {
    timeout: 120_000,
  }, async () => {
    const schedulers = await Promise.all([launch(), launch(), launch()]);
    await untilSpanOf(RUN_SECONDS);
    expect(await Promise.all(schedulers.map((child) => end(child, 'SIGTERM')))).toEqual([0, 0, 0]);
    const found = await seconds();
    expect(found).toEqual(unbroken(found));
    expect(found.length).toBeGreaterThan(RUN_SECONDS);
    const { rows } = await world.pool.query(
      `select count(*)::int as ticks from schedule_ticks where state = 'enqueued'`,
    );
    expect(rows).toEqual([{ ticks: found.length }]);
  });

  test('each tick stays one job when the one that made the last is killed', {
    timeout: 150_000,
  }, async () => {
    const schedulers = await Promise.all([launch(), launch(), launch()]);
    await untilSpanOf(3);
    // Not between the job's row and its confirmation: that would be a second row here, where rows are not idempotent as
    // jobs are.
    const victim = await vi.waitFor(
      async () => {
        const { rows } = await world.pool.query<{ owner: string }>(
          `select claimed_by as owner from schedule_ticks where state = 'enqueued' order by tick_at desc limit 1`,
        );
        const child = schedulers.find(({ pid }) => String(pid) === rows[0]?.owner);
        if (child === undefined) throw new Error('No scheduler of these has confirmed a tick.');
        // It stands still while its claims are looked at: what it has not claimed by now it never makes a row of.
        child.kill('SIGSTOP');
        const { rows: claimed } = await world.pool.query(
          `select 1 from schedule_ticks where state = 'claimed' and claimed_by = $1`,
          [String(child.pid)],
        );
        if (claimed.length > 0) {
          child.kill('SIGCONT');
          throw new Error('It has claimed the next tick.');
        }
        child.kill('SIGKILL');
        return child;
      },
      { timeout: 50_000, interval: 20 },
    );
    const killedAt = Date.now() / 1_000;
    await vi.waitFor(
      async () => {
        // A claim that it had asked for when it was stopped may have come through, and ends here without a wait.
        const { rowCount } = await world.pool.query(
          `update schedule_ticks set claim_expires_at = now() - interval '1 second'
           where state = 'claimed' and claimed_by = $1`,
          [String(victim.pid)],
        );
        expect(rowCount).toBe(0);
        expect((await seconds()).at(-1)).toBeGreaterThan(killedAt + 4);
      },
      { timeout: 50_000, interval: 200 },
    );
    const rest = schedulers.filter((child) => child !== victim);
    expect(await Promise.all(rest.map((child) => end(child, 'SIGTERM')))).toEqual([0, 0]);
    const found = await seconds();
    expect(found).toEqual(unbroken(found));
  });

  test('what a dead scheduler had claimed is enqueued by another, once', { timeout: 150_000 }, async () => {
    const dead = await launch('hang');
    const tick = await vi.waitFor(
      async () => {
        const { rows } = await world.pool.query<{ tick_at: Date }>(
          `select tick_at from schedule_ticks where state = 'claimed' order by tick_at limit 1`,
        );
        if (rows[0] === undefined) throw new Error('Nothing is claimed yet.');
        return rows[0].tick_at;
      },
      { timeout: 50_000, interval: 50 },
    );
    await end(dead, 'SIGKILL');
    await world.pool.query(`update schedule_ticks set claim_expires_at = now() - interval '1 second'`);
    const living = await Promise.all([launch(), launch()]);
    await vi.waitFor(async () => expect(await seconds()).toContain(tick.getTime() / 1_000), {
      timeout: 50_000,
      interval: 100,
    });
    await Promise.all(living.map((child) => end(child, 'SIGTERM')));
    const found = await seconds();
    expect(found.filter((second) => second === tick.getTime() / 1_000)).toHaveLength(1);
    expect(new Set(found).size).toBe(found.length);
  });

  test('when all were down over many ticks, those that start again catch up the latest only', {
    timeout: 150_000,
  }, async () => {
    const schedulers = await Promise.all([launch(), launch(), launch()]);
    await untilSpanOf(2);
    await Promise.all(schedulers.map((child) => end(child, 'SIGTERM')));
    // An outage of a minute: the ledger's ticks become as much older.
    await world.pool.query(`update schedule_ticks set tick_at = tick_at - interval '1 minute'`);
    await world.pool.query('truncate enqueued');
    const again = [await launch(), ...(await Promise.all([launch(), launch()]))];
    await untilSpanOf(3);
    await Promise.all(again.map((child) => end(child, 'SIGTERM')));
    const found = await seconds();
    expect(found).toEqual(unbroken(found));
    const { rows } = await world.pool.query<{ second: number }>(
      'select extract(epoch from tick_at)::int as second from schedule_ticks where caught_up',
    );
    expect(rows).toEqual([{ second: found[0] }]);
  });
});

describe('a scheduler', () => {
  interface Given {
    readonly now: () => number;
    readonly ticks?: ScheduleTicks;
    readonly cron?: string;
  }

  function scheduler({ now, ticks = world.database.ticks, cron = '0 * * * *' }: Given) {
    const enqueued: string[] = [];
    const outcomes: string[] = [];
    const events = new Events();
    events.on('schedule.tick', ({ outcome }) => outcomes.push(outcome));
    const service = createScheduler({
      schedules: [
        { name: 'hourly', cron, catchUpMs: 6 * HOUR, enabled: true, payload: 'mine' },
        { name: 'off', cron: '* * * * * *', catchUpMs: HOUR, enabled: false, payload: 'none' },
      ],
      timeZone: 'UTC',
      ticks,
      async enqueue({ payload }, _tickAt, jobKey) {
        enqueued.push(`${payload} ${jobKey}`);
        return jobKey;
      },
      events,
      log: silentLogger(),
      clock: now,
      owner: 'test',
    });
    return { service, enqueued, outcomes };
  }

  test('starts and stops any number of times, and catches up at its next start', async () => {
    let now = Date.parse('2026-06-01T08:30:00Z');
    const { service, enqueued, outcomes } = scheduler({ now: () => now });
    await Promise.all([service.start(), service.start()]);
    await Promise.all([service.stop(), service.stop()]);
    now += 4 * HOUR;
    await service.start();
    await service.stop();
    await service.stop();
    expect(enqueued).toEqual(['mine hourly-2026-06-01T120000Z']);
    expect(outcomes).toEqual(['caught_up']);
  });

  test('does not ring when it is off, and never for a schedule that is', async () => {
    const { service, enqueued } = scheduler({ now: Date.now, cron: '* * * * * *' });
    await service.start();
    await vi.waitFor(() => expect(enqueued.length).toBeGreaterThanOrEqual(2), { timeout: 40_000 });
    await service.stop();
    const before = enqueued.length;
    // Another scheduler shows that ticks went on meanwhile.
    const other = scheduler({ now: Date.now, cron: '* * * * * *' });
    await other.service.start();
    await vi.waitFor(() => expect(other.enqueued.length).toBeGreaterThanOrEqual(2), { timeout: 40_000 });
    await other.service.stop();
    expect(enqueued).toHaveLength(before);
    expect(await world.database.ticks.last('off')).toBeUndefined();
  });

  test('stop waits for the tick that is under way', async () => {
    const now = Date.parse('2026-06-01T08:30:00Z');
    await world.database.ticks.baseline('hourly', new Date(now - HOUR));
    const claimed = Promise.withResolvers<void>();
    const goOn = Promise.withResolvers<void>();
    const slow: ScheduleTicks = {
      ...world.database.ticks,
      async claim(claim) {
        claimed.resolve();
        await goOn.promise;
        return world.database.ticks.claim(claim);
      },
    };
    const { service, enqueued } = scheduler({ now: () => now, ticks: slow });
    void service.start();
    await claimed.promise;
    const order: string[] = [];
    const stopped = service.stop().then(() => order.push(`stopped after ${enqueued.length}`));
    order.push('stopping');
    goOn.resolve();
    await stopped;
    expect(order).toEqual(['stopping', 'stopped after 1']);
  });

  test('starts without its database, and does at its first look what it would have done at its start', async () => {
    let now = Date.parse('2026-06-01T08:30:00Z');
    let away = true;
    await world.database.ticks.baseline('hourly', new Date(now));
    now += 2 * HOUR;
    const ticks: ScheduleTicks = {
      ...world.database.ticks,
      async last(schedule) {
        if (away) throw new Error('The database does not answer.');
        return world.database.ticks.last(schedule);
      },
    };
    const { service, outcomes } = scheduler({ now: () => now, ticks });
    await service.start();
    expect(outcomes).toEqual([]);
    away = false;
    await service.stop();
    await service.start();
    await service.stop();
    expect(outcomes).toEqual(['caught_up']);
  });

  test('refuses a table with faults, and names them all', () => {
    const line = { catchUpMs: HOUR, enabled: true };
    const build = () =>
      createScheduler({
        schedules: [
          { ...line, name: 'a', cron: '0 25 * * *' },
          { ...line, name: 'b', cron: '0 9 * * *', timeZone: 'Mars/Phobos' },
          { ...line, name: 'c', cron: '0 9 * * *' },
          { ...line, name: 'c', cron: '0 10 * * *' },
          { ...line, name: 'd', cron: 'never', enabled: false },
        ],
        timeZone: 'UTC',
        ticks: world.database.ticks,
        enqueue: async () => 'none',
        events: new Events(),
        log: silentLogger(),
        clock: Date.now,
        owner: 'test',
      });
    expect(build).toThrow(/3 fault\(s\)[\s\S]*schedules\.a:[\s\S]*schedules\.b:[\s\S]*schedules\.c:/);
  });
});
