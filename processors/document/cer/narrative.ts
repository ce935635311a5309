import type { CerRequest } from '../../../queues/cer-request.ts';
import type { Block, Claim } from './content.ts';

/** Narrative that the data does not make by itself; what the request leaves empty may be drafted by a model. */
export const narrativeKeys = [
  'summary',
  'background',
  'safety',
  'performance',
  'riskBenefit',
  'postMarket',
  'conclusions',
] as const;

export type NarrativeKey = (typeof narrativeKeys)[number];

/** What came of asking a model. */
export interface Drafts {
  readonly model: string;
  readonly sections: { readonly [K in NarrativeKey]?: { readonly claims: readonly Claim[] } | undefined };
  /** Drafts that were not taken, and why, for the place where they would have stood. */
  readonly refused: { readonly [K in NarrativeKey]?: string | undefined };
}

/** The author's own text for a section, if the request has any. */
export function narrativeOf(request: CerRequest, key: NarrativeKey): string | undefined {
  return key === 'riskBenefit' ? request.riskBenefit : request.sections?.[key];
}

/** The author's text, else a draft, else that it awaits its author. */
export function narrativeBlock(request: CerRequest, drafts: Drafts | undefined, key: NarrativeKey): Block {
  const own = narrativeOf(request, key);
  if (own !== undefined) return { kind: 'prose', text: own };
  const draft = drafts?.sections[key];
  if (drafts !== undefined && draft !== undefined) {
    return {
      kind: 'draft',
      notice: `Draft by ${drafts.model}, to be reviewed. It was made from the data of this report alone; the ids in brackets are those of the references.`,
      claims: draft.claims,
    };
  }
  const refused = drafts?.refused[key];
  return {
    kind: 'awaiting',
    text: `This section awaits its author.${refused === undefined ? '' : ` A draft was refused: ${refused}`}`,
  };
}
