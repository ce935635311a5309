import { readFields } from './fields.ts';
import { linesOf, runningLines } from './lines.ts';
import type { Mapping } from './mapping.ts';
import type { PageText } from './page-text.ts';
import { readTable } from './table.ts';
import { decimalOf, type Notation } from './values.ts';
import type { Reading } from './xml.ts';

/** Reads fields and line items out of a document's text, by a mapping. */
export function readDocument(pages: readonly PageText[], name: string, mapping: Mapping): Reading {
  const lines = pages.map(linesOf);
  const cells = lines.flat().flatMap((line) => line.cells.map(({ text }) => text));
  const notation: Notation = {
    decimal: mapping.decimal === 'auto' ? decimalOf(cells) : mapping.decimal,
    dateOrder: mapping.dateOrder,
    currency: mapping.currency,
  };
  const { items, lines: ofTable } =
    mapping.lineItems === undefined
      ? { items: [], lines: new Set() }
      : readTable(lines, mapping.lineItems, notation, runningLines(lines));
  const outside = lines.flat().filter((line) => !ofTable.has(line));
  return { mapping: name, pages: pages.length, fields: readFields(outside, mapping, notation), items };
}
