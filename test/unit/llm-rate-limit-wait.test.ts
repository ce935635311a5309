import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseDuration, rateLimitWait } from '../../src/integrations/llm/rate-limit-wait.ts';

const now = new Date('2026-03-01T12:00:00Z');
const day = 86_400_000;
const wait = (headers: Record<string, string>) => rateLimitWait((name) => headers[name] ?? null, now);

describe('parseDuration', () => {
  it.each<[string, number]>([
    ['1s', 1_000],
    ['6m0s', 360_000],
    ['20ms', 20],
    ['1h2m3s', 3_723_000],
    ['1.5s', 1_500],
    ['2d', 172_800_000],
    ['3m20ms', 180_020],
    [' 7s ', 7_000],
  ])('reads %s as %d ms', (text, milliseconds) => {
    expect(parseDuration(text)).toBe(milliseconds);
  });

  it.each(['', '5', 's', '1x', '-1s', '1s1s', '1s2m', '1e3s', '1 s', '0x1s', '1.s', `${'1'.repeat(80)}s`])(
    'takes "%s" for no duration',
    (text) => {
      expect(parseDuration(text)).toBeUndefined();
    },
  );

  it('reads back whatever is written in its notation', () => {
    const units = fc.tuple(fc.nat(99), fc.nat(23), fc.nat(59), fc.nat(59), fc.nat(999));
    fc.assert(
      fc.property(units, ([d, h, m, s, ms]) => {
        const text = `${d}d${h}h${m}m${s}s${ms}ms`;
        expect(parseDuration(text)).toBe(d * day + h * 3_600_000 + m * 60_000 + s * 1_000 + ms);
      }),
    );
  });

  it('gives a finite wait or nothing for any text', () => {
    const near = fc.string({ unit: fc.constantFrom('1', '0', '.', 'm', 's', 'h', 'd', ' ', '-') });
    fc.assert(
      fc.property(fc.oneof(fc.string(), near), (text) => {
        const milliseconds = parseDuration(text);
        expect(milliseconds === undefined || (Number.isFinite(milliseconds) && milliseconds >= 0)).toBe(true);
      }),
    );
  });
});

describe('rateLimitWait', () => {
  it.each<[string, Record<string, string>, number]>([
    ['milliseconds first', { 'retry-after-ms': '1200.4', 'retry-after': '30' }, 1_201],
    ['then seconds', { 'retry-after': '30', 'x-ratelimit-reset-requests': '1h' }, 30_000],
    ['a date', { 'retry-after': 'Sun, 01 Mar 2026 12:00:45 GMT' }, 45_000],
    ['a date that has passed', { 'retry-after': 'Sun, 01 Mar 2026 11:00:00 GMT' }, 250],
    ['nothing at all', { 'retry-after': '0' }, 250],
    [
      'what cannot be read, then what can',
      { 'retry-after': 'soon', 'x-ratelimit-reset-tokens': '9s' },
      9_000,
    ],
    [
      'the limit that is used up',
      {
        'x-ratelimit-remaining-requests': '0',
        'x-ratelimit-reset-requests': '2s',
        'x-ratelimit-remaining-tokens': '5',
        'x-ratelimit-reset-tokens': '9m',
      },
      2_000,
    ],
    ['the longer of two', { 'x-ratelimit-reset-requests': '2s', 'x-ratelimit-reset-tokens': '9m' }, 540_000],
    ['at most a day', { 'retry-after': '99999999' }, day],
    ['a guess when nothing is said', {}, 20_000],
  ])('obeys %s', (_, headers, milliseconds) => {
    expect(wait(headers)).toBe(milliseconds);
  });

  it('gives a wait that a queue can keep, whatever the headers say', () => {
    const value = fc.oneof(
      fc.string(),
      fc.constantFrom('1e999', '-5', 'NaN', 'Infinity', '0x10', '9'.repeat(12)),
    );
    fc.assert(
      fc.property(value, value, value, (milliseconds, seconds, reset) => {
        const found = wait({
          'retry-after-ms': milliseconds,
          'retry-after': seconds,
          'x-ratelimit-reset-tokens': reset,
        });
        expect(Number.isInteger(found) && found >= 250 && found <= day).toBe(true);
      }),
    );
  });
});
