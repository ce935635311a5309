import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { countTicks, labelStride } from '../../processors/document/pdf/scale.ts';
import { oneLine, shorten, wrap } from '../../processors/document/pdf/wrap.ts';

/** Ten points a letter, as a typewriter has it. */
const typewriter = (text: string) => Array.from(text).length * 10;

describe('wrapping of text', () => {
  it('breaks between words and after hyphens and slashes', () => {
    expect(wrap('pre-award notice and/or update', 100, typewriter)).toEqual([
      'pre-award',
      'notice',
      'and/or',
      'update',
    ]);
    expect(wrap('flood-risk', 60, typewriter)).toEqual(['flood-', 'risk']);
  });

  it('breaks a word only when it is wider than a line', () => {
    expect(wrap('a incomprehensible b', 60, typewriter)).toEqual(['a', 'incomp', 'rehens', 'ible b']);
  });

  it('ends with an ellipsis when there are too many lines', () => {
    expect(wrap('one two three four', 50, typewriter, 2)).toEqual(['one', 'two…']);
    expect(wrap('one two', 50, typewriter, 2)).toEqual(['one', 'two']);
    expect(shorten('Department', 50, typewriter)).toBe('Depa…');
  });

  it('makes one line of whatever comes', () => {
    expect(oneLine(' a\tb\r\nc\u0000\u2028d ')).toBe('a b c d');
  });

  it('loses nothing, and no line is wider than the room, for any text', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'grapheme', maxLength: 200 }),
        fc.integer({ min: 20, max: 300 }),
        (text, width) => {
          const lines = wrap(text, width, typewriter);
          expect(lines.join('').replace(/\s/gu, '')).toBe(oneLine(text).replace(/\s/gu, ''));
          for (const line of lines) {
            // A letter with its accents is never torn apart, so one alone may be wider.
            const letters = [...new Intl.Segmenter('en').segment(line)];
            if (letters.length > 1) expect(typewriter(line)).toBeLessThanOrEqual(width);
          }
        },
      ),
    );
  });

  it('never makes more lines than it may', () => {
    fc.assert(
      fc.property(fc.string({ maxLength: 300 }), fc.integer({ min: 1, max: 5 }), (text, most) => {
        expect(wrap(text, 80, typewriter, most).length).toBeLessThanOrEqual(most);
      }),
    );
  });
});

describe('scale of a chart', () => {
  it('marks round numbers', () => {
    expect(countTicks(40)).toEqual([0, 10, 20, 30, 40]);
    expect(countTicks(41)).toEqual([0, 10, 20, 30, 40, 50]);
    expect(countTicks(1)).toEqual([0, 1]);
    expect(countTicks(0)).toEqual([0, 1]);
  });

  it('reaches the highest count in a few whole steps, whatever it is', () => {
    fc.assert(
      fc.property(fc.integer({ min: 0, max: 10_000_000 }), (highest) => {
        const ticks = countTicks(highest);
        expect(ticks.at(-1)).toBeGreaterThanOrEqual(highest);
        expect(ticks.length).toBeLessThanOrEqual(6);
        expect(ticks.every(Number.isInteger)).toBe(true);
      }),
    );
  });

  it('leaves labels out evenly', () => {
    expect(labelStride(13, 10)).toBe(2);
    expect(labelStride(5, 10)).toBe(1);
    expect(labelStride(5, 0)).toBe(5);
  });
});
