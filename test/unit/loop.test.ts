import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { createLoop } from '../../src/lifecycle/loop.ts';

describe('a loop', () => {
  beforeEach(() => {
    vi.useFakeTimers();
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function counting(runOnce: (round: number) => Promise<unknown> = async () => undefined) {
    let rounds = 0;
    const errors: unknown[] = [];
    const loop = createLoop({
      name: 'duty',
      intervalMs: 1_000,
      runOnce: () => runOnce(++rounds),
      onError: (error) => errors.push(error),
    });
    return { loop, errors, rounds: () => rounds };
  }

  test('does its duty once an interval, give or take a twentieth', async () => {
    const { loop, rounds } = counting();
    await loop.start();
    await vi.advanceTimersByTimeAsync(949);
    expect(rounds()).toBe(0);
    await vi.advanceTimersByTimeAsync(101);
    expect(rounds()).toBe(1);
    await vi.advanceTimersByTimeAsync(20_000);
    expect(rounds()).toBeGreaterThanOrEqual(19);
    expect(rounds()).toBeLessThanOrEqual(23);
    await loop.stop();
  });

  test('goes on after a round that failed, and reports it', async () => {
    const { loop, errors, rounds } = counting(async (round) => {
      if (round === 1) throw new Error('once');
    });
    await loop.start();
    await vi.advanceTimersByTimeAsync(3_200);
    expect(errors).toMatchObject([{ message: 'once' }]);
    expect(rounds()).toBeGreaterThanOrEqual(2);
    await loop.stop();
  });

  test('never runs two rounds at once, however long one takes', async () => {
    const gate = Promise.withResolvers<void>();
    const { loop, rounds } = counting(() => gate.promise);
    await loop.start();
    await vi.advanceTimersByTimeAsync(60_000);
    expect(rounds()).toBe(1);
    gate.resolve();
    await vi.advanceTimersByTimeAsync(1_051);
    expect(rounds()).toBe(2);
    await loop.stop();
  });

  test('waits, when stopped, for the round that runs, and begins no other', async () => {
    const gate = Promise.withResolvers<void>();
    const { loop, rounds } = counting(() => gate.promise);
    await loop.start();
    await vi.advanceTimersByTimeAsync(1_100);
    let stopped = false;
    const stopping = loop.stop().then(() => {
      stopped = true;
    });
    await vi.advanceTimersByTimeAsync(10);
    expect(stopped).toBe(false);
    gate.resolve();
    await stopping;
    await vi.advanceTimersByTimeAsync(60_000);
    expect(rounds()).toBe(1);
    expect(vi.getTimerCount()).toBe(0);
  });

  test('starts once, also when asked twice, and stops twice without harm', async () => {
    const { loop, rounds } = counting();
    await Promise.all([loop.start(), loop.start()]);
    await vi.advanceTimersByTimeAsync(1_060);
    expect(rounds()).toBe(1);
    await Promise.all([loop.stop(), loop.stop()]);
    await vi.advanceTimersByTimeAsync(10_000);
    expect(rounds()).toBe(1);
  });

  test('keeps one pace when it is started again while a round still runs', async () => {
    const gate = Promise.withResolvers<void>();
    const { loop, rounds } = counting((round) => (round === 1 ? gate.promise : Promise.resolve()));
    await loop.start();
    await vi.advanceTimersByTimeAsync(1_060);
    void loop.stop();
    await loop.start();
    gate.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(vi.getTimerCount()).toBe(1);
    await loop.stop();
    expect(rounds()).toBe(1);
  });
});
