import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { scoreStory } from '../../src/scoring/index.ts';
import { lexicon, type Mark, topics } from '../../src/scoring/lexicon.ts';

const wordsOf = (...marks: Mark[]) =>
  [...lexicon].filter(([, mark]) => marks.includes(mark)).map(([word]) => word);
const oneOf = (...marks: Mark[]) => fc.constantFrom(...wordsOf(...marks));

const plain = fc.constantFrom('the', 'bridge', 'model', 'über', 'データ', 'a', 'NASA', '2024');
const loud = fc.constantFrom('!', 'SHOUTING', '50%', '10x', '3.5', '?!');
const stop = fc.constantFrom('.', '?', '\n', ',');
const token = fc.oneof(fc.constantFrom(...lexicon.keys()), plain, loud, stop);
const tokens = fc.array(token, { maxLength: 60 });

/** A text, and the same text with something put between two of its tokens. */
const withInserted = (addition: fc.Arbitrary<string>) =>
  fc
    .tuple(tokens, tokens, fc.nat(), fc.boolean(), addition)
    .map(([title, content, where, inTitle, added]) => {
      const insert = (list: string[]) => list.toSpliced(where % (list.length + 1), 0, added);
      const text = (list: string[]) => list.join(' ');
      return {
        before: { title: text(title), content: text(content) },
        after: {
          title: text(inTitle ? insert(title) : title),
          content: text(inTitle ? content : insert(content)),
        },
      };
    });

type Direction = 'never lowers' | 'never raises' | 'never moves';

const moves: readonly (readonly [string, fc.Arbitrary<string>, Direction, Direction])[] = [
  ['a superlative', oneOf('superlative'), 'never lowers', 'never moves'],
  ['an absolute claim', oneOf('absolute'), 'never lowers', 'never moves'],
  ['a promise', oneOf('promise'), 'never lowers', 'never moves'],
  ['an exclamation mark', fc.constant('!'), 'never lowers', 'never moves'],
  ['a word in capitals', fc.constantFrom('SHOUTING', 'AMAZING', 'FOREVER'), 'never lowers', 'never moves'],
  ['a number', fc.constantFrom('50%', '7', '10x', '1,000.5'), 'never lowers', 'never moves'],
  ['a hedge', oneOf('hedge'), 'never raises', 'never moves'],
  ['a source', oneOf('attribution'), 'never raises', 'never moves'],
  ['a plain word', plain, 'never raises', 'never raises'],
  ['a group of people', oneOf('group'), 'never moves', 'never lowers'],
  ['a harm', oneOf('harm'), 'never moves', 'never lowers'],
  ['a critical voice', oneOf('voice'), 'never moves', 'never lowers'],
  ['a concern', oneOf(...topics.map((topic) => `concern:${topic}` as const)), 'never moves', 'never lowers'],
];

function holds(direction: Direction, before: number, after: number): boolean {
  if (direction === 'never lowers') return after >= before;
  return direction === 'never raises' ? after <= before : after === before;
}

describe('scoreStory', () => {
  it.each(moves)('%s, wherever it stands, moves the scores one way only', (_, addition, hype, ethics) => {
    fc.assert(
      fc.property(withInserted(addition), ({ before, after }) => {
        const [first, second] = [scoreStory(before), scoreStory(after)];
        expect(holds(hype, first.hypeScore, second.hypeScore)).toBe(true);
        expect(holds(ethics, first.ethicsScore, second.ethicsScore)).toBe(true);
      }),
      { numRuns: 300 },
    );
  });

  it('gives scores from 0 to 10 with two decimals for any text, the same each time', () => {
    const text = fc.oneof(
      fc.string({ unit: 'binary' }),
      fc.string(),
      tokens.map((list) => list.join(' ')),
    );
    fc.assert(
      fc.property(text, text, (title, content) => {
        const scored = scoreStory({ title, content });
        for (const score of [scored.hypeScore, scored.ethicsScore]) {
          expect(score >= 0 && score <= 10 && Number(score.toFixed(2)) === score).toBe(true);
        }
        expect(scoreStory({ title, content })).toEqual(scored);
      }),
    );
  });

  it('gives 0 to nothing', () => {
    expect(scoreStory({ title: '', content: '' })).toMatchObject({ hypeScore: 0, ethicsScore: 0 });
  });

  it('counts a mark of the title twice', () => {
    expect(scoreStory({ title: 'Amazing', content: '' }).features.superlatives).toBe(2);
    expect(scoreStory({ title: '', content: 'Amazing' }).features.superlatives).toBe(1);
  });

  it('takes a number for sourced when its own sentence names a source', () => {
    const { features } = scoreStory({
      title: '',
      content: 'It is 3.5 times faster. Researchers measured 1,200 runs in 2024! It costs 10 less',
    });
    expect(features).toMatchObject({ unsourcedNumbers: 2, sourcedNumbers: 1 });
  });

  it('reads words with hyphens, typographic apostrophes and any letter case', () => {
    const { features } = scoreStory({
      title: '',
      content: 'State-of-the-Art, it won’t leak—or LEAK🚀amazing',
    });
    expect(features).toMatchObject({ superlatives: 2, promises: 1, concerns: 2, topics: ['privacy'] });
  });

  it('takes short capitals for abbreviations', () => {
    const { features } = scoreStory({ title: '', content: 'NASA and IBM bought a GREAT machine' });
    expect(features.capitals).toBe(1);
  });

  it.each<[string, string]>([
    ['one endless word', 'a'.repeat(2_000_000)],
    ['hyphens', '-'.repeat(2_000_000)],
    ['a word of hyphens', `a${'-a'.repeat(1_000_000)}`],
    ['digits and points', '1.'.repeat(1_000_000)],
    ['exclamation marks', '!'.repeat(2_000_000)],
    ['halves of surrogates', '\ud800'.repeat(2_000_000)],
  ])('reads two million characters of %s in one pass', (_, content) => {
    const { hypeScore, ethicsScore } = scoreStory({ title: '', content });
    expect(hypeScore <= 10 && ethicsScore <= 10).toBe(true);
  });

  it('tells promotion from a sober report and a worried one', () => {
    const promotion = scoreStory({
      title: 'Revolutionary model will change everything!',
      content: 'The most incredible breakthrough is here! It is 100x faster and guaranteed to be the best.',
    });
    const report = scoreStory({
      title: 'Small study suggests that a sensor may help',
      content: 'According to a preliminary study, it may detect falls 12% more often. The trial was small.',
    });
    const worried = scoreStory({
      title: 'Regulators investigate surveillance of workers',
      content: 'Critics warned that employees never gave consent and that the software is biased.',
    });
    expect(promotion.hypeScore).toBeGreaterThan(6);
    expect(report.hypeScore).toBeLessThan(1);
    expect(worried.ethicsScore).toBeGreaterThan(5);
    expect(promotion.ethicsScore).toBe(0);
  });
});
