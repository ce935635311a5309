import { randomUUID } from 'node:crypto';
import { beforeAll, expect, it } from 'vitest';
import { clearOfMidnight, midnightHookMs } from '../../support/day.ts';
import type { Open } from '../database.ts';

export function modelBudget(open: Open): void {
  const take = (tokens: number, limit: number | undefined, holdSeconds = 600) => {
    const id = randomUUID();
    return open()
      .database.modelBudget.reserve({ id, tokens, limit, holdSeconds })
      .then((day) => ({ ...day, id }));
  };
  /** Of the cases' own, since they share the day. */
  const used = async () => (await open().database.modelBudget.today()).used;

  beforeAll(() => clearOfMidnight(open().database.modelBudget), midnightHookMs);

  it('has a day that ends at midnight UTC', async () => {
    const { resetsAt, waitMs } = await open().database.modelBudget.today();
    expect(resetsAt.toISOString()).toMatch(/T00:00:00.000Z$/);
    expect(waitMs).toBeGreaterThan(0);
    expect(waitMs).toBeLessThanOrEqual(86_400_000);
  });

  it('never reserves more than the limit, however many ask at once, and counts what was used', async () => {
    const { modelBudget: budget } = open().database;
    const before = await used();
    const limit = before + 1_000;
    const asked = await Promise.all(Array.from({ length: 12 }, () => take(150, limit)));
    const granted = asked.filter(({ outcome }) => outcome === 'granted');
    expect(granted).toHaveLength(6);
    expect(asked.filter(({ outcome }) => outcome === 'busy')).toHaveLength(6);
    expect(await budget.today()).toMatchObject({ used: before, reserved: 900 });

    for (const { id } of granted) {
      await budget.settle(id, { model: 'model-a', input: 100, output: 30 });
      await budget.settle(id, { model: 'model-a', input: 100, output: 30 });
    }
    expect(await budget.today()).toMatchObject({ used: before + 780, reserved: 0 });
    expect((await take(221, limit)).outcome).toBe('used-up');
    expect((await take(300, limit)).outcome).toBe('used-up');
    expect((await budget.today()).smallestRefused).toBe(221);
    const last = await take(220, limit);
    expect(last.outcome).toBe('granted');
    await budget.release(last.id);
    expect(await budget.today()).toMatchObject({ used: before + 780, reserved: 0 });
  });

  it('counts a call whose end nobody saw with all that was reserved for it', async () => {
    const { modelBudget: budget } = open().database;
    const before = await used();
    const lost = await take(400, before + 500, 0);
    expect(lost.outcome).toBe('granted');
    expect(await budget.today()).toMatchObject({ used: before + 400, reserved: 0 });
    expect((await take(101, before + 500)).outcome).toBe('used-up');
    // It was only slow: the truth replaces the bound.
    await budget.settle(lost.id, { model: 'model-a', input: 50, output: 10 });
    expect(await used()).toBe(before + 60);
  });

  it('counts without a limit, refuses nothing, and takes the same reservation twice for one', async () => {
    const { modelBudget: budget } = open().database;
    const before = await used();
    const id = randomUUID();
    const reservation = { id, tokens: 9_000_000_000, limit: undefined, holdSeconds: 600 };
    expect((await budget.reserve(reservation)).outcome).toBe('granted');
    expect((await budget.reserve(reservation)).outcome).toBe('granted');
    expect(await budget.today()).toMatchObject({ used: before, reserved: 9_000_000_000 });
    await budget.settle(id, { model: 'model-b', input: 7, output: 0 });
    expect(await budget.today()).toMatchObject({ used: before + 7, reserved: 0 });
  });

  it('settles a call of yesterday on its own day', async () => {
    const { database, pool } = open();
    const before = await used();
    const { id } = await take(100, undefined);
    await pool.query('update model_reservations set day = day - 1 where id = $1', [id]);
    await database.modelBudget.settle(id, { model: 'model-c', input: 5, output: 6 });
    expect(await used()).toBe(before);
    const { rows } = await pool.query(
      `select calls::int, input_tokens::int, output_tokens::int from model_usage
        where model = 'model-c' and day = (now() at time zone 'UTC')::date - 1`,
    );
    expect(rows).toEqual([{ calls: 1, input_tokens: 5, output_tokens: 6 }]);
  });
}
