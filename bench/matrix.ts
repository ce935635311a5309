import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { extractRequirements } from '../processors/document/compliance/extract.ts';
import { obligationOf, type Party } from '../processors/document/compliance/obligation.ts';

/**
 * `npm run bench:matrix`: how well requirements are told from other sentences, on sentences that were labelled by hand.
 * The rules were tuned on the development set. The held-out set was written before them, the others after
 * them. The mistakes in the clauses were looked at, too; the unseen set is only measured. The lines of a document are judged where they stand, with what leads to them.
 */
export const sets = ['development', 'held-out', 'later', 'fresh', 'clauses', 'unseen'] as const;

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
  readonly mistakes: readonly Judged[];
}

/** A sentence or line with its label and what the rules say. */
export interface Judged {
  readonly expected: Label;
  readonly got: Label;
  readonly sentence: string;
}

export async function readSet(name: (typeof sets)[number]): Promise<Labelled[]> {
  return (await readLines(name)).map((line) => {
    const [label, section, sentence] = line.split('|');
    if (!isLabel(label) || section === undefined || sentence === undefined)
      throw new Error(`Not a labelled sentence: ${line}`);
    return { label, section, sentence };
  });
}

async function readLines(name: string): Promise<string[]> {
  const text = await readFile(join(import.meta.dirname, `matrix-sentences/${name}.txt`), 'utf8');
  return text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
}

function isLabel(text: string | undefined): text is Label {
  return text === 'R' || text === 'G' || text === 'N';
}

export function judgeSentences(set: readonly Labelled[]): Judged[] {
  return set.map(({ label, sentence }) => {
    const found = obligationOf(sentence);
    return { expected: label, got: labelOf(found?.party), sentence };
  });
}

/** Judges the lines of a document: one is found when a requirement ends with its words, whatever leads to them. */
export async function judgeDocument(): Promise<Judged[]> {
  const lines = (await readLines('in-context')).map((line) => {
    const [label, sentence] = line.split('|');
    if (!isLabel(label) || sentence === undefined) throw new Error(`Not a labelled line: ${line}`);
    return { label, sentence };
  });
  const found = await extractRequirements([lines.map(({ sentence }) => sentence).join('\n')], 0);
  return lines
    .filter(({ sentence }) => sentence !== '')
    .map(({ label, sentence }) => {
      const words = sentence
        .replace(/^(?:•|\S*\d\.|[A-M](?:\.\d+)+|\(\w\))\s+/u, '')
        .replace(/(?:; and|;)$/, '');
      const party = found.find(({ text }) => text.endsWith(words))?.party;
      return { expected: label, got: labelOf(party), sentence };
    });
}

function labelOf(party: Party | undefined): Label {
  return party === undefined ? 'N' : party === 'Government' ? 'G' : 'R';
}

/** Precision and recall of one label against the others. */
export function measure(judged: readonly Judged[], wanted: Label): Score {
  const got = judged.filter((one) => one.got === wanted);
  const expected = judged.filter((one) => one.expected === wanted);
  const right = got.filter((one) => one.expected === wanted).length;
  return {
    sentences: judged.length,
    precision: right / Math.max(1, got.length),
    recall: right / Math.max(1, expected.length),
    mistakes: judged.filter((one) => (one.got === wanted) !== (one.expected === wanted)),
  };
}

function print(name: string, judged: readonly Judged[]): void {
  console.log(`${name}: ${judged.length}`);
  for (const [label, what] of [
    ['R', 'requirements'],
    ['G', 'obligations of the Government'],
  ] as const) {
    const { precision, recall, mistakes } = measure(judged, label);
    console.log(`  ${what}: precision ${precision.toFixed(3)}, recall ${recall.toFixed(3)}`);
    // What is printed is looked at, and what is looked at is tuned on: mistakes of the other sets stay unseen.
    if (name === 'development')
      for (const one of mistakes) console.log(`    ${one.expected} taken for ${one.got}: ${one.sentence}`);
  }
}

if (import.meta.main) {
  const all: Judged[] = [];
  for (const name of sets) {
    const judged = judgeSentences(await readSet(name));
    print(name, judged);
    all.push(...judged);
  }
  print('all sentences', all);
  print('lines of a document', await judgeDocument());
}
