import type { ColumnType } from './datasets.ts';
import { isoTime, textWriter } from './writer.ts';

const json = JSON.stringify;
/** What JSON cannot hold as it is (RFC 8259), or what `JSON.stringify` mends: halves of letters. */
const needsEscapes = /["\\\p{Cc}\ud800-\udfff]/u;

/** PostgreSQL writes numbers as JSON does, so an amount keeps every digit. */
const jsonOf: Readonly<Record<ColumnType, (value: string) => string>> = {
  text: (value) => (needsEscapes.test(value) ? json(value) : `"${value}"`),
  list: (value) => value,
  boolean: (value) => (value === 't' ? 'true' : 'false'),
  time: (value) => `"${isoTime(value)}"`,
  number: (value) => value,
  amount: (value) => value,
  day: (value) => `"${value}"`,
};

/** One JSON object a line, with every column; what is not known is `null`. */
export const writeNdjson = textWriter(
  () => '',
  (columns) => {
    const values = columns.map(({ type }) => jsonOf[type]);
    const names = columns.map(({ name }, index) => `${index === 0 ? '{' : ','}${json(name)}:`);
    return (row) => {
      let line = '';
      for (let index = 0; index < values.length; index += 1) {
        const value = row[index];
        line += names[index];
        line += value === null || value === undefined ? 'null' : values[index]?.(value);
      }
      return `${line}}\n`;
    };
  },
);
