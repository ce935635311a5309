import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { RestartBackoff } from '../../src/lifecycle/restart-backoff.ts';
import { impatient } from '../../src/lifecycle/start-patience.ts';
import { createSupervisor, type Supervisor, type SupervisorOptions } from '../../src/lifecycle/supervisor.ts';
import type { EndReport } from '../../src/lifecycle/worker-end.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { sumMetrics } from '../../src/observability/summed-metrics.ts';
import { until } from '../support/platform.ts';
import { parseMetrics } from '../support/prometheus-text.ts';

describe('a supervisor', () => {
  let dir: string;
  let supervisor: Supervisor;
  let ends: EndReport[];

  beforeEach(async () => {
    dir = await mkdtemp(join(tmpdir(), 'millrace-supervisor-'));
    process.env.TEST_WORKERS_DIR = dir;
    ends = [];
  });
  afterEach(async () => {
    supervisor.kill();
    await supervisor.stop();
    await rm(dir, { recursive: true });
  });

  function supervise(scripts: readonly string[], options: Partial<SupervisorOptions> = {}): Supervisor {
    process.env.TEST_WORKERS = JSON.stringify(scripts);
    supervisor = createSupervisor({
      processes: scripts.length,
      script: new URL('../support/scripted-worker-process.ts', import.meta.url),
      embeddedUrl: undefined,
      memoryLimitBytes: 10 ** 11,
      shutdownTimeoutMs: 0,
      silenceMs: 60_000,
      log: silentLogger(),
      onEnd: (report) => ends.push(report),
      backoff: { firstMs: 50, longestMs: 400, provenMs: 600_000 },
      ...options,
    });
    return supervisor;
  }
  const states = () => supervisor.workers.map(({ state }) => state);
  const pids = () => supervisor.workers.flatMap(({ pid }) => pid ?? []);
  const endsOf = (worker: number) => ends.filter((end) => end.worker === worker);
  const counted = async () =>
    parseMetrics(await sumMetrics(await supervisor.snapshots()).metrics()).value('jobs_total', {});

  it('has all processes up when it has started, and none when it has stopped', async () => {
    await supervise(['fine', 'fine', 'fine']).start();
    expect(states()).toEqual(['up', 'up', 'up']);
    await until('all are well', async () => supervisor.workers.every(({ healthy }) => healthy));
    const running = pids();
    expect(new Set(running).size).toBe(3);
    await supervisor.stop();
    await supervisor.stop();
    expect(states()).toEqual(['stopped', 'stopped', 'stopped']);
    expect(running.filter(runs)).toEqual([]);
    expect(ends.map(({ end, inOrder }) => [end, inOrder])).toEqual(Array(3).fill(['stopped', true]));
  });

  it('starts again what dies, and loses none of what it had counted', async () => {
    await supervise(['fine', 'fine']).start();
    await until('both have told what they count', async () => (await counted()) === 2);
    const [first = Number.NaN] = pids();
    for (let deaths = 1; deaths <= 3; deaths += 1) {
      const [victim = Number.NaN] = pids();
      process.kill(victim, 'SIGKILL');
      await until('another is up', async () => states()[0] === 'up' && pids()[0] !== victim);
      // One for each start: those that died are remembered.
      expect(await counted()).toBeGreaterThanOrEqual(1 + deaths);
      await until('the new one has told as well', async () => (await counted()) === 2 + deaths);
    }
    expect(supervisor.workers).toMatchObject([{ restarts: 3 }, { restarts: 0 }]);
    expect(runs(first)).toBe(false);
    expect(endsOf(1)[0]).toMatchObject({ end: 'died', message: expect.stringContaining('SIGKILL') });
    expect(endsOf(2)).toEqual([]);
  });

  it('tries a process that cannot start at growing intervals, says why, and lets the others go on', async () => {
    await supervise(['fine', 'fails fails fails fails fine', 'crashes fine']).start();
    expect(states()[0]).toBe('up');
    await until('all are up', async () => states().every((state) => state === 'up'));
    const failed = endsOf(2);
    expect(failed).toHaveLength(4);
    for (const [at, { message, restartInMs = 0, failures }] of failed.entries()) {
      expect(message).toBe('It could not start: Worker 2 has no PORT_OF_CALL.');
      expect(failures).toBe(at + 1);
      const longest = Math.min(400, 50 * 2 ** at);
      expect(restartInMs).toBeLessThanOrEqual(longest);
      expect(restartInMs).toBeGreaterThanOrEqual(longest / 2);
    }
    expect(endsOf(3)).toMatchObject([{ end: 'not-started', message: expect.stringContaining('code 3') }]);
    expect(endsOf(1)).toEqual([]);
    expect(supervisor.workers[1]).toMatchObject({ restarts: 4, fault: undefined });
  });

  it('does not start when no process comes up, and says why', async () => {
    await expect(supervise(['fails', 'crashes']).start()).rejects.toMatchObject({
      code: 'PREFLIGHT_FAILED',
      message: 'None of the worker processes came up. Worker 1 has no PORT_OF_CALL.',
    });
    await supervisor.stop();
    const many = ends.length;
    expect(states()).toEqual(['stopped', 'stopped']);
    expect(ends).toHaveLength(many);
  });

  it('waits for a first process while a store that is away keeps them all down', async () => {
    const patience = { ...impatient, leftMs: 600_000 };
    await supervise(['away away away fine', 'away'], { patience }).start();
    expect(states()[0]).toBe('up');
    expect(endsOf(1).map(({ message }) => message)).toEqual(
      Array(3).fill('It could not start: Worker 1 has no database.'),
    );
  });

  it('waits no longer than the start has time', async () => {
    const patience = { ...impatient, leftMs: 500 };
    await expect(supervise(['away'], { patience }).start()).rejects.toMatchObject({
      message: 'None of the worker processes came up. Worker 1 has no database.',
    });
  });

  it('stops waiting for a store once it is something else that keeps them down', async () => {
    const patience = { ...impatient, leftMs: 600_000 };
    await expect(supervise(['away fails'], { patience }).start()).rejects.toMatchObject({
      message: 'None of the worker processes came up. Worker 1 has no PORT_OF_CALL.',
    });
    expect(endsOf(1)).toHaveLength(2);
  });

  it('drains a process that has passed the limit, and starts another', async () => {
    await supervise(['fine', 'hungry fine']).start();
    // It may have been replaced before anybody could look at it, so its end says which it was.
    await until('another is up', async () => endsOf(2).length === 1 && states()[1] === 'up');
    const [hungry] = endsOf(2);
    expect(hungry).toMatchObject({ end: 'memory', inOrder: true });
    expect(runs(hungry?.pid ?? process.pid)).toBe(false);
    expect(endsOf(1)).toEqual([]);
  });

  it('kills a process that is no longer heard of', async () => {
    await supervise(['stuck fine'], { silenceMs: 6_000 }).start();
    const [stuck = Number.NaN] = pids();
    await until('another is up', async () => states()[0] === 'up' && pids()[0] !== stuck, 60_000);
    expect(ends[0]).toMatchObject({ end: 'silent', message: expect.stringContaining('not been heard of') });
  });

  it('kills what does not end when it has had its time', async () => {
    await supervise(['deaf'], { closingMs: 300 }).start();
    const [deaf = Number.NaN] = pids();
    await supervisor.stop();
    expect(runs(deaf)).toBe(false);
    expect(ends).toMatchObject([{ end: 'stopped', inOrder: false }]);
  });

  it('stops while its processes are still starting', async () => {
    const started = supervise(['fine', 'fine']).start();
    await supervisor.stop();
    await started;
    expect(states()).toEqual(['stopped', 'stopped']);
    expect(pids()).toEqual([]);
  });
});

describe('the pause before a restart', () => {
  const options = { firstMs: 100, longestMs: 5_000, provenMs: 60_000 };

  it('grows to twice while ends follow too soon, within its bounds, and begins anew after a good run', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            upMs: fc.integer({ min: 0, max: 120_000 }),
            lot: fc.double({ min: 0, max: 0.999, noNaN: true }),
          }),
        ),
        (ends) => {
          let lot = 0;
          const backoff = new RestartBackoff({ ...options, random: () => lot });
          let soon = 0;
          for (const end of ends) {
            lot = end.lot;
            soon = end.upMs >= options.provenMs ? 1 : soon + 1;
            const pause = backoff.next(end.upMs);
            const longest = Math.min(options.longestMs, options.firstMs * 2 ** (soon - 1));
            expect(pause).toBeLessThanOrEqual(longest);
            expect(pause).toBeGreaterThanOrEqual(Math.floor(longest / 2));
            expect(backoff.failures).toBe(soon);
          }
        },
      ),
    );
  });
});

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}
