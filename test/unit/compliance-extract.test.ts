import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { judgeDocument, judgeSentences, measure, readSet } from '../../bench/matrix.ts';
import { extractRequirements } from '../../processors/document/compliance/extract.ts';
import { createNumbering } from '../../processors/document/compliance/numbering.ts';
import { obligationOf } from '../../processors/document/compliance/obligation.ts';
import { paragraphsOf } from '../../processors/document/compliance/paragraphs.ts';
import { sentencesOf } from '../../processors/document/compliance/sentences.ts';

describe('sentences of solicitations', () => {
  it.each([
    [
      'See Fig. 3 and para. C.2. The Contractor shall act.',
      ['See Fig. 3 and para. C.2.', 'The Contractor shall act.'],
    ],
    [
      'Open until 4:30 p.m. Eastern Time. Closed later.',
      ['Open until 4:30 p.m. Eastern Time.', 'Closed later.'],
    ],
    [
      'It closes at 2:00 p.m. The Contractor shall leave.',
      ['It closes at 2:00 p.m.', 'The Contractor shall leave.'],
    ],
    [
      'The U.S. Government pays Acme Inc. The rest is free.',
      ['The U.S. Government pays Acme Inc.', 'The rest is free.'],
    ],
    [
      'Prices are 1.5 times higher, i.e. 3.75 USD. No. 4 is cheap.',
      ['Prices are 1.5 times higher, i.e. 3.75 USD.', 'No. 4 is cheap.'],
    ],
    [
      'As described in Section C. The offeror shall reply.',
      ['As described in Section C.', 'The offeror shall reply.'],
    ],
    ['J. Roe shall sign.', ['J. Roe shall sign.']],
    [
      'He said "stop." Then he left (at once.) Nobody came',
      ['He said "stop."', 'Then he left (at once.)', 'Nobody came'],
    ],
  ])('splits %s', (text, expected) => {
    expect(sentencesOf(text)).toEqual(expected);
  });

  it('loses no letter', () => {
    const text = fc.string({
      unit: fc.constantFrom('a', 'B', '. ', '.', '"', ')', '1', ' The ', 'No. ', '? ', ':', '(1) '),
    });
    fc.assert(
      fc.property(text, (sample) => {
        expect(sentencesOf(sample).join('').replace(/\s/g, '')).toBe(sample.replace(/\s/g, ''));
      }),
    );
  });
});

describe('paragraphs of pages', () => {
  it('drops what repeats at the edges of pages, mends words, and joins what runs over a page', async () => {
    const page = (number: number, body: string) => `Solicitation 7\n\n${body}\n\nPage ${number} of 3`;
    const found = await paragraphsOf([
      page(1, 'C.1 The Contractor shall do mainte-\nnance of Government-\nfurnished equipment and'),
      page(2, 'shall report it.\nC.2 Next.'),
      page(3, 'C.3 Last.\nC-3'),
    ]);
    expect(found).toEqual([
      {
        text: 'C.1 The Contractor shall do maintenance of Government-furnished equipment and shall report it.',
        page: 1,
      },
      { text: 'C.2 Next.', page: 2 },
      { text: 'C.3 Last.', page: 3 },
    ]);
  });

  it('takes the cells of a table apart', async () => {
    const cells = await paragraphsOf(['C.2.1\tThe Contractor shall clean.\tDaily']);
    expect(cells.map(({ text }) => text)).toEqual(['C.2.1 The Contractor shall clean.', 'Daily']);
  });
});

describe('numbers and sections', () => {
  it('follows the levels of the FAR, and knows (i) the letter from (i) the numeral', () => {
    const number = createNumbering();
    const paths = [
      'L.3.2.1 x',
      '(a) x',
      '(1) x',
      '(i) x',
      '(ii) x',
      '(2) x',
      '(b)(1) x',
      '(h) x',
      '(i) x',
      '(j) x',
      '4.1 x',
    ].map((text) => number(text).paragraph);
    expect(paths).toEqual([
      'L.3.2.1',
      'L.3.2.1(a)',
      'L.3.2.1(a)(1)',
      'L.3.2.1(a)(1)(i)',
      'L.3.2.1(a)(1)(ii)',
      'L.3.2.1(a)(2)',
      'L.3.2.1(b)(1)',
      'L.3.2.1(h)',
      'L.3.2.1(i)',
      'L.3.2.1(j)',
      '4.1',
    ]);
  });

  it.each([
    ['SECTION M - EVALUATION FACTORS FOR AWARD', 'M'],
    ['PART I - THE SCHEDULE', undefined],
    ['Part IV – Section L – Instructions', 'L'],
    ['PERFORMANCE WORK STATEMENT', 'C'],
    ['2.0 INSTRUCTIONS TO OFFERORS', 'L'],
    ['Section C of the contract applies here.', undefined],
    ['M.2 Factors', 'M'],
  ])('reads the section of %s', (text, section) => {
    expect(createNumbering()(text).section).toBe(section);
  });
});

describe('requirements of a text', () => {
  const texts = async (text: string) =>
    (await extractRequirements([text], 0)).map((one) => `${one.paragraph}|${one.text}`);

  it('gives each item of a list the words that lead to it', async () => {
    expect(
      await texts(
        'C.1 The contractor shall:\n(1) clean;\n(2) for each room:\n(i) dust; and\n(ii) mop.\nC.2 Nothing.',
      ),
    ).toEqual([
      'C.1(1)|The contractor shall: (1) clean',
      'C.1(2)(i)|The contractor shall: (2) for each room: (i) dust',
      'C.1(2)(ii)|The contractor shall: (2) for each room: (ii) mop.',
    ]);
    expect(await texts('C.1 The contractor shall: (a) clean; (b) mop; and (c) leave.')).toHaveLength(3);
  });

  it('keeps a sentence that leads nowhere, once', async () => {
    expect(await texts('C.1 The contractor shall do the following:\nC.2 Nothing here.')).toEqual([
      'C.1|The contractor shall do the following:',
    ]);
    expect(await texts('C.1 The contractor shall do the following:')).toHaveLength(1);
  });

  it('goes on with lists of numbered paragraphs below', async () => {
    expect(await texts('3.2 The contractor shall:\n3.2.1 Inspect.\n3.2.2 Report.\n3.3 The end.')).toEqual([
      '3.2.1|The contractor shall: 3.2.1 Inspect.',
      '3.2.2|The contractor shall: 3.2.2 Report.',
    ]);
  });

  it('is total: any text gives an answer', async () => {
    const words = fc.constantFrom(
      'The Contractor',
      'shall',
      'must',
      ':',
      '\n',
      '\n\n',
      '(1)',
      '(a)',
      'L.3',
      '. ',
      'SECTION M',
      '\t',
      '•',
      '-',
      'will be',
      '"',
      ';',
      'by the Government',
    );
    await fc.assert(
      fc.asyncProperty(fc.array(words, { maxLength: 40 }), async (parts) => {
        for (const one of await extractRequirements([parts.join(' ')], 0)) expect(one.text).not.toBe('');
      }),
    );
  });

  it('comes to an end with text that is made to be slow', async () => {
    const hostile = ['that shall ', 'No. A ', 'a line\n', 'shall: (1) ', '(', 'a, ', 'if it must '].map(
      (part) => part.repeat(Math.ceil(300_000 / part.length)),
    );
    for (const text of hostile) await extractRequirements([text], 0);
  });
});

describe('telling requirements from other sentences', () => {
  it.each(['held-out', 'later', 'fresh', 'unseen'] as const)(
    'holds its floor on the %s set, which the rules were not tuned on',
    async (name) => {
      const { sentences, precision, recall } = measure(judgeSentences(await readSet(name)), 'R');
      expect(sentences).toBeGreaterThanOrEqual(50);
      expect(precision).toBeGreaterThanOrEqual(0.93);
      expect(recall).toBeGreaterThanOrEqual(0.93);
      const government = measure(judgeSentences(await readSet(name)), 'G');
      expect(government.precision).toBeGreaterThanOrEqual(0.89);
      expect(government.recall).toBeGreaterThanOrEqual(0.85);
    },
  );

  it('holds it on those that they were written with', async () => {
    const { precision, recall } = measure(judgeSentences(await readSet('development')), 'R');
    expect(precision).toBeGreaterThanOrEqual(0.97);
    expect(recall).toBeGreaterThanOrEqual(0.97);
  });

  it.each([
    ['The Government may extend this contract by written notice.', 'Government'],
    ['The COR may be reached at 555-0100.', undefined],
    ['Heating remains the responsibility of the Government.', 'Government'],
    ['The COR is the only point of contact, and will answer questions.', 'Government'],
    ['Offerors will be notified of the date.', 'Government'],
    ['A proposal must be rated Acceptable.', 'Offeror'],
    ['The Contractor shall submit data as the Contracting Officer may require.', 'Contractor'],
    ['The total duration of this contract shall not exceed five years.', undefined],
    ['Acceptance shall be deemed final, and the Contractor shall file a release.', 'Contractor'],
    ['Address all questions to the buyer.', 'Contractor'],
    ['Do not bind the volumes.', 'Offeror'],
    ['Clearly mark each box.', 'Contractor'],
    ['Address of the buyer.', undefined],
  ])('says who is bound by: %s', (sentence, party) => {
    expect(obligationOf(sentence)?.party).toBe(party);
  });

  it('finds the lines of a document with what leads to them', async () => {
    const judged = await judgeDocument();
    expect(judged.length).toBeGreaterThanOrEqual(30);
    for (const label of ['R', 'G'] as const) {
      const { precision, recall } = measure(judged, label);
      expect(precision).toBeGreaterThanOrEqual(0.95);
      expect(recall).toBeGreaterThanOrEqual(0.95);
    }
  });
});
