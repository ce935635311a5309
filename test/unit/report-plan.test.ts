import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { webLink } from '../../processors/document/report/columns.ts';
import { guardFormula } from '../../processors/document/report/formula.ts';
import {
  documentIdOf,
  fileNameOf,
  reportRange,
  reportTitle,
  weekFrom,
} from '../../processors/document/report/plan.ts';
import {
  amountText,
  dayText,
  shortMoneyText,
  timeText,
  weeksText,
} from '../../processors/document/report/wording.ts';
import { lastMonday, mondayOf, wholeWeek } from '../../processors/weeks.ts';
import { id } from '../../queues/fields.ts';

const range = { start: '2026-08-25', end: '2026-11-22' };

describe('plan of a report', () => {
  it('covers the last 90 days, today in UTC included, when none are named', () => {
    expect(reportRange(undefined, new Date('2026-11-22T23:59:00Z'))).toEqual(range);
    expect(reportRange({ start: '2020-01-01', end: '2020-01-02' }, new Date())).toEqual({
      start: '2020-01-01',
      end: '2020-01-02',
    });
  });

  it.each([
    ['2026-11-09', '2026-11-22', ''],
    ['2026-11-10', '2026-11-22', ' (first not whole)'],
    ['2026-11-09', '2026-11-21', ' (last not whole)'],
    ['2026-11-10', '2026-11-21', ' (first and last not whole)'],
    ['2026-11-10', '2026-11-10', ' (not a whole week)'],
    ['2026-11-16', '2026-11-21', ' (not a whole week)'],
  ])('from %s to %s has weeks%s', (start, end, said) => {
    expect(weeksText({ start, end })).toBe(said);
  });

  it('has a title of its own when none is given', () => {
    expect(reportTitle(undefined, 'analytics')).toBe('Opportunity analytics');
    expect(reportTitle('Mine', 'analytics')).toBe('Mine');
  });

  it('covers the last complete week, from Monday to Sunday, in a weekly report', () => {
    const week = { start: '2026-11-09', end: '2026-11-15' };
    expect(reportRange(undefined, new Date('2026-11-22T23:59:00Z'), 'weekly')).toEqual(week);
    expect(reportRange(undefined, new Date('2026-11-16T00:00:00Z'), 'weekly')).toEqual(week);
    expect(weekFrom('2026-12-28')).toEqual({ start: '2026-12-28', end: '2027-01-03' });
  });

  it.each([
    ['2026-11-23T08:00:00Z', '2026-11-16', '2026-11-23'],
    ['2026-11-29T23:59:59Z', '2026-11-16', '2026-11-23'],
    ['2026-11-22T00:00:00Z', '2026-11-09', '2026-11-16'],
  ])('takes for the last whole week on %s that of %s', (time, last, present) => {
    const now = new Date(time);
    expect([lastMonday(now), mondayOf(now), wholeWeek(undefined, now)]).toEqual([last, present, last]);
    expect(wholeWeek(last, now)).toBe(last);
    expect(() => wholeWeek(present, now)).toThrow(`in the week of ${last} or before`);
  });

  it('makes the same id of the same job, and others of others', () => {
    expect(documentIdOf('document:7')).toBe(documentIdOf('document:7'));
    fc.assert(
      fc.property(fc.string(), fc.string(), (one, other) => {
        expect(id.safeParse(documentIdOf(one)).success).toBe(true);
        expect(documentIdOf(one)).toHaveLength(25);
        expect(documentIdOf(one) === documentIdOf(other)).toBe(one === other);
      }),
    );
  });

  it('names the file so that people find it and every system takes it', () => {
    expect(fileNameOf('Q4: Ελλάδα / Россия!', range, 'pdf')).toBe(
      'q4-ελλάδα-россия-2026-08-25-to-2026-11-22.pdf',
    );
    expect(fileNameOf('///', range, 'csv')).toBe('report-2026-08-25-to-2026-11-22.csv');
    fc.assert(
      fc.property(fc.string({ unit: 'grapheme', minLength: 1, maxLength: 200 }), (title) => {
        const name = fileNameOf(title, range, 'xlsx');
        expect(name).toMatch(/^[\p{L}\p{M}\p{N}][\p{L}\p{M}\p{N}-]*\.xlsx$/u);
        expect(Buffer.byteLength(name)).toBeLessThan(255);
      }),
    );
  });
});

describe('text from outside in CSV', () => {
  it('is never the beginning of a formula, and otherwise as it was', () => {
    const beginning = fc.constantFrom(
      '=',
      '+',
      '-',
      '@',
      '\t',
      '\r',
      '\n',
      '＝',
      '＋',
      '－',
      '＠',
      '',
      'a',
      "'",
    );
    fc.assert(
      fc.property(beginning, fc.string(), (start, rest) => {
        const text = start + rest;
        const guarded = guardFormula(text);
        expect(guarded).not.toMatch(/^[=+\-@\t\r\n＝＋－＠]/);
        expect(guarded === text || guarded === `'${text}`).toBe(true);
        if (/^[a-z]/i.test(text)) expect(guarded).toBe(text);
      }),
    );
  });
});

describe('links', () => {
  it('lead to the web and nowhere else', () => {
    expect(webLink('https://sam.gov/opp/1')).toBe('https://sam.gov/opp/1');
    for (const bad of ['javascript:alert(1)', 'file:///etc/passwd', 'no address', '', undefined])
      expect(webLink(bad)).toBeUndefined();
  });
});

describe('wording', () => {
  it('writes days, times and amounts for people', () => {
    expect(dayText('2024-01-05')).toBe('5 Jan 2024');
    expect(timeText(new Date('2024-12-31T17:05:00Z'))).toBe('31 Dec 2024 17:05 UTC');
    expect(amountText('1234567890123456.50')).toBe('1,234,567,890,123,456.50');
    expect(amountText('-1234')).toBe('-1,234');
    expect(amountText('12')).toBe('12');
    expect(shortMoneyText({ amount: '12400000.00', currency: 'USD' })).toBe('$12.4M');
  });
});
