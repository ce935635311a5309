import type { ExportRow } from '../../../src/integrations/database/port.ts';
import type { ColumnType, DatasetColumn } from './datasets.ts';
import { isoTime, listItems } from './writer.ts';
import { cellXml, style } from './xlsx-parts.ts';

/** The XML of one row of a sheet, rows counted from 1. Empty cells are left out; each other says where it stands. */
export function sheetCells(
  columns: readonly DatasetColumn[],
  letters: readonly string[],
): (row: ExportRow, number: number) => string {
  const starts = letters.map((letter) => `<c r="${letter}`);
  const cells = columns.map(({ type }) => cellOf[type]);
  return (row, number) => {
    let xml = `<row r="${number}">`;
    for (let index = 0; index < cells.length; index += 1) {
      const value = row[index];
      if (value === null || value === undefined || value === '') continue;
      xml += starts[index];
      xml += number;
      xml += cells[index]?.(value);
    }
    return `${xml}</row>`;
  };
}

/** From the quote after the cell's place to its end. */
const cellOf: Readonly<Record<ColumnType, (value: string) => string>> = {
  text: textCell,
  list: (value) => textCell(listItems(value).join('; ')),
  number: (value) => `"><v>${value}</v></c>`,
  amount: (value) => `" s="${style.amount}"><v>${value}</v></c>`,
  boolean: (value) => `" t="b"><v>${value === 't' ? 1 : 0}</v></c>`,
  day: (value) => {
    const serial = dayNumber(value);
    return serial === undefined ? textCell(value) : `" s="${style.day}"><v>${serial}</v></c>`;
  },
  time: (value) => {
    const serial = dayNumber(value.slice(0, 10));
    if (serial === undefined) return textCell(isoTime(value));
    const seconds =
      Number(value.slice(11, 13)) * 3_600 + Number(value.slice(14, 16)) * 60 + Number(value.slice(17, -3));
    return `" s="${style.time}"><v>${serial + seconds / 86_400}</v></c>`;
  },
};

/** What needs a second look: markup, controls, halves of letters, what XML forbids, and OOXML's own escapes. */
const notPlain = /[&<>\p{Cc}\ud800-\udfff\ufffe\uffff]|_x[0-9A-Fa-f]{4}_/u;
const mostPlainLetters = 32_767;

function textCell(value: string): string {
  const plain = value.length <= mostPlainLetters && !notPlain.test(value);
  const text = plain ? value : cellXml(value);
  const space = hasOuterSpace(text) ? ' xml:space="preserve"' : '';
  return `" s="${style.text}" t="inlineStr"><is><t${space}>${text}</t></is></c>`;
}

function hasOuterSpace(text: string): boolean {
  return text.charCodeAt(0) <= 32 || text.charCodeAt(text.length - 1) <= 32;
}

const dayMs = 86_400_000;
/** 30 December 1899 in days before 1970: day 0 of Excel, as it stands from March 1900 on. */
const epoch = 25_569;
const march1900 = 61;
const known = new Map<string, number | undefined>();
const mostKnown = 20_000;

/** The number of a day (ISO 8601) in Excel, or `undefined` when Excel has none. Days come again and again, so they are kept. */
function dayNumber(day: string): number | undefined {
  if (known.has(day)) return known.get(day);
  const days = /^\d{4}-\d\d-\d\d$/.test(day) ? Date.parse(`${day}T00:00:00Z`) / dayMs + epoch : Number.NaN;
  const found = days >= march1900 ? days : undefined;
  if (known.size >= mostKnown) known.clear();
  known.set(day, found);
  return found;
}
