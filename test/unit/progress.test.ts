import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { Progress } from '../../src/worker/progress.ts';

describe('progress', () => {
  beforeEach(() => {
    vi.useFakeTimers({ now: 1_000_000 });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  function reporting(write: (round: number) => Promise<void> = async () => undefined) {
    const written: unknown[] = [];
    const progress = new Progress({
      updateProgress: (value: unknown) => {
        written.push(value);
        return write(written.length);
      },
    });
    return { progress, written };
  }

  test('is written at once the first time, bounded and rounded', async () => {
    const { progress, written } = reporting();
    progress.report(140.4, 'rows');
    expect(written).toEqual([{ percent: 100, message: 'rows' }]);
    await vi.advanceTimersByTimeAsync(250);
    progress.report(-3);
    await vi.advanceTimersByTimeAsync(250);
    progress.report(33.4);
    expect(written.slice(1)).toEqual([{ percent: 0 }, { percent: 33 }]);
    await progress.close();
  });

  test('is written at most every 250 ms, and then the latest', async () => {
    const { progress, written } = reporting();
    for (let percent = 0; percent <= 100; percent++) {
      progress.report(percent);
      await vi.advanceTimersByTimeAsync(10);
    }
    await vi.advanceTimersByTimeAsync(250);
    expect(written.length).toBeLessThanOrEqual(6);
    expect(written.at(0)).toEqual({ percent: 0 });
    expect(written.at(-1)).toEqual({ percent: 100 });
    await progress.close();
  });

  test('is written one at a time, even by a slow store', async () => {
    const gate = Promise.withResolvers<void>();
    const { progress, written } = reporting((round) => (round === 1 ? gate.promise : Promise.resolve()));
    progress.report(1);
    progress.report(2);
    await vi.advanceTimersByTimeAsync(5_000);
    progress.report(3);
    expect(written).toEqual([{ percent: 1 }]);
    gate.resolve();
    await vi.advanceTimersByTimeAsync(0);
    expect(written).toEqual([{ percent: 1 }, { percent: 3 }]);
    await progress.close();
  });

  test('that cannot be written harms nobody', async () => {
    const { progress, written } = reporting(() => Promise.reject(new Error('away')));
    progress.report(1);
    await vi.advanceTimersByTimeAsync(300);
    progress.report(2);
    await progress.close();
    expect(written).toEqual([{ percent: 1 }, { percent: 2 }]);
  });

  test('is not written any more after its job has ended', async () => {
    const gate = Promise.withResolvers<void>();
    const { progress, written } = reporting(() => gate.promise);
    progress.report(1);
    const closing = progress.close();
    progress.report(2);
    gate.resolve();
    await closing;
    progress.report(3);
    await vi.advanceTimersByTimeAsync(1_000);
    expect(written).toEqual([{ percent: 1 }]);
    expect(vi.getTimerCount()).toBe(0);
  });
});
