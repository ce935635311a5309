import type { EventChart } from './events.ts';

/**
 * A report as content, before it has a look: both renderers make the same of it, so neither can leave a fact out that the
 * other has. All texts are plain; a renderer escapes them for its format.
 */
export interface CerContent {
  readonly title: string;
  /** The device, as the running header names it. */
  readonly device: string;
  readonly manufacturer: string;
  /** What the first page says of the report. */
  readonly cover: readonly Fact[];
  /** Said on the first page when parts are not by the author yet. */
  readonly caution: string | undefined;
  readonly sections: readonly Section[];
}

export interface Fact {
  readonly label: string;
  readonly value: string;
}

export interface Section {
  /** Letters, digits and hyphens: the anchor that the contents lead to. */
  readonly id: string;
  /** `8` or `8.2`. */
  readonly number: string;
  readonly title: string;
  readonly blocks: readonly Block[];
  readonly parts: readonly Section[];
}

export interface Column {
  readonly header: string;
  /** Share of the table's width. */
  readonly share: number;
  readonly align?: 'left' | 'right';
}

/** A sentence of a draft, with the ids of the literature that it rests on. */
export interface Claim {
  readonly text: string;
  readonly literature: readonly string[];
}

export type Block =
  | { readonly kind: 'prose'; readonly text: string }
  | { readonly kind: 'label'; readonly text: string }
  | { readonly kind: 'facts'; readonly facts: readonly Fact[] }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | {
      readonly kind: 'table';
      readonly caption: string;
      readonly columns: readonly Column[];
      readonly rows: readonly (readonly string[])[];
      /** The last row sums up the others. */
      readonly total?: boolean;
    }
  | { readonly kind: 'chart'; readonly chart: EventChart }
  | { readonly kind: 'draft'; readonly notice: string; readonly claims: readonly Claim[] }
  | { readonly kind: 'awaiting'; readonly text: string }
  | { readonly kind: 'signature'; readonly who: string; readonly capacity: string };

/** Sections and their parts, in the order of the document. */
export function* headingsOf(sections: readonly Section[]): Generator<Section> {
  for (const section of sections) {
    yield section;
    yield* headingsOf(section.parts);
  }
}
