import fc from 'fast-check';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { MillraceError } from '../../src/errors/catalogue.ts';
import { gather } from '../../src/integrations/database/gather.ts';

beforeEach(() => {
  vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout', 'performance'] });
});
afterEach(() => {
  vi.useRealTimers();
});

/** A statement that answers at once, doubling, and refuses those that hold a negative number. */
function statement() {
  const calls: (readonly number[])[] = [];
  const many = async (items: readonly number[]) => {
    calls.push(items);
    if (items.some((item) => item < 0)) throw new Error('refused');
    return items.map((item) => item * 2);
  };
  return { calls, many };
}

/** Lets everything go that waits for no timer. */
const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

describe('statements that are gathered', () => {
  it('go at once for an item alone, whatever their distance', async () => {
    const { calls, many } = statement();
    const ask = gather(many, { everyMs: 8 });
    await expect(ask(1)).resolves.toBe(2);
    vi.advanceTimersByTime(8);
    await expect(ask(2)).resolves.toBe(4);
    expect(calls).toEqual([[1], [2]]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('keep their distance in a stream, and take what comes meanwhile', async () => {
    const { calls, many } = statement();
    const ask = gather(many, { everyMs: 8 });
    const asked: Promise<number>[] = [];
    for (let item = 0; item < 20; item += 1) {
      asked.push(ask(item));
      await turn();
      vi.advanceTimersByTime(1);
      await turn();
    }
    vi.advanceTimersByTime(8);
    await expect(Promise.all(asked)).resolves.toEqual(asked.map((_, item) => item * 2));
    // One at the start, and then all that came in each eight ms.
    expect(calls.map(({ length }) => length)).toEqual([1, 7, 8, 4]);
  });

  it('do not wait when they are full', async () => {
    const { calls, many } = statement();
    const ask = gather(many, { most: 10, everyMs: 1_000 });
    const asked = [ask(0)];
    await turn();
    asked.push(...Array.from({ length: 25 }, (_, at) => ask(1 + at)));
    await turn();
    expect(calls.map(({ length }) => length)).toEqual([1, 10, 10]);
    vi.advanceTimersByTime(1_000);
    await expect(Promise.all(asked)).resolves.toHaveLength(26);
    expect(calls.map(({ length }) => length)).toEqual([1, 10, 10, 5]);
  });

  it('fail for no item but the one at fault, and for all of them when the database is away', async () => {
    const { calls, many } = statement();
    const ask = gather(many, { everyMs: 8 });
    const outcomes = await Promise.allSettled([1, -2, 3].map(ask));
    expect(outcomes.map(({ status }) => status)).toEqual(['fulfilled', 'rejected', 'fulfilled']);
    expect(calls).toEqual([[1, -2, 3], [1], [-2], [3]]);
    const away = vi.fn(() => Promise.reject(new MillraceError('DATABASE_UNAVAILABLE', 'Away.')));
    await Promise.allSettled([1, 2, 3].map(gather(away, { everyMs: 8 })));
    expect(away).toHaveBeenCalledTimes(1);
  });

  it('answer each item once, in the order in which they were asked for', async () => {
    const plan = fc.array(fc.record({ items: fc.nat(12), ms: fc.nat(12) }), { maxLength: 15 });
    await fc.assert(
      fc.asyncProperty(plan, async (steps) => {
        const { calls, many } = statement();
        const ask = gather(many, { most: 5, inFlight: 2, everyMs: 8 });
        const asked: Promise<number>[] = [];
        for (const { items, ms } of steps) {
          for (let item = 0; item < items; item += 1) asked.push(ask(asked.length));
          await turn();
          vi.advanceTimersByTime(ms);
        }
        await turn();
        vi.advanceTimersByTime(8);
        await expect(Promise.all(asked)).resolves.toEqual(asked.map((_, item) => item * 2));
        expect(calls.flat()).toEqual(asked.map((_, item) => item));
        expect(vi.getTimerCount()).toBe(0);
      }),
      { numRuns: 50 },
    );
  });
});
