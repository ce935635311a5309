import type { Mapping, ValueType } from './mapping.ts';

/** A value as the XML has it. */
export interface Value {
  /** Decimals with a point, dates as 2026-12-31, text as it stands. */
  readonly text: string;
  /** ISO 4217, of amounts. */
  readonly currency?: string;
}

export interface Notation {
  readonly decimal: 'point' | 'comma';
  readonly dateOrder: Mapping['dateOrder'];
  readonly currency: string | undefined;
}

const symbols: Readonly<Record<string, string>> = {
  '€': 'EUR',
  $: 'USD',
  '£': 'GBP',
  '¥': 'JPY',
  '₹': 'INR',
};
const minus = /[-\u2212\u2013]/u;
const spaces = /[\s\u00a0\u202f\u2009]/gu;
/** What may stand beside a number: a sign, brackets, a currency, a percent sign. */
const shape = /^(?<before>[^\d]*?)(?<digits>\d[\d.,'\u2019\s\u00a0\u202f\u2009]*?)(?<after>[^\d]*)$/u;
const beside = /^(?:[-\u2212\u2013(+\s\u00a0]|[A-Za-z]{3}|US|[€$£¥₹])*$/u;
const behind = /^(?:[-\u2212\u2013)%\s\u00a0]|[A-Za-z]{3}|CR|[€$£¥₹])*$/u;

/** Reads a text as a value of the type; `undefined` when it is none. */
export function readValue(text: string, type: ValueType, notation: Notation): Value | undefined {
  switch (type) {
    case 'text':
      return text === '' ? undefined : { text };
    case 'number': {
      const number = readNumber(text, notation.decimal);
      return number === undefined ? undefined : { text: number };
    }
    case 'amount': {
      const number = readNumber(text, notation.decimal);
      const currency = currencyIn(text) ?? notation.currency;
      if (number === undefined) return undefined;
      return currency === undefined ? { text: number } : { text: number, currency };
    }
    case 'date': {
      const date = readDate(text, notation.dateOrder);
      return date === undefined ? undefined : { text: date };
    }
  }
}

/**
 * A decimal number in plain notation, whatever groups its digits; brackets and a minus on either side make it negative.
 * A mark that cannot part decimals in this notation parts groups, and groups have three digits.
 */
export function readNumber(text: string, decimal: Notation['decimal']): string | undefined {
  const groups = shape.exec(text.trim())?.groups;
  if (groups === undefined) return undefined;
  const { before = '', digits = '', after = '' } = groups;
  if (!beside.test(before) || !behind.test(after)) return undefined;
  const mark = decimal === 'comma' ? ',' : '.';
  const other = decimal === 'comma' ? '.' : ',';
  const compact = digits.replace(spaces, '').replace(/['\u2019]/g, '');
  const parts = compact.split(mark);
  if (parts.length > 2 || parts.some((part) => part === '')) return undefined;
  const [whole = '', fraction] = parts;
  if (fraction?.includes(other) === true) return undefined;
  if (whole.includes(other) && !new RegExp(`^\\d{1,3}(\\${other}\\d{2,3})*\\${other}\\d{3}$`).test(whole))
    return undefined;
  const plain = whole.replaceAll(other, '').replace(/^0+(?=\d)/, '');
  const negative = minus.test(before) || minus.test(after) || (before.includes('(') && after.includes(')'));
  const number = fraction === undefined ? plain : `${plain}.${fraction}`;
  return negative && /[1-9]/.test(number) ? `-${number}` : number;
}

/**
 * What parts decimals in a document, by its own numbers. 1.234,56 and 12,5 tell; 1,234 does not. Where nothing tells, or
 * as much speaks for either, it is the point.
 */
export function decimalOf(texts: Iterable<string>): Notation['decimal'] {
  let votes = 0;
  for (const text of texts) {
    const digits = shape.exec(text.trim())?.groups?.digits?.replace(spaces, '');
    if (digits === undefined) continue;
    const match = /([.,])(\d+)$/.exec(digits);
    if (match === null) continue;
    const [, mark = '', fraction = ''] = match;
    const both = digits.includes('.') && digits.includes(',');
    const telling = both || (fraction.length !== 3 && digits.indexOf(mark) === digits.lastIndexOf(mark));
    if (telling) votes += mark === ',' ? 1 : -1;
  }
  return votes > 0 ? 'comma' : 'point';
}

/** The currency that an amount names, by code or sign. */
function currencyIn(text: string): string | undefined {
  const code = /(?:^|[^A-Za-z])([A-Z]{3})(?:$|[^A-Za-z])/.exec(text)?.[1];
  if (code !== undefined && currencies.has(code)) return code;
  for (const [sign, named] of Object.entries(symbols)) if (text.includes(sign)) return named;
  return undefined;
}

const currencies = new Set(Intl.supportedValuesOf('currency'));

const months = ['jan', 'feb', 'mar', 'apr', 'may', 'jun', 'jul', 'aug', 'sep', 'oct', 'nov', 'dec'];
const germanMonths: Readonly<Record<string, number>> = { mär: 3, mai: 5, okt: 10, dez: 12 };

/** A day as 2026-12-31, from numbers or a month's name, in English or German. */
function readDate(text: string, order: Notation['dateOrder']): string | undefined {
  const trimmed = text.trim();
  const iso = /^(\d{4})[-/.](\d{1,2})[-/.](\d{1,2})(?!\d)/.exec(trimmed);
  if (iso !== null) return day(Number(iso[1]), Number(iso[2]), Number(iso[3]));
  const numbers = /^(\d{1,2})\s?([-/.])\s?(\d{1,2})\s?[-/.]\s?(\d{4}|\d{2})(?!\d)/.exec(trimmed);
  if (numbers !== null) {
    const [, first, mark, second, year] = numbers;
    // Dots are the mark of those who put the day first.
    const dayFirst = mark === '.' || order === 'day-first';
    const [dayNumber, month] = dayFirst ? [first, second] : [second, first];
    return (
      day(fullYear(year), Number(month), Number(dayNumber)) ??
      (mark === '.' ? undefined : day(fullYear(year), Number(dayNumber), Number(month)))
    );
  }
  const named =
    /^(?<d>\d{1,2})\.?\s+(?<m>\p{L}{3,})\.?,?\s+(?<y>\d{4})/u.exec(trimmed) ??
    /^(?<m>\p{L}{3,})\.?\s+(?<d>\d{1,2})(?:st|nd|rd|th)?,?\s+(?<y>\d{4})/u.exec(trimmed);
  if (named?.groups === undefined) return undefined;
  const { d, m = '', y } = named.groups;
  const short = m.toLowerCase().slice(0, 3);
  return day(Number(y), germanMonths[short] ?? months.indexOf(short) + 1, Number(d));
}

function fullYear(year: string | undefined): number {
  const number = Number(year);
  return year?.length === 2 ? 2_000 + number : number;
}

function day(year: number, month: number, dayOfMonth: number): string | undefined {
  const date = new Date(Date.UTC(year, month - 1, dayOfMonth));
  const exists =
    date.getUTCFullYear() === year && date.getUTCMonth() === month - 1 && date.getUTCDate() === dayOfMonth;
  return exists ? date.toISOString().slice(0, 10) : undefined;
}
