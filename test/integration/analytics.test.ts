import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createAnalytics } from '../../src/integrations/database/postgres/analytics.ts';
import { connect } from '../../src/integrations/database/postgres/connection.ts';
import { createSamGov } from '../../src/integrations/sam-gov/client.ts';
import { makeSample } from '../../src/sample/index.ts';
import { startSamGovSandbox } from '../../src/sample/sam-gov-sandbox.ts';
import { runSyncThrough } from '../support/sync-job.ts';
import { createWorld, type World } from '../support/world.ts';

const now = new Date('2026-04-16T12:00:00Z');
const range = { start: '2025-04-17', end: '2026-04-16' };

let world: World;
beforeEach(async () => {
  world = await createWorld();
  const { opportunities, entities } = makeSample({ asOf: now, opportunities: 300, entities: 40 });
  const sandbox = await startSamGovSandbox({ opportunities, entities, host: '127.0.0.1' });
  const samGov = createSamGov({ apiKey: 'key', baseUrl: sandbox.url, minIntervalMs: 0 });
  const { database } = world;
  await runSyncThrough({ database, samGov, pageSize: 1_000, now: () => now });
  const payload = { type: 'sam-gov-entities' as const, data: { fullSync: true } };
  await runSyncThrough({ database, samGov, key: 'job-2', payload, now: () => now });
  await sandbox.close();
  await world.pool.query("update opportunities set agency = null where title like '%Pumps%'");
});
afterEach(() => world.close());

const figures = () => world.database.reports.figures(range);

/** Makes the aggregates wrong by hand: figures that do not change come from the notices themselves. */
async function spoil(): Promise<void> {
  await world.pool.query('drop materialized view opportunities_by_agency');
  await world.pool.query(
    `create materialized view opportunities_by_agency as
       select date '2026-04-01' as posted_on, 'Nobody' as agency, 7 as count, 0::numeric as awarded`,
  );
}

describe('aggregates', () => {
  it('give the same figures as the notices, to the cent', async () => {
    const exact = await figures();
    expect(exact.opportunities).toBe(300);
    expect(exact.byAgency.length).toBeGreaterThan(3);
    expect(exact.byAgency).toContainEqual({ agency: 'Not stated', count: expect.any(Number) });
    expect(await world.database.analytics.refresh('all')).toEqual([
      'opportunities_by_agency',
      'opportunities_by_set_aside',
      'entities_by_state',
    ]);
    expect(await figures()).toEqual(exact);
    for (const [start, end] of [
      ['2026-01-07', '2026-02-11'],
      ['2026-04-01', '2026-04-01'],
      ['2030-01-01', '2030-02-01'],
    ]) {
      const part = { start: start ?? '', end: end ?? '' };
      const fast = await world.database.reports.figures(part);
      await world.pool.query(
        "update analytics_versions set version = version + 1 where source = 'opportunities'",
      );
      expect(await world.database.reports.figures(part)).toEqual(fast);
      await world.database.analytics.refresh('opportunities');
    }
  });

  it('are read while nothing has changed since, and no longer', async () => {
    await world.database.analytics.refresh('opportunities');
    await spoil();
    expect((await figures()).opportunities).toBe(7);
    await world.pool.query("delete from opportunities where notice_id = 'nobody'");
    await world.pool.query("update opportunities set title = title where notice_id = 'nobody'");
    expect((await figures()).opportunities).toBe(7);
    await world.pool.query(
      'delete from opportunities where notice_id = (select min(notice_id) from opportunities)',
    );
    expect((await figures()).opportunities).toBe(299);
  });

  it('hold the entities by state, of the scope that was asked for', async () => {
    const count = async () =>
      (await world.pool.query('select coalesce(sum(count), 0)::int as n from entities_by_state')).rows;
    expect(await count()).toEqual([{ n: 0 }]);
    expect(await world.database.analytics.refresh('opportunities')).not.toContain('entities_by_state');
    expect(await count()).toEqual([{ n: 0 }]);
    expect(await world.database.analytics.refresh('entities')).toEqual(['entities_by_state']);
    expect(await count()).toEqual([{ n: 40 }]);
  });

  it('are refreshed beside their readers: a reader in the middle neither waits nor sees half', async () => {
    const exact = await figures();
    await world.pool.query("update analytics_versions set version = 0 where source = 'opportunities'");
    await world.pool.query("delete from opportunities where notice_type = 'Award Notice'");
    const client = await world.pool.connect();
    try {
      await client.query('begin');
      const inside = {
        ...connect(world.pool),
        query: async (sql: string, parameters: readonly unknown[] = []) =>
          (await client.query<Record<string, unknown>>(sql, [...parameters])).rows,
      };
      await createAnalytics(inside).refresh('all');
      // The refresh holds its locks here; a reader that had to wait for them would never come to an end.
      const { rows } = await world.pool.query('select count(*)::int as days from opportunities_by_agency');
      expect(rows).toEqual([{ days: 0 }]);
      const during = await figures();
      expect(during.opportunities).toBeLessThan(exact.opportunities);
      await client.query('commit');
      expect(await figures()).toEqual(during);
    } finally {
      client.release(true);
    }
  });
});
