import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { causeOf, normalizeMessage } from '../../src/queue/dead-letter-cause.ts';

describe('the cause of a dead letter', () => {
  it.each([
    ['Mail provider answered 503 after 1,204 ms.', 'Mail provider answered <n> after <n> ms.'],
    ['connect ECONNREFUSED 10.0.0.7:587', 'connect ECONNREFUSED <n>'],
    ['GET https://api.sam.gov/search?limit=5&x=y failed', 'GET <url> failed'],
    ['Job 0b7f9c1e-6d2a-4b7e-9a51-3a0b5c9d8e7f of ada@example.com is gone', 'Job <id> of <address> is gone'],
    ['Cannot read "name" of \'user\' in `row`', 'Cannot read <text> of <text> in <text>'],
    ["The provider doesn't know key k-9f3a2b", "The provider doesn't know key k-<id>"],
    ['at 2026-11-25T03:04:05.678Z', 'at <time>'],
    ['two\n  lines\tand NUL\0', 'two lines and NUL'],
    ['', ''],
  ])('of %j is %j', (message, normalized) => {
    expect(normalizeMessage(message)).toBe(normalized);
  });

  const word = fc.stringMatching(/^[a-z]{1,8}$/);
  const sentence = fc.array(word, { minLength: 1, maxLength: 12 }).map((words) => words.join(' '));
  /** What differs from case to case, in a frame that does not. */
  const varying = fc.oneof(
    fc.integer().map((n) => ['<n>', String(n)] as const),
    fc.uuid().map((id) => ['<id>', id] as const),
    fc.tuple(word, word).map(([host, path]) => ['<url>', `https://${host}.example/${path}?q=1`] as const),
    fc.tuple(word, word).map(([user, host]) => ['<address>', `${user}@${host}.example`] as const),
    sentence.map((text) => ['<text>', `"${text}"`] as const),
  );

  it('leaves alone what has been normalized, whatever it was', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'binary', maxLength: 80 }), fc.string({ maxLength: 400 })),
        (text) => {
          const once = normalizeMessage(text);
          expect(normalizeMessage(once)).toBe(once);
          expect(once.isWellFormed() && !once.includes('\0')).toBe(true);
          expect(Array.from(once).length).toBeLessThanOrEqual(300);
        },
      ),
    );
  });

  it('is one for messages that differ in numbers, ids, addresses and quotations alone', () => {
    fc.assert(
      fc.property(sentence, varying, varying, sentence, (before, [place, value], [, other], after) => {
        const message = `${before} ${value} ${after}`;
        expect(normalizeMessage(message)).toBe(`${before} ${place} ${after}`.slice(0, 300).trim());
        const same = causeOf('email', 'send-welcome', 'UNKNOWN', `${before} ${place} ${after}`);
        expect(causeOf('email', 'send-welcome', 'UNKNOWN', message)).toEqual(same);
        expect(other).toBeTypeOf('string');
      }),
    );
  });

  it('is another for another queue, job, code or sentence, and the same in every version', () => {
    const ids = [
      causeOf('email', 'send-welcome', 'UNKNOWN', 'It broke 7 times.').id,
      causeOf('sync', 'send-welcome', 'UNKNOWN', 'It broke 7 times.').id,
      causeOf('email', 'send-reminder', 'UNKNOWN', 'It broke 7 times.').id,
      causeOf('email', 'send-welcome', 'MAIL_UNAVAILABLE', 'It broke 7 times.').id,
      causeOf('email', 'send-welcome', 'UNKNOWN', 'It burst 7 times.').id,
    ];
    expect(new Set(ids).size).toBe(5);
    expect(ids[0]).toMatch(/^[0-9a-f]{16}$/);
    expect(causeOf('email', 'send-welcome', 'UNKNOWN', 'It broke 812 times.').id).toBe(ids[0]);
    expect(ids[0]).toBe('bdfb7d6eaca63444');
  });
});
