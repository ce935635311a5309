import { setImmediate as turn } from 'node:timers/promises';
import { expect, test } from 'vitest';
import { fewAtOnce } from '../../src/queue/few-at-once.ts';

const numbers = Array.from({ length: 100 }, (_, n) => n);

test('all is done, in order, and a few at a time', async () => {
  let running = 0;
  let most = 0;
  const doubled = await fewAtOnce(numbers, async (n, at) => {
    running += 1;
    most = Math.max(most, running);
    // The later ones are the quicker ones.
    for (let turns = 100 - n; turns > 0; turns -= 1) await turn();
    running -= 1;
    return n + at;
  });
  expect(doubled).toEqual(numbers.map((n) => 2 * n));
  expect(most).toBe(8);
});

test('nothing is begun after a failure', async () => {
  const begun: number[] = [];
  const failing = fewAtOnce(numbers, async (n) => {
    begun.push(n);
    await turn();
    if (n === 3) throw new Error('The store is away.');
  });
  await expect(failing).rejects.toThrow('The store is away.');
  for (let turns = 0; turns < 10; turns += 1) await turn();
  expect(begun.length).toBeLessThanOrEqual(16);
});

test('nothing is done for nothing', async () => {
  expect(await fewAtOnce([], () => Promise.reject(new Error('For what?')))).toEqual([]);
});
