import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { jobIdOf, sameJson } from '../../src/queue/idempotency.ts';

/** The same value with the fields of every object in another order. */
function shuffled(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(shuffled);
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(
    Object.entries(value)
      .reverse()
      .map(([key, inner]) => [key, shuffled(inner)]),
  );
}

describe('the job id of an idempotency key', () => {
  test('is the same for the same work, and another for any other', () => {
    const id = jobIdOf('email', 'send-welcome', 'order:17');
    expect(jobIdOf('email', 'send-welcome', 'order:17')).toBe(id);
    const others = [
      jobIdOf('email', 'send-reminder', 'order:17'),
      jobIdOf('sync', 'send-welcome', 'order:17'),
      jobIdOf('email', 'send-welcome', 'order:18'),
    ];
    expect(new Set([id, ...others]).size).toBe(4);
  });

  test('is one that BullMQ takes, whatever the key holds', () => {
    fc.assert(
      fc.property(fc.string({ minLength: 1, maxLength: 255 }), (key) => {
        expect(jobIdOf('email', 'send-welcome', key)).toMatch(/^k-[A-Za-z0-9_-]{32}$/);
      }),
    );
  });
});

describe('comparing payloads', () => {
  test('ignores the order of fields', () => {
    fc.assert(fc.property(fc.jsonValue(), (value) => sameJson(value, shuffled(value))));
    expect(sameJson({ a: 1, b: { c: [1, 2], d: 3 } }, { b: { d: 3, c: [1, 2] }, a: 1 })).toBe(true);
  });

  test('says "the same" of what reads the same after its way through JSON, and of nothing else', () => {
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), (a, b) => {
        expect(sameJson(a, JSON.parse(JSON.stringify(a)))).toBe(true);
        const equal = JSON.stringify(sorted(a)) === JSON.stringify(sorted(b));
        expect(sameJson(a, b)).toBe(equal);
      }),
    );
  });

  test.each<[unknown, unknown]>([
    [{ a: 1 }, { a: 2 }],
    [{ a: 1 }, { a: '1' }],
    [{ a: null }, {}],
    [
      [1, 2],
      [2, 1],
    ],
    [{ a: [] }, { a: {} }],
    [{ a: { b: 1 } }, { a: { b: 1, c: 1 } }],
  ])('tells %j from %j', (a, b) => {
    expect(sameJson(a, b)).toBe(false);
  });

  test('takes a field without a value for a field that is not there, as JSON does', () => {
    expect(sameJson({ a: 1, b: undefined }, { a: 1 })).toBe(true);
  });
});

/** Another way to the same order: entries as pairs, all the way down. */
function sorted(value: unknown): unknown {
  if (Array.isArray(value)) return ['list', value.map(sorted)];
  if (typeof value !== 'object' || value === null) return value;
  const entries = Object.entries(value).map(([key, inner]) => [key, sorted(inner)]);
  return ['object', entries.sort(([a], [b]) => (String(a) < String(b) ? -1 : 1))];
}
