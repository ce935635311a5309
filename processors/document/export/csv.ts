import { guardFormula } from '../report/formula.ts';
import type { ColumnType } from './datasets.ts';
import { isoTime, listItems, textWriter } from './writer.ts';

/** Without it Excel takes UTF-8 for the code page of the machine. */
const byteOrderMark = '\ufeff';
const needsQuotes = /[",\r\n]/;

const fieldOf: Readonly<Record<ColumnType, (value: string) => string>> = {
  text: (value) => quoted(guardFormula(value)),
  list: (value) => quoted(guardFormula(listItems(value).join('; '))),
  boolean: (value) => (value === 't' ? 'true' : 'false'),
  time: isoTime,
  number: (value) => value,
  amount: (value) => value,
  day: (value) => value,
};

/**
 * CSV as RFC 4180 has it: CRLF, commas, a header of the columns' names; times in ISO 8601, numbers with a point, items of
 * lists apart by semicolons. Text that a spreadsheet would take for a formula bears an apostrophe.
 */
export const writeCsv = textWriter(
  (columns) => `${byteOrderMark}${columns.map(({ name }) => name).join(',')}\r\n`,
  (columns) => {
    const fields = columns.map(({ type }) => fieldOf[type]);
    return (row) => {
      let line = '';
      for (let index = 0; index < fields.length; index += 1) {
        const value = row[index];
        if (index > 0) line += ',';
        if (value !== null && value !== undefined) line += fields[index]?.(value);
      }
      return `${line}\r\n`;
    };
  },
);

function quoted(text: string): string {
  return needsQuotes.test(text) ? `"${text.replaceAll('"', '""')}"` : text;
}
