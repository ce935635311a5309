import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  decimalOf,
  type Notation,
  readNumber,
  readValue,
} from '../../src/integrations/conversion-gateway/built-in/values.ts';

const english: Notation = { decimal: 'point', dateOrder: 'month-first', currency: undefined };
const german: Notation = { decimal: 'comma', dateOrder: 'day-first', currency: 'EUR' };

describe('numbers', () => {
  it.each<[string, Notation['decimal'], string | undefined]>([
    ['1,234.56', 'point', '1234.56'],
    ['1.234,56', 'comma', '1234.56'],
    ['1 234,56', 'comma', '1234.56'],
    ['1\u202f234,56', 'comma', '1234.56'],
    ["1'234.56", 'point', '1234.56'],
    ['12,34,567.00', 'point', '1234567.00'],
    ['$ 1,234', 'point', '1234'],
    ['1.234 €', 'comma', '1234'],
    ['EUR 5', 'point', '5'],
    ['5 EUR', 'point', '5'],
    ['-12.50', 'point', '-12.50'],
    ['\u221212.50', 'point', '-12.50'],
    ['12.50-', 'point', '-12.50'],
    ['(12.50)', 'point', '-12.50'],
    ['$(12.50)', 'point', '-12.50'],
    ['-0.00', 'point', '0.00'],
    ['19 %', 'point', '19'],
    ['007', 'point', '7'],
    ['0.5', 'point', '0.5'],
    ['1,23', 'point', undefined],
    ['1.2.3', 'point', undefined],
    ['12.', 'point', undefined],
    ['.5', 'point', undefined],
    ['5 boxes', 'point', undefined],
    ['A-17', 'point', undefined],
    ['3/8', 'point', undefined],
    ['24.11.2026', 'comma', undefined],
    ['', 'point', undefined],
    ['n/a', 'point', undefined],
  ])('%s with a %s is %s', (text, decimal, wanted) => {
    expect(readNumber(text, decimal)).toBe(wanted);
  });

  it('come back as they were, however their digits are grouped', () => {
    fc.assert(
      fc.property(
        fc.bigInt({ min: 0n, max: 10n ** 15n }),
        fc.option(fc.stringMatching(/^\d{1,4}$/), { nil: undefined }),
        fc.boolean(),
        fc.constantFrom<[string, string, Notation['decimal']]>(
          [',', '.', 'point'],
          ['.', ',', 'comma'],
          [' ', ',', 'comma'],
          ['\u00a0', '.', 'point'],
          ["'", '.', 'point'],
          ['', '.', 'point'],
        ),
        (whole, fraction, negative, [group, mark, decimal]) => {
          const grouped = String(whole).replace(/\B(?=(\d{3})+$)/g, group);
          const text = `${negative ? '-' : ''}${grouped}${fraction === undefined ? '' : mark + fraction}`;
          const plain = `${whole}${fraction === undefined ? '' : `.${fraction}`}`;
          const sign = negative && /[1-9]/.test(plain) ? '-' : '';
          expect(readNumber(text, decimal)).toBe(sign + plain);
        },
      ),
    );
  });

  it('of any text are none, or plain decimals', () => {
    fc.assert(
      fc.property(
        fc.oneof(fc.string({ unit: 'grapheme' }), fc.stringMatching(/^[-+()$€\d., ']{0,20}$/)),
        fc.constantFrom('point' as const, 'comma' as const),
        (text, decimal) => {
          expect(readNumber(text, decimal) ?? '0').toMatch(/^-?\d+(\.\d+)?$/);
        },
      ),
    );
  });
});

describe('what parts decimals', () => {
  it.each<[readonly string[], Notation['decimal']]>([
    [['1,234.56', '12'], 'point'],
    [['1.234,56', '1,234'], 'comma'],
    [['12,50', '3'], 'comma'],
    [['1,234', '5'], 'point'],
    [['1,234,567'], 'point'],
    [[], 'point'],
    [['no number', '12,5', '13,5', '1.5'], 'comma'],
  ])('in %j is the %s', (texts, wanted) => {
    expect(decimalOf(texts)).toBe(wanted);
  });
});

describe('amounts', () => {
  it.each<[string, Notation, object | undefined]>([
    ['$1,234.50', english, { text: '1234.50', currency: 'USD' }],
    ['1.234,50 €', german, { text: '1234.50', currency: 'EUR' }],
    ['CHF 12.00', english, { text: '12.00', currency: 'CHF' }],
    ['12.00', english, { text: '12.00' }],
    ['12,00', german, { text: '12.00', currency: 'EUR' }],
    ['ABC 12.00', english, { text: '12.00' }],
    ['due on receipt', english, undefined],
  ])('%s is %j', (text, notation, wanted) => {
    expect(readValue(text, 'amount', notation)).toEqual(wanted);
  });
});

describe('dates', () => {
  it.each<[string, Notation, string | undefined]>([
    ['2026-12-31', english, '2026-12-31'],
    ['12/31/2026', english, '2026-12-31'],
    ['31/12/2026', german, '2026-12-31'],
    ['03/04/2026', english, '2026-03-04'],
    ['03/04/2026', german, '2026-04-03'],
    ['31.12.2026', english, '2026-12-31'],
    ['1.2.26', german, '2026-02-01'],
    ['13/12/2026', english, '2026-12-13'],
    ['13/13/2026', english, undefined],
    ['Dec 31, 2026', english, '2026-12-31'],
    ['December 31st, 2026', english, '2026-12-31'],
    ['31 December 2026', english, '2026-12-31'],
    ['3. März 2026', german, '2026-03-03'],
    ['31. Dez. 2026', german, '2026-12-31'],
    ['2026-02-30', english, undefined],
    ['30 days', english, undefined],
    ['Smarch 1, 2026', english, undefined],
  ])('%s is %s', (text, notation, wanted) => {
    expect(readValue(text, 'date', notation)?.text).toBe(wanted);
  });

  it('of any day are that day in each notation', () => {
    fc.assert(
      fc.property(
        fc.date({ min: new Date('1990-01-01'), max: new Date('2089-12-31'), noInvalidDate: true }),
        (date) => {
          const iso = date.toISOString().slice(0, 10);
          const [year = '', month = '', day = ''] = iso.split('-');
          for (const [text, notation] of [
            [`${month}/${day}/${year}`, english],
            [`${Number(day)}.${Number(month)}.${year}`, german],
            [`${day}/${month}/${year}`, german],
            [iso, german],
          ] as const)
            expect(readValue(text, 'date', notation)?.text).toBe(iso);
        },
      ),
    );
  });
});
