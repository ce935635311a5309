import type { ColumnType } from './datasets.ts';
import { isoTime, textWriter } from './writer.ts';

const json = JSON.stringify;
/** What JSON cannot hold as it is (RFC 8259), or what `JSON.stringify` mends: halves of letters. */
const needsEscapes = /["\\\p{Cc}\ud800-\udfff]/u;

interface Notation {
  /** Whether the value stands in quotes, which belong to the names around it: that makes each value one piece of text. */
  readonly quoted: boolean;
  readonly of: (value: string) => string;
}

const asItIs = (value: string) => value;

/** PostgreSQL writes numbers as JSON does, so an amount keeps every digit. */
const notations: Readonly<Record<ColumnType, Notation>> = {
  text: { quoted: true, of: (value) => (needsEscapes.test(value) ? json(value).slice(1, -1) : value) },
  list: { quoted: false, of: asItIs },
  boolean: { quoted: false, of: (value) => (value === 't' ? 'true' : 'false') },
  time: { quoted: true, of: isoTime },
  number: { quoted: false, of: asItIs },
  amount: { quoted: false, of: asItIs },
  day: { quoted: true, of: asItIs },
};

/** One JSON object a line, with every column; what is not known is `null`. */
export const writeNdjson = textWriter(
  () => '',
  (columns) => {
    const fields = columns.map(({ name, type }, index) => {
      const { quoted, of } = notations[type];
      const before = `${index === 0 ? '{' : ','}${json(name)}:`;
      const value = quoted ? `${before}"` : before;
      const missing = `${before}null`;
      return { quoted, of, value, missing, valueAfterText: `"${value}`, missingAfterText: `"${missing}` };
    });
    return (row) => {
      let line = '';
      let inText = false;
      for (let index = 0; index < fields.length; index += 1) {
        const field = fields[index];
        if (field === undefined) continue;
        const value = row[index];
        if (value === null || value === undefined) {
          line += inText ? field.missingAfterText : field.missing;
          inText = false;
        } else {
          line += inText ? field.valueAfterText : field.value;
          line += field.of(value);
          inText = field.quoted;
        }
      }
      return line + (inText ? '"}\n' : '}\n');
    };
  },
);
