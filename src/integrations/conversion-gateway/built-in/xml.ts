import Builder from 'fast-xml-builder';
import type { FoundField } from './fields.ts';
import type { ValueType } from './mapping.ts';
import type { LineItem } from './table.ts';
import type { Value } from './values.ts';

/** What a PDF came to. */
export interface Reading {
  /** Name of the mapping. */
  readonly mapping: string;
  readonly pages: number;
  readonly fields: readonly FoundField[];
  readonly items: readonly LineItem[];
}

/** The namespace of `docs/conversion.xsd`. */
const namespace = 'urn:millrace:conversion:1';

const builder = new Builder({
  ignoreAttributes: false,
  attributeNamePrefix: '@',
  format: true,
  indentBy: '  ',
  suppressEmptyNode: true,
  suppressBooleanAttributes: false,
});

/** The document as XML after `docs/conversion.xsd`; the same reading is the same text. */
export function xmlOf({ mapping, pages, fields, items }: Reading): string {
  const body = builder.build({
    document: {
      '@xmlns': namespace,
      '@mapping': mapping,
      '@pages': String(pages),
      fields: fields.length === 0 ? '' : { field: fields.map(fieldOf) },
      lineItems: {
        '@count': String(items.length),
        ...(items.length === 0 ? {} : { lineItem: items.map(itemOf) }),
      },
    },
  });
  return `<?xml version="1.0" encoding="UTF-8"?>\n${body.trimEnd()}\n`;
}

function fieldOf({ field, value, raw }: FoundField) {
  return {
    '@name': field.name,
    ...typed(field.type, value),
    '@raw': oneLine(raw),
    '#text': legal(value.text),
  };
}

function itemOf({ page, values }: LineItem, index: number) {
  return {
    '@number': String(index + 1),
    '@page': String(page),
    value: [...values].map(([name, { type, value }]) => ({
      '@name': name,
      ...typed(type, value),
      '#text': legal(value.text),
    })),
  };
}

function typed(type: ValueType, { currency }: Value) {
  return { '@type': type, ...(currency === undefined ? {} : { '@currency': currency }) };
}

/** A parser would make spaces of line ends in an attribute. */
function oneLine(text: string): string {
  return legal(text).replace(/\s+/gu, ' ');
}

/** Without the characters that XML 1.0 forbids even as references (production 2, Char), and halves of pairs. */
function legal(text: string): string {
  return text.replace(/[^\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/gu, '');
}
