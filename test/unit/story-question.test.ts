import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { longestContent, storyQuestion } from '../../processors/story-enhancement/question.ts';
import { quote } from '../../src/integrations/llm/quote.ts';

describe('storyQuestion', () => {
  it('frames any story between two lines that hold a boundary of this prompt alone', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.string(),
        fc.option(fc.string(), { nil: undefined }),
        (title, content, sectorTag) => {
          const { instructions, input } = storyQuestion({ title, content, sectorTag });
          const boundary = /^BEGIN ([0-9a-f]{32})\n/.exec(input)?.[1] ?? 'none';
          expect(input.endsWith(`\nEND ${boundary}`)).toBe(true);
          expect(input.split(boundary)).toHaveLength(3);
          expect(instructions).toContain(`"BEGIN ${boundary}"`);
          expect(input).toContain(content);
        },
      ),
    );
  });

  it('has the same instructions for every story but for the boundary', () => {
    const one = storyQuestion({ title: 'a', content: 'b', sectorTag: undefined }, 'x');
    const other = storyQuestion({ title: 'c', content: 'd', sectorTag: 'e' }, 'x');
    expect(one.instructions).toBe(other.instructions);
  });

  it('cuts a story that is too long and says so', () => {
    const { input } = storyQuestion({
      title: 'a',
      content: 'x'.repeat(longestContent + 1),
      sectorTag: undefined,
    });
    expect(input.length).toBeLessThan(longestContent + 300);
    expect(input).toContain('[The rest of the story is left out.]');
  });
});

describe('quote', () => {
  it('gives one printable line of at most so many characters', () => {
    fc.assert(
      fc.property(
        fc.string({ unit: 'binary', maxLength: 400 }),
        fc.integer({ min: 1, max: 300 }),
        (text, max) => {
          const line = quote(text, max);
          expect(line.length).toBeLessThanOrEqual(max);
          expect(line).not.toMatch(/[\p{Cc}\u2028\u2029]/u);
        },
      ),
    );
  });
});
