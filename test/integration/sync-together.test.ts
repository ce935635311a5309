import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { MillraceError } from '../../src/errors/catalogue.ts';
import { createSamGov } from '../../src/integrations/sam-gov/client.ts';
import type { SamGov } from '../../src/integrations/sam-gov/port.ts';
import { makeSample } from '../../src/sample/index.ts';
import { type SamGovSandbox, startSamGovSandbox } from '../../src/sample/sam-gov-sandbox.ts';
import { failureOf, runSync, type SyncJob, type SyncResult } from '../support/sync-job.ts';
import { createWorld, type World } from '../support/world.ts';

/** Syncs beside each other: jobs of one kind, attempts of one job, kinds under one key. */

const now = new Date('2026-04-16T12:00:00Z');
const { opportunities, entities } = makeSample({ asOf: now, opportunities: 60, entities: 30 });

let world: World;
let sandbox: SamGovSandbox;
let samGov: SamGov;

beforeEach(async () => {
  world = await createWorld();
  sandbox = await startSamGovSandbox({ opportunities, entities, host: '127.0.0.1' });
  samGov = createSamGov({ apiKey: 'key', baseUrl: sandbox.url, minIntervalMs: 0 });
});
afterEach(async () => {
  await sandbox.close();
  await world.close();
});

function sync(job: Partial<SyncJob> = {}): Promise<SyncResult> {
  return runSync({ database: world.database, samGov, now: () => now, ...job });
}

const scheduled = { payload: { type: 'sam-gov-opportunities' as const, data: { fullSync: false } } };

describe('a long full sync', () => {
  it('keeps its place while scheduled ones run between its days', async () => {
    let day = 0;
    const today = () => new Date(now.getTime() + day * 86_400_000);
    for (; day < 2; day++) {
      expect(await failureOf(sync({ key: 'full', dailyLimit: 2, now: today }))).toMatchObject({
        code: 'SYNC_RATE_LIMITED',
      });
      // The scheduled sync has a key with room left, and a page size that lets it through.
      await sync({ ...scheduled, key: `scheduled-${day}`, pageSize: 1_000, now: today });
    }
    const before = sandbox.requests;
    expect(await sync({ key: 'full', now: today })).toMatchObject({
      from: '2025-04-17',
      to: '2026-04-16',
      fetched: 60,
    });
    expect(sandbox.log.slice(before).map(({ parameters }) => parameters.offset)).toEqual(['4', '5']);
    expect(await world.database.syncs.syncedThrough('sam-gov-opportunities')).toBe('2026-04-17');
  });

  it('makes room for others when its turn is over, and goes on where it stopped', async () => {
    let time = now.getTime();
    const clock = () => new Date(time);
    const onPage = () => {
      time += 600;
    };
    const job = { key: 'full', turnMs: 1_000, now: clock, onPage };
    expect(await failureOf(sync(job))).toMatchObject({ code: 'SYNC_BUSY', retryAfterMs: 60_000 });
    expect((await world.pool.query('select * from sync_leases')).rows).toEqual([]);
    expect(await failureOf(sync(job))).toMatchObject({ code: 'SYNC_BUSY' });
    expect(await sync(job)).toMatchObject({ fetched: 60, requestsUsed: 6 });
    expect(sandbox.requests).toBe(6);
  });
});

describe('an attempt that is not dead yet', () => {
  it('writes nothing once its successor has begun, and the rows are as if it had not been', async () => {
    let release: () => void = () => undefined;
    const held = new Promise<void>((resolve) => {
      release = resolve;
    });
    let asked: () => void = () => undefined;
    const inFlight = new Promise<void>((resolve) => {
      asked = resolve;
    });
    let calls = 0;
    const slow: SamGov = {
      ...samGov,
      async searchOpportunities(query, signal) {
        const page = await samGov.searchOpportunities(query, signal);
        calls += 1;
        if (calls !== 3) return page;
        asked();
        await held;
        return page;
      },
    };
    const first = failureOf(sync({ samGov: slow }));
    await inFlight;
    // The queue has given the job up and another worker begins: it has the lease at once, and is in the middle of its
    // work when the first attempt comes back with its page.
    const successor: SamGov = {
      ...samGov,
      async searchOpportunities(query, signal) {
        const page = await samGov.searchOpportunities(query, signal);
        release();
        expect(await first).toMatchObject({ code: 'SYNC_BUSY' });
        return page;
      },
    };
    const second = await sync({ samGov: successor });
    expect(second).toMatchObject({ fetched: 60, inserted: 60, requestsUsed: 6 });
    expect(await world.database.syncs.checkpoint('sam-gov-opportunities', 'job-1')).toMatchObject({
      windows: [],
      totals: { fetched: 60, inserted: 60, unchanged: 0 },
    });
  });
});

describe('the budget of a key', () => {
  it('is one for opportunities and entities together', async () => {
    const ofEntities = {
      payload: {
        type: 'sam-gov-entities' as const,
        data: { fullSync: false, dateRange: { start: '2025-04-17', end: '2026-04-16' } },
      },
      key: 'job-2',
    };
    const outcomes = await Promise.allSettled([
      sync({ dailyLimit: 5 }),
      sync({ ...ofEntities, dailyLimit: 5 }),
    ]);
    expect(outcomes.map(({ status }) => status)).toContain('rejected');
    expect(sandbox.requests).toBe(5);
    const tomorrow = () => new Date('2026-04-17T00:00:00Z');
    expect(await sync({ now: tomorrow })).toMatchObject({ inserted: 60, requestsUsed: 6 });
    expect(await sync({ ...ofEntities, now: tomorrow })).toMatchObject({ inserted: 30, requestsUsed: 3 });
  });

  it('keeps requests apart whichever process makes them', async () => {
    const request = { key: 'sam-gov', day: '2026-04-16', limit: 3, intervalMs: 60_000 };
    const first = await world.database.syncs.spendRequest(request);
    expect(first).toEqual({ used: 1, waitMs: 0 });
    const second = await world.database.syncs.spendRequest(request);
    expect(second?.used).toBe(2);
    expect(second?.waitMs).toBeGreaterThan(30_000);
    expect(second?.waitMs).toBeLessThanOrEqual(60_000);
    const third = await world.database.syncs.spendRequest(request);
    expect(third?.waitMs).toBeGreaterThan(90_000);
    expect(await world.database.syncs.spendRequest({ ...request, key: 'another' })).toEqual({
      used: 1,
      waitMs: 0,
    });
    expect(await world.database.syncs.spendRequest(request)).toBeUndefined();
  });

  it('stops waiting for its turn when the job is stopped', async () => {
    const patient: SamGov = { ...samGov, minIntervalMs: 3_600_000 };
    const caller = new AbortController();
    const run = failureOf(
      sync({
        samGov: patient,
        signal: caller.signal,
        database: {
          ...world.database,
          syncs: {
            ...world.database.syncs,
            async spendRequest(request) {
              const spent = await world.database.syncs.spendRequest(request);
              if (spent !== undefined && spent.waitMs > 0) {
                setImmediate(() => caller.abort(new MillraceError('JOB_ABORTED', 'The worker stops.')));
              }
              return spent;
            },
          },
        },
      }),
    );
    expect(await run).toMatchObject({ code: 'JOB_ABORTED' });
    expect(sandbox.requests).toBe(1);
  });
});
