import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import {
  catalogue,
  InvalidPayloadError,
  MillraceError,
  RateLimitedError,
  UnrecoverableError,
} from '../../src/errors/catalogue.ts';
import { classify, messageOf } from '../../src/errors/classify.ts';
import { faultsOf, formatPath } from '../../src/errors/faults.ts';

function coded(code: unknown, message = 'from below'): Error {
  return Object.assign(new Error(message), { code });
}

describe('classifying', () => {
  test('takes the word of our own errors', () => {
    expect(classify(new MillraceError('MAIL_UNAVAILABLE', 'away'))).toMatchObject({
      code: 'MAIL_UNAVAILABLE',
      message: 'away',
      retryable: true,
      retryAfterMs: undefined,
    });
    expect(classify(new MillraceError('MAIL_UNAVAILABLE', 'away', { retryable: false })).retryable).toBe(
      false,
    );
    expect(classify(new UnrecoverableError('no'))).toMatchObject({ code: 'UNKNOWN', retryable: false });
    expect(classify(new RateLimitedError('AI_RATE_LIMITED', 'wait', 1_500.2))).toMatchObject({
      retryAfterMs: 1_501,
    });
    expect(classify(new RateLimitedError('AI_RATE_LIMITED', 'wait', -5)).retryAfterMs).toBe(0);
    const faults = [{ path: 'data.email', message: 'must be a mail address' }];
    expect(classify(new InvalidPayloadError('email', 'send-welcome', faults))).toMatchObject({
      code: 'INVALID_PAYLOAD',
      retryable: false,
      details: faults,
    });
  });

  test.each([
    ['ECONNREFUSED', 'NETWORK', true],
    ['ENOTFOUND', 'NETWORK', true],
    ['UND_ERR_SOCKET', 'NETWORK', true],
    ['57P01', 'DATABASE_UNAVAILABLE', true],
    ['08006', 'DATABASE_UNAVAILABLE', true],
    ['40001', 'DATABASE_UNAVAILABLE', true],
    ['23505', 'UNKNOWN', true],
    ['ERR_ASSERTION', 'UNKNOWN', true],
  ])('reads the code %s of Node or PostgreSQL as %s', (code, wanted, retryable) => {
    expect(classify(coded(code))).toMatchObject({ code: wanted, retryable, message: 'from below' });
    expect(classify(new Error('above', { cause: coded(code) })).code).toBe(wanted);
  });

  test('knows an abort by its name', () => {
    expect(classify(AbortSignal.abort().reason).code).toBe('ABORTED');
  });

  test('says why none of the addresses of a host answered', () => {
    const refused = coded('ECONNREFUSED', 'connect ECONNREFUSED ::1:5432');
    const joined = Object.assign(new AggregateError([refused]), { code: 'ECONNREFUSED' });
    expect(classify(joined)).toMatchObject({ code: 'NETWORK', message: 'connect ECONNREFUSED ::1:5432' });
  });

  test('never looks at the text', () => {
    expect(classify(new Error('ECONNREFUSED 57P01 429 rate limit')).code).toBe('UNKNOWN');
  });

  test('has an answer for whatever may be thrown', () => {
    const hostile = {
      toString() {
        throw new Error('not even that');
      },
    };
    const trap = Object.defineProperties(new Error('x'), {
      message: {
        get() {
          throw new Error('no message');
        },
      },
      name: { value: 7 },
      stack: { value: { not: 'text' } },
      cause: {
        get() {
          throw new Error('no cause');
        },
      },
    });
    const circle = new Error('round');
    circle.cause = new Error('and round', { cause: circle });
    const { proxy, revoke } = Proxy.revocable({}, {});
    revoke();
    const numbered = Object.assign(new Error(), { message: 42, code: 42 });
    const all = [undefined, null, '', 'text', 0, 1n, Symbol('s'), Object.create(null), hostile, () => 1];
    for (const thrown of [...all, trap, circle, proxy, numbered]) {
      const { code, message, stack } = classify(thrown);
      expect(catalogue).toHaveProperty(code);
      expect(typeof message).toBe('string');
      expect(['string', 'undefined']).toContain(typeof stack);
    }
    expect(classify('text').message).toBe('text');
    expect(classify(undefined).message).toContain('undefined');
    expect(messageOf(hostile)).toContain('no text');
  });

  test('is total over anything at all', () => {
    fc.assert(
      fc.property(fc.anything({ withNullPrototype: true, withBigInt: true, withDate: true }), (thrown) => {
        const { code, message, retryable } = classify(thrown);
        return code in catalogue && typeof message === 'string' && retryable === catalogue[code].retryable;
      }),
    );
  });
});

describe('faults', () => {
  test('have paths as one would write them in code', () => {
    expect(formatPath(['data', 'opportunities', 2, 'deadline'])).toBe('data.opportunities[2].deadline');
    expect(formatPath([0, 'payload'])).toBe('[0].payload');
    expect(formatPath([])).toBe('(root)');
  });

  test('are short, however long what came was, and counted when they are many', () => {
    const issues = Array.from({ length: 5_000 }, (_, index) => ({
      path: ['data', 'k'.repeat(10_000), index],
      message: `no ${'m'.repeat(10_000)}`,
    }));
    const error = new InvalidPayloadError('email', 'send-welcome', faultsOf(issues));
    expect(error.message.length).toBeLessThan(2_000);
    expect(error.message).toContain('; and 4995 more');
    expect(error.details).toHaveLength(100);
    expect(JSON.stringify(error.details).length).toBeLessThan(100_000);
  });
});
