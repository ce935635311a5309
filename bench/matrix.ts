import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { obligationOf } from '../processors/document/compliance/obligation.ts';

/**
 * `npm run bench:matrix`: how well requirements are told from other sentences, on sentences that were labelled by hand.
 * The rules were tuned on the development set. The held-out set was written before them, the later one after them; both are
 * only measured.
 */
export const sets = ['development', 'held-out', 'later'] as const;

export type Label = 'R' | 'G' | 'N';

export interface Labelled {
  readonly label: Label;
  readonly section: string;
  readonly sentence: string;
}

export interface Score {
  readonly sentences: number;
  readonly precision: number;
  readonly recall: number;
  readonly mistakes: readonly { readonly expected: Label; readonly got: Label; readonly sentence: string }[];
}

export async function readSet(name: (typeof sets)[number]): Promise<Labelled[]> {
  const text = await readFile(join(import.meta.dirname, `matrix-sentences/${name}.txt`), 'utf8');
  return text
    .split('\n')
    .filter((line) => line !== '' && !line.startsWith('#'))
    .map((line) => {
      const [label, section, sentence] = line.split('|');
      if (
        (label !== 'R' && label !== 'G' && label !== 'N') ||
        section === undefined ||
        sentence === undefined
      )
        throw new Error(`Not a labelled sentence: ${line}`);
      return { label, section, sentence };
    });
}

function labelOf(sentence: string): Label {
  const party = obligationOf(sentence)?.party;
  return party === undefined ? 'N' : party === 'Government' ? 'G' : 'R';
}

/** Precision and recall of one label against the others. */
export function measure(set: readonly Labelled[], wanted: Label): Score {
  const judged = set.map(({ label, sentence }) => ({ expected: label, got: labelOf(sentence), sentence }));
  const got = judged.filter((one) => one.got === wanted);
  const expected = judged.filter((one) => one.expected === wanted);
  const right = got.filter((one) => one.expected === wanted).length;
  return {
    sentences: set.length,
    precision: right / Math.max(1, got.length),
    recall: right / Math.max(1, expected.length),
    mistakes: judged.filter((one) => (one.got === wanted) !== (one.expected === wanted)),
  };
}

if (import.meta.main) {
  for (const name of sets) {
    const set = await readSet(name);
    console.log(`${name}: ${set.length} sentences`);
    for (const [label, what] of [
      ['R', 'requirements'],
      ['G', 'obligations of the Government'],
    ] as const) {
      const { precision, recall, mistakes } = measure(set, label);
      console.log(`  ${what}: precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}`);
      // What is printed is looked at, and what is looked at is tuned on: mistakes of the held-out set stay unseen.
      if (name === 'development')
        for (const one of mistakes) console.log(`    ${one.expected} taken for ${one.got}: ${one.sentence}`);
    }
  }
}
