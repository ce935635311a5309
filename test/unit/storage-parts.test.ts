import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { contentTypeOf } from '../../src/integrations/storage/content-types.ts';
import { attachment } from '../../src/integrations/storage/disposition.ts';
import { inPieces } from '../../src/integrations/storage/intake.ts';

describe('a content disposition', () => {
  test('has any name in it, whole, and is plain ASCII that ends no part early', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (name) => {
        const header = attachment(name);
        const parts = /^attachment; filename="([^"\\%]*)"; filename\*=UTF-8''([\w!#$&+.^`|~%-]*)$/.exec(
          header,
        );
        expect(header).toMatch(/^[\x20-\x7e]*$/);
        expect(decodeURIComponent(parts?.[2] ?? 'no match')).toBe(name.toWellFormed());
      }),
    );
    expect(attachment('Übersicht "Q1".pdf')).toBe(
      `attachment; filename="?bersicht _Q1_.pdf"; filename*=UTF-8''%C3%9Cbersicht%20%22Q1%22.pdf`,
    );
  });
});

test('a content type follows from the ending, and is bytes for any other', () => {
  expect(contentTypeOf('reports/a.PDF')).toBe('application/pdf');
  expect(contentTypeOf('exports/a.b.csv')).toBe('text/csv; charset=utf-8');
  for (const key of ['a', 'a.constructor', 'a.pdf/b', 'a.'])
    expect(contentTypeOf(key)).toBe('application/octet-stream');
});

test('pieces have their size, but for the last, and are what came in', async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 12 }),
      fc.integer({ min: 1, max: 30 }),
      async (chunks, size) => {
        async function* source() {
          yield* chunks;
        }
        const pieces: Buffer[] = [];
        for await (const piece of inPieces(source(), size)) pieces.push(piece);
        expect(Buffer.concat(pieces).equals(Buffer.concat(chunks))).toBe(true);
        for (const piece of pieces.slice(0, -1)) expect(piece).toHaveLength(size);
        const last = pieces.at(-1)?.length;
        if (last !== undefined) expect(last > 0 && last <= size).toBe(true);
      },
    ),
  );
});
