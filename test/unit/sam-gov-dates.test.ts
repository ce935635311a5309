import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  nextUtcMidnight,
  parseNextAccessTime,
  parseRetryAfter,
  toSamGovDate,
} from '../../src/integrations/sam-gov/dates.ts';

const months = ['Jan', 'Feb', 'Mar', 'Apr', 'May', 'Jun', 'Jul', 'Aug', 'Sep', 'Oct', 'Nov', 'Dec'];
const times = fc.date({
  min: new Date('2000-01-01T00:00:00Z'),
  max: new Date('2099-12-31T23:59:59Z'),
  noInvalidDate: true,
});
const two = (value: number) => String(value).padStart(2, '0');

describe('dates of requests', () => {
  it('are written month first', () => {
    expect(toSamGovDate('2024-01-31')).toBe('01/31/2024');
  });

  it('keep year, month and day of any date', () => {
    fc.assert(
      fc.property(times, (time) => {
        const day = time.toISOString().slice(0, 10);
        const match = /^(\d{2})\/(\d{2})\/(\d{4})$/.exec(toSamGovDate(day));
        expect(`${match?.[3]}-${match?.[1]}-${match?.[2]}`).toBe(day);
      }),
    );
  });
});

describe('nextAccessTime', () => {
  it('is read as the gateway writes it', () => {
    expect(parseNextAccessTime('2026-Apr-17 00:00:00+0000 UTC')).toEqual(new Date('2026-04-17T00:00:00Z'));
    expect(parseNextAccessTime('2026-Apr-17 00:00:00-0400 EDT')).toEqual(new Date('2026-04-17T04:00:00Z'));
  });

  it('gives back any second that was written', () => {
    fc.assert(
      fc.property(times, (time) => {
        const text = `${time.getUTCFullYear()}-${months[time.getUTCMonth()]}-${two(time.getUTCDate())} ${two(
          time.getUTCHours(),
        )}:${two(time.getUTCMinutes())}:${two(time.getUTCSeconds())}+0000 UTC`;
        expect(parseNextAccessTime(text)?.getTime()).toBe(Math.floor(time.getTime() / 1_000) * 1_000);
      }),
    );
  });

  it.each([
    '2026-Apr-31 00:00:00+0000 UTC',
    '2026-Foo-01 00:00:00+0000 UTC',
    '2026-Apr-17 25:00:00+0000 UTC',
    '',
    null,
    7,
  ])('refuses %j', (value) => {
    expect(parseNextAccessTime(value)).toBeUndefined();
  });

  it('never throws', () => {
    fc.assert(
      fc.property(fc.anything(), fc.string(), (value, text) => {
        parseNextAccessTime(value);
        const read = parseNextAccessTime(text);
        expect(read === undefined || !Number.isNaN(read.getTime())).toBe(true);
      }),
    );
  });
});

describe('Retry-After', () => {
  const now = new Date('2026-04-16T20:00:00Z');

  it('is seconds or an HTTP date', () => {
    expect(parseRetryAfter('120', now)).toBe(120_000);
    expect(parseRetryAfter('Thu, 16 Apr 2026 20:01:00 GMT', now)).toBe(60_000);
    expect(parseRetryAfter('Thu, 16 Apr 2026 19:00:00 GMT', now)).toBe(0);
  });

  it.each([null, '', 'soon', '-5', '1.5', 'Xyz, nonsense'])('is nothing for %j', (value) => {
    expect(parseRetryAfter(value, now)).toBeUndefined();
  });
});

it('the next midnight in UTC is at most a day away and has no hours', () => {
  fc.assert(
    fc.property(times, (time) => {
      const wait = nextUtcMidnight(time).getTime() - time.getTime();
      expect(wait).toBeGreaterThan(0);
      expect(wait).toBeLessThanOrEqual(86_400_000);
      expect(nextUtcMidnight(time).toISOString()).toMatch(/T00:00:00\.000Z$/);
    }),
  );
});
