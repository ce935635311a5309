import { countText } from '../report/wording.ts';
import type { Requirement } from './extract.ts';

/** A line of the matrix: a requirement with its number and what it is called in the documents. */
export interface MatrixRow extends Requirement {
  /** `R-001`; obligations of the Government are counted apart, `G-001`. */
  readonly id: string;
  readonly document: string;
}

/** A matrix before it has a form. */
export interface Matrix {
  readonly title: string;
  readonly opportunityId: string;
  readonly madeAt: Date;
  /** The names of what was read, in order. */
  readonly documents: readonly string[];
  readonly requirements: readonly MatrixRow[];
  /** What the Government says that it will do: worth knowing, and nothing to comply with. */
  readonly government: readonly MatrixRow[];
  readonly sections: readonly SectionCount[];
}

export interface SectionCount {
  readonly name: string;
  readonly requirements: readonly MatrixRow[];
}

/** The sections of the uniform contract format (FAR 15.204-1). */
const names: Readonly<Record<string, string>> = {
  A: 'Solicitation/contract form',
  B: 'Supplies or services and prices',
  C: 'Description, specifications, statement of work',
  D: 'Packaging and marking',
  E: 'Inspection and acceptance',
  F: 'Deliveries or performance',
  G: 'Contract administration data',
  H: 'Special contract requirements',
  I: 'Contract clauses',
  J: 'List of attachments',
  K: 'Representations and certifications',
  L: 'Instructions to offerors',
  M: 'Evaluation factors for award',
};

/** As proposals are written: what to hand in, how it is judged, what to do, and then the rest. */
const order = ['L', 'M', 'C', 'A', 'B', 'D', 'E', 'F', 'G', 'H', 'I', 'J', 'K', undefined];

/** Sorts by section, then as in the documents; numbers the lines. */
export function makeMatrix(
  found: readonly Requirement[],
  about: Pick<Matrix, 'opportunityId' | 'madeAt' | 'documents'>,
): Matrix {
  const sorted = order.flatMap((section) => found.filter((one) => one.section === section));
  const rows = (letter: string, wanted: readonly Requirement[]) =>
    wanted.map((one, index) => ({
      ...one,
      id: `${letter}-${String(index + 1).padStart(3, '0')}`,
      document: about.documents[one.source] ?? '',
    }));
  const requirements = rows(
    'R',
    sorted.filter(({ party }) => party !== 'Government'),
  );
  return {
    ...about,
    title: `Compliance matrix ${about.opportunityId}`,
    requirements,
    government: rows(
      'G',
      sorted.filter(({ party }) => party === 'Government'),
    ),
    sections: order.flatMap((section) => {
      const inside = requirements.filter((one) => one.section === section);
      return inside.length === 0 ? [] : [{ name: sectionName(section), requirements: inside }];
    }),
  };
}

function sectionName(section: string | undefined): string {
  return section === undefined ? 'No section named' : `Section ${section}: ${names[section] ?? ''}`;
}

export function requirementsText(count: number): string {
  return `${countText(count)} ${count === 1 ? 'requirement' : 'requirements'}`;
}

/** What a person may say about a requirement. */
export const statuses = [
  'Open',
  'Compliant',
  'Partially compliant',
  'Exception taken',
  'Not applicable',
] as const;

/** What every form of the matrix says about itself. */
export const caution =
  'Found by rules in the text, without a lawyer or a reader: check it against the solicitation before relying on it. Clauses that are incorporated by reference are not part of the text.';
