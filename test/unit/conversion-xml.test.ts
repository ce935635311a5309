import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { afterLabel } from '../../src/integrations/conversion-gateway/built-in/labels.ts';
import { mappingSchema } from '../../src/integrations/conversion-gateway/built-in/mapping.ts';
import { xmlOf } from '../../src/integrations/conversion-gateway/built-in/xml.ts';
import { readConversionXml } from '../support/conversion-xml.ts';

const [field] = mappingSchema.parse({ fields: [{ name: 'note', labels: ['Note'] }] }).fields;
if (field === undefined) throw new Error('The mapping has a field.');

/** What a parser makes of a text: no forbidden characters, and one kind of line end. */
function asParsed(text: string): string {
  return [...text]
    .filter((letter) => /[\t\n\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]/u.test(letter))
    .join('');
}

describe('the XML', () => {
  it('holds any text as it is, without what XML forbids, and is valid', () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.string({ unit: 'binary', minLength: 1 }),
          fc.constantFrom(
            ']]>',
            '<!--',
            '&amp;',
            '&#1;',
            '"\'',
            '\u0001\u0002',
            '\ud800',
            '\ufffe',
            '-->',
            '<![CDATA[',
          ),
          fc
            .array(
              fc.constantFrom('\0', '\u000b', '\ud800', 'a', '<', '&', ']]>', '"', '\n', '\t', '\u{1f600}'),
            )
            .map((parts) => parts.join('')),
        ),
        (text) => {
          const xml = xmlOf({
            mapping: 'default',
            pages: 1,
            fields: [{ field, value: { text }, raw: text }],
            items: [
              { page: 1, values: new Map([['description', { type: 'text' as const, value: { text } }]]) },
            ],
          });
          const found = readConversionXml(xml);
          expect(found.fields.note).toBe(asParsed(text));
          expect(found.items).toEqual([{ description: asParsed(text) }]);
          expect(found.raws.note).toBe(asParsed(text).replace(/\s+/gu, ' '));
        },
      ),
      { numRuns: 300 },
    );
  });

  it('is valid without fields and items too', () => {
    const found = readConversionXml(xmlOf({ mapping: 'a-b_1', pages: 3, fields: [], items: [] }));
    expect(found).toMatchObject({ mapping: 'a-b_1', pages: 3, fields: {}, items: [] });
  });
});

describe('labels', () => {
  it.each([
    ['Invoice number: 17', ['Invoice', 'Invoice number'], '17'],
    ['INVOICE  NUMBER 17', ['Invoice number'], '17'],
    ['Invoice numbers', ['Invoice number'], undefined],
    ['Invoice #17', ['Invoice'], '17'],
    ['Total', ['Total:'], ''],
    ['Totals', ['Total'], undefined],
    ['Rechnungs-Nr.: 5', ['Rechnungs-Nr'], '5'],
    ['Größe: L', ['größe'], 'L'],
    ['', ['x'], undefined],
  ])('%s after %j leaves %s', (text, labels, rest) => {
    expect(afterLabel(text, labels)?.rest).toBe(rest);
  });
});

describe('a mapping', () => {
  it.each<[string, object, string]>([
    ['an unknown field', { field: [] }, ''],
    ['a name that is none', { fields: [{ name: '1 a', labels: ['x'] }] }, 'fields.0.name'],
    ['no labels', { fields: [{ name: 'a', labels: [] }] }, 'fields.0.labels'],
    ['a pattern that is none', { fields: [{ name: 'a', labels: ['x'], pattern: '(' }] }, 'fields.0.pattern'],
    [
      'a name that comes twice',
      {
        fields: [
          { name: 'a', labels: ['x'] },
          { name: 'a', labels: ['y'] },
        ],
      },
      'fields.1.name',
    ],
    [
      'a table without a column that tells its rows',
      {
        lineItems: {
          columns: [
            { name: 'a', headers: ['x'], required: true },
            { name: 'b', headers: ['y'], type: 'amount' },
          ],
        },
      },
      'lineItems.columns',
    ],
    ['a currency that is none', { currency: 'Euro' }, 'currency'],
  ])('with %s is refused with its path', (_what, mapping, path) => {
    const parsed = mappingSchema.safeParse(mapping);
    expect(parsed.error?.issues.map((issue) => issue.path.join('.'))).toEqual([path]);
  });
});
