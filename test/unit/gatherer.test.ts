import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Gatherer } from '../../src/queue/gatherer.ts';

/** A store that answers when it is told to, and writes down what it was asked. */
class Store {
  readonly calls: { readonly kind: 'one' | 'many'; readonly items: readonly number[]; settle(): void }[] = [];
  readonly added: number[] = [];
  readonly #failing: ReadonlySet<number>;
  inFlight = 0;
  most = 0;

  constructor(failing: readonly number[] = []) {
    this.#failing = new Set(failing);
  }

  readonly one = async (item: number) => {
    const [answer] = await this.#call('one', [item]);
    if (answer === undefined) throw new Error('one item has one answer');
    return answer;
  };

  readonly many = (items: readonly number[]) => this.#call('many', items);

  #call(kind: 'one' | 'many', items: readonly number[]): Promise<readonly string[]> {
    if (kind === 'many') this.most = Math.max(this.most, ++this.inFlight);
    return new Promise((resolve, reject) => {
      const settle = () => {
        if (kind === 'many') this.inFlight--;
        if (items.some((item) => this.#failing.has(item))) return reject(new Error(`refused ${items}`));
        this.added.push(...items);
        resolve(items.map((item) => `job ${item}`));
      };
      this.calls.push({ kind, items, settle });
    });
  }
}

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

/** Answers the open calls one after another, and those that they make room for, until none is open. */
async function answerAll(store: Store): Promise<void> {
  await turn();
  for (let call = store.calls.shift(); call !== undefined; call = store.calls.shift()) {
    call.settle();
    await turn();
  }
}

describe('the gatherer', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test('resolves each add with its own result exactly once, whatever comes between', async () => {
    const steps = fc.array(fc.oneof(fc.nat(1_200), fc.constant('turn' as const)), { maxLength: 12 });
    const scenario = fc.record({
      steps,
      order: fc.array(fc.nat(20), { maxLength: 30 }),
      failing: fc.array(fc.nat(3_000), { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ steps: plan, order, failing }) => {
        const store = new Store(failing);
        const gatherer = new Gatherer<number, string>(store);
        const batches: (readonly number[])[] = [];
        const ends: Promise<{ item: number; answer?: string; refused?: unknown }>[] = [];
        let next = 0;
        const add = () => {
          const item = next++;
          ends.push(
            gatherer.add(item).then(
              (answer) => ({ item, answer }),
              (refused: unknown) => ({ item, refused }),
            ),
          );
        };
        for (const [index, step] of plan.entries()) {
          if (step !== 'turn') for (let count = 0; count < step; count++) add();
          else {
            await turn();
            const open = store.calls.splice((order[index] ?? 0) % Math.max(1, store.calls.length), 1)[0];
            if (open !== undefined) {
              batches.push(open.items);
              open.settle();
            }
          }
        }
        const settled = store.calls;
        await turn();
        while (settled.length > 0) {
          const [open] = settled.splice((order[settled.length] ?? 0) % settled.length, 1);
          if (open === undefined) break;
          batches.push(open.items);
          open.settle();
          await turn();
        }
        const results = await Promise.all(ends);
        const refusedBatches = batches.filter((batch) => batch.some((item) => failing.includes(item)));
        for (const { item, answer, refused } of results) {
          if (refusedBatches.some((batch) => batch.includes(item))) expect(refused).toBeInstanceOf(Error);
          else expect(answer).toBe(`job ${item}`);
        }
        // Every item went to the store once, and within a call in the order of the adds.
        expect(batches.flat().sort((a, b) => a - b)).toEqual(
          Array.from({ length: next }, (_, index) => index),
        );
        for (const batch of batches) expect(batch).toEqual([...batch].sort((a, b) => a - b));
        for (const batch of batches) expect(batch.length).toBeLessThanOrEqual(500);
        expect(store.most).toBeLessThanOrEqual(2);
      }),
      { numRuns: 60 },
    );
  });

  test('adds fewer than eight singly, and eight together', async () => {
    const few = new Store();
    const gatherer = new Gatherer<number, string>(few);
    const seven = Array.from({ length: 7 }, (_, item) => gatherer.add(item));
    await turn();
    expect(few.calls.map(({ kind }) => kind)).toEqual(Array.from({ length: 7 }, () => 'one'));
    await answerAll(few);
    await Promise.all(seven);
    const many = new Store();
    const other = new Gatherer<number, string>(many);
    const eight = Array.from({ length: 8 }, (_, item) => other.add(item));
    await turn();
    expect(many.calls).toMatchObject([{ kind: 'many', items: [0, 1, 2, 3, 4, 5, 6, 7] }]);
    await answerAll(many);
    await Promise.all(eight);
  });

  test('keeps two bulk calls in flight, and takes the rest when one has ended', async () => {
    const store = new Store();
    const gatherer = new Gatherer<number, string>(store);
    const adds = Array.from({ length: 1_700 }, (_, item) => gatherer.add(item));
    await turn();
    expect(store.calls.map(({ items }) => items.length)).toEqual([500, 500]);
    store.calls.shift()?.settle();
    await turn();
    expect(store.calls.map(({ items }) => items.length)).toEqual([500, 500]);
    await answerAll(store);
    expect(await Promise.all(adds)).toHaveLength(1_700);
    expect(store.most).toBe(2);
  });

  test('rejects only the batch that failed', async () => {
    const store = new Store([3]);
    const gatherer = new Gatherer<number, string>(store);
    const adds = Array.from({ length: 600 }, (_, item) => gatherer.add(item));
    const settled = Promise.allSettled(adds);
    await answerAll(store);
    const statuses = (await settled).map(({ status }) => status);
    expect(statuses.slice(0, 500).every((status) => status === 'rejected')).toBe(true);
    expect(statuses.slice(500).every((status) => status === 'fulfilled')).toBe(true);
  });

  test('goes to the store without waiting on any timer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'setImmediate'] });
    const store = new Store();
    const gatherer = new Gatherer<number, string>(store);
    const alone = gatherer.add(1);
    await Promise.resolve();
    expect(store.calls).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
    store.calls.shift()?.settle();
    await expect(alone).resolves.toBe('job 1');
  });

  test('rejects an add that the store refuses by throwing at once', async () => {
    const gatherer = new Gatherer<number, string>({
      one: () => {
        throw new Error('no queue');
      },
      many: async () => [],
    });
    await expect(gatherer.add(1)).rejects.toThrow('no queue');
    const eight = Array.from({ length: 8 }, (_, item) => gatherer.add(item));
    for (const { status } of await Promise.allSettled(eight)) expect(status).toBe('rejected');
  });
});
