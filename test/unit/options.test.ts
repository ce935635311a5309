import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MillraceError } from '../../src/errors/catalogue.ts';
import { parseOptions } from '../../src/queue/options.ts';

/** What a caller without types may send. */
function parseForeign(options: object) {
  return parseOptions({ ...options });
}

function faultsOf(options: object): readonly string[] {
  try {
    parseForeign(options);
  } catch (error) {
    if (error instanceof MillraceError && error.code === 'INVALID_OPTIONS')
      return [...new Set((error.details ?? []).map((fault) => fault.path))];
    throw error;
  }
  return [];
}

describe('the options of addJob', () => {
  test('may all be left out', () => {
    expect(parseOptions(undefined)).toEqual({});
    expect(parseOptions({})).toEqual({});
  });

  test('are taken as they are when right', () => {
    const options = {
      delay: 0,
      priority: 1,
      attempts: 5,
      idempotencyKey: 'order:17/a',
      correlationId: 'request-7',
      deduplicate: { id: 'ada lovelace' },
      jobId: 'story-enhancement-17',
    };
    expect(parseOptions(options)).toEqual(options);
  });

  test.each<[object, string]>([
    [{ delay: -1 }, 'delay'],
    [{ delay: 1.5 }, 'delay'],
    [{ delay: 400 * 24 * 3_600_000 }, 'delay'],
    [{ priority: 0 }, 'priority'],
    [{ priority: 2_097_153 }, 'priority'],
    [{ attempts: 0 }, 'attempts'],
    [{ attempts: 101 }, 'attempts'],
    [{ attempts: '3' }, 'attempts'],
    [{ idempotencyKey: '' }, 'idempotencyKey'],
    [{ idempotencyKey: 'with space' }, 'idempotencyKey'],
    [{ idempotencyKey: 'k'.repeat(256) }, 'idempotencyKey'],
    [{ correlationId: 'line\nbreak' }, 'correlationId'],
    [{ correlationId: '-first' }, 'correlationId'],
    [{ deduplicate: {} }, 'deduplicate.id'],
    [{ deduplicate: { id: 'nul\0' } }, 'deduplicate.id'],
    [{ jobId: '17' }, 'jobId'],
    [{ jobId: 'with:colon' }, 'jobId'],
    [{ repeat: true }, '(root)'],
  ])('are refused with their name when wrong: %j', (options, path) => {
    expect(faultsOf(options)).toEqual([path]);
  });

  test('name every wrong one at once', () => {
    expect(faultsOf({ delay: -1, attempts: 0, priority: 0 })).toEqual(['delay', 'priority', 'attempts']);
  });

  test('are accepted or refused, and nothing else, whatever comes', () => {
    const names = [
      'delay',
      'priority',
      'attempts',
      'idempotencyKey',
      'correlationId',
      'deduplicate',
      'jobId',
    ];
    fc.assert(
      fc.property(fc.dictionary(fc.constantFrom(...names), fc.anything()), (options) => {
        expect(faultsOf(options).every((path) => names.some((name) => path.startsWith(name)))).toBe(true);
      }),
    );
  });
});
