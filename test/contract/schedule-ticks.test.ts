import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type { ScheduleTicks } from '../../src/integrations/database/port.ts';
import { createWorld, type World } from '../support/world.ts';

const at = (minute: number) => new Date(Date.UTC(2026, 5, 1, 9, minute));

/** What every ledger of ticks must do; a driver adds its own factory. */
describe('the ledger of ticks on PostgreSQL', () => {
  let world: World;
  let ticks: ScheduleTicks;

  beforeAll(async () => {
    world = await createWorld();
    ticks = world.database.ticks;
  });
  afterAll(() => world.close());

  const claim = (schedule: string, tickAt: Date, owner: string, seconds = 10) =>
    ticks.claim({ schedule, tickAt, owner, seconds, caughtUp: false });
  const expire = (schedule: string) =>
    world.pool.query(
      `update schedule_ticks set claim_expires_at = now() - interval '1 second' where schedule = $1`,
      [schedule],
    );

  test('a schedule that is new has no last tick; its first baseline is the only one', async () => {
    expect(await ticks.last('new')).toBeUndefined();
    await ticks.baseline('new', at(10));
    await ticks.baseline('new', at(50));
    expect(await ticks.last('new')).toEqual(at(10));
  });

  test('of baselines set at once one stands', async () => {
    const names = Array.from({ length: 10 }, (_, index) => `together-${index}`);
    for (const name of names)
      await Promise.all([1, 2, 3, 4, 5, 6].map((minute) => ticks.baseline(name, at(minute))));
    const { rows } = await world.pool.query(
      `select schedule from schedule_ticks where schedule like 'together-%' order by schedule`,
    );
    expect(rows.map((row) => row.schedule)).toEqual(names);
  });

  test('of many claims at once one succeeds', async () => {
    const claims = await Promise.all(
      Array.from({ length: 20 }, (_, index) => claim('contested', at(0), `owner-${index}`)),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
    expect(await ticks.last('contested')).toEqual(at(0));
  });

  test('a claim that was not confirmed can be taken over once when it has ended, and not before', async () => {
    expect(await claim('dead', at(0), 'first')).toBe(true);
    expect(await claim('dead', at(0), 'second')).toBe(false);
    expect(await ticks.unconfirmed('dead')).toEqual([]);
    await expire('dead');
    expect(await ticks.unconfirmed('dead')).toEqual([at(0)]);
    const claims = await Promise.all(
      ['second', 'third', 'fourth'].map((owner) => claim('dead', at(0), owner)),
    );
    expect(claims.filter(Boolean)).toHaveLength(1);
  });

  test('a confirmed tick is nobody else’s, however old its claim', async () => {
    await claim('done', at(0), 'first');
    await ticks.confirm('done', at(0), 'job-1');
    await expire('done');
    expect(await ticks.unconfirmed('done')).toEqual([]);
    expect(await claim('done', at(0), 'second')).toBe(false);
    await ticks.confirm('done', at(0), 'job-2');
    const { rows } = await world.pool.query('select state, job_id from schedule_ticks where schedule = $1', [
      'done',
    ]);
    expect(rows).toEqual([{ state: 'enqueued', job_id: 'job-1' }]);
  });

  test('schedules do not see each other’s ticks', async () => {
    await claim('one', at(7), 'first');
    expect(await ticks.last('another')).toBeUndefined();
    expect(await claim('another', at(7), 'second')).toBe(true);
  });

  test('the latest tick is the last one, in whatever order they were claimed', async () => {
    await claim('order', at(9), 'first');
    await claim('order', at(3), 'first');
    expect(await ticks.last('order')).toEqual(at(9));
  });
});
