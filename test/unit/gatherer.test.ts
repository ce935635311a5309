import fc from 'fast-check';
import { afterEach, describe, expect, test, vi } from 'vitest';
import { Gatherer, type Pending } from '../../src/backend/gathering/gatherer.ts';

/** A store that answers when it is told to, and refuses a batch that holds one of `failing`. */
class Store {
  readonly open: { readonly items: readonly number[]; settle(): void }[] = [];
  readonly sent: (readonly number[])[] = [];
  readonly #failing: ReadonlySet<number>;
  most = 0;

  constructor(failing: readonly number[] = []) {
    this.#failing = new Set(failing);
  }

  readonly send = (batch: readonly Pending<number, string>[]): Promise<void> => {
    const items = batch.map(({ call }) => call);
    this.sent.push(items);
    return new Promise((resolve, reject) => {
      const settle = () => {
        if (items.some((item) => this.#failing.has(item))) return reject(new Error(`refused ${items}`));
        for (const pending of batch) pending.resolve(`job ${pending.call}`);
        resolve();
      };
      this.open.push({ items, settle });
      this.most = Math.max(this.most, this.open.length);
    });
  };

  /** Answers one of the open batches. */
  settle(at = 0): void {
    this.open.splice(at % Math.max(1, this.open.length), 1)[0]?.settle();
  }
}

const gathererOn = (store: Store) =>
  new Gatherer({ send: store.send, most: 500, inFlightMost: 2, defer: queueMicrotask });

const turn = () => new Promise<void>((resolve) => setImmediate(resolve));

async function settleAll(store: Store, order: readonly number[] = []): Promise<void> {
  await turn();
  for (let step = 0; store.open.length > 0; step++) {
    store.settle(order[step % Math.max(1, order.length)]);
    await turn();
  }
}

const numbers = (count: number) => Array.from({ length: count }, (_, index) => index);

describe('the gatherer', () => {
  afterEach(() => {
    vi.useRealTimers();
  });

  test('answers each call with its own answer exactly once, whatever comes between', async () => {
    const scenario = fc.record({
      plan: fc.array(fc.oneof(fc.nat(1_200), fc.constant('turn' as const)), { maxLength: 12 }),
      order: fc.array(fc.nat(20), { maxLength: 30 }),
      failing: fc.array(fc.nat(3_000), { maxLength: 3 }),
    });
    await fc.assert(
      fc.asyncProperty(scenario, async ({ plan, order, failing }) => {
        const store = new Store(failing);
        const gatherer = gathererOn(store);
        const answers: Promise<PromiseSettledResult<string>[]>[] = [];
        let next = 0;
        for (const [index, step] of plan.entries()) {
          if (step === 'turn') {
            await turn();
            store.settle(order[index]);
          } else answers.push(Promise.allSettled(numbers(step).map(() => gatherer.call(next++))));
        }
        await settleAll(store, order);
        const refused = new Set(
          store.sent.filter((batch) => batch.some((one) => failing.includes(one))).flat(),
        );
        for (const [item, answer] of (await Promise.all(answers)).flat().entries()) {
          if (refused.has(item)) expect(answer.status).toBe('rejected');
          else expect(answer).toEqual({ status: 'fulfilled', value: `job ${item}` });
        }
        // Every call went to the store once, in the order of the calls.
        expect(store.sent.flat()).toEqual(numbers(next));
        for (const batch of store.sent) expect(batch.length).toBeLessThanOrEqual(500);
        expect(store.most).toBeLessThanOrEqual(2);
      }),
      { numRuns: 60 },
    );
  });

  test('sends few calls as one batch and parts many, so that one is made up while the other is answered', async () => {
    const store = new Store();
    const gatherer = gathererOn(store);
    const few = numbers(16).map((item) => gatherer.call(item));
    await settleAll(store);
    await Promise.all(few);
    const many = numbers(100).map((item) => gatherer.call(100 + item));
    await settleAll(store);
    await Promise.all(many);
    expect(store.sent.map((batch) => batch.length)).toEqual([16, 50, 50]);
  });

  test('takes what has gathered meanwhile when a batch is answered', async () => {
    const store = new Store();
    const gatherer = gathererOn(store);
    const calls = numbers(3).map((item) => gatherer.call(item));
    await turn();
    calls.push(gatherer.call(3));
    await turn();
    calls.push(...numbers(10).map((item) => gatherer.call(4 + item)));
    await turn();
    expect(store.sent).toEqual([[0, 1, 2], [3]]);
    store.settle();
    await turn();
    expect(store.sent[2]).toEqual(numbers(10).map((item) => 4 + item));
    await settleAll(store);
    await Promise.all(calls);
  });

  test('sends a lone call without waiting on any timer', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout', 'setInterval', 'setImmediate'] });
    const store = new Store();
    const alone = gathererOn(store).call(1);
    await Promise.resolve();
    expect(store.open).toHaveLength(1);
    expect(vi.getTimerCount()).toBe(0);
    store.settle();
    await expect(alone).resolves.toBe('job 1');
  });

  test('holds no call up behind a store that is silent, nor sends more to one that answers', async () => {
    vi.useFakeTimers({ toFake: ['setTimeout'] });
    const store = new Store();
    const gatherer = gathererOn(store);
    const calls = [gatherer.call(0)];
    await turn();
    calls.push(gatherer.call(1));
    await turn();
    calls.push(gatherer.call(2));
    await turn();
    store.settle();
    await turn();
    calls.push(gatherer.call(3));
    // Batches 1 and 2 are under way, and one has been answered since the last look.
    vi.advanceTimersByTime(1_000);
    expect(store.sent).toEqual([[0], [1], [2]]);
    vi.advanceTimersByTime(1_000);
    expect(store.sent).toEqual([[0], [1], [2], [3]]);
    await settleAll(store);
    await Promise.all(calls);
  });

  test('rejects only the calls of the batch that failed, with what it failed with', async () => {
    const store = new Store([3]);
    const gatherer = gathererOn(store);
    const settled = Promise.allSettled(numbers(60).map((item) => gatherer.call(item)));
    await settleAll(store);
    const answers = await settled;
    for (const answer of answers.slice(0, 30))
      expect(answer).toMatchObject({
        status: 'rejected',
        reason: { message: expect.stringContaining('refused') },
      });
    for (const { status } of answers.slice(30)) expect(status).toBe('fulfilled');
  });

  test('rejects the calls when sending throws at once, and goes on', async () => {
    let broken = true;
    const gatherer = new Gatherer<number, string>({
      send: (batch) => {
        if (broken) throw new Error('no store');
        for (const { call, resolve } of batch) resolve(`job ${call}`);
        return Promise.resolve();
      },
      most: 500,
      inFlightMost: 1,
      defer: queueMicrotask,
    });
    await expect(Promise.all([gatherer.call(1), gatherer.call(2)])).rejects.toThrow('no store');
    broken = false;
    await expect(gatherer.call(3)).resolves.toBe('job 3');
  });
});
