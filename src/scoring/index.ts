import { type Topic, topics } from './lexicon.ts';
import { emptyTally, scan, type Tally } from './scan.ts';

export interface StoryInput {
  readonly title: string;
  readonly content: string;
}

/** What the scores were made of, as counts; the title is counted twice. */
export interface StoryFeatures {
  /** Words without any mark. */
  readonly plainWords: number;
  readonly superlatives: number;
  readonly absolutes: number;
  readonly promises: number;
  readonly exclamations: number;
  readonly capitals: number;
  readonly unsourcedNumbers: number;
  readonly sourcedNumbers: number;
  readonly hedges: number;
  readonly attributions: number;
  readonly groups: number;
  readonly harms: number;
  readonly voices: number;
  readonly concerns: number;
  /** The kinds of concern that were found, in a fixed order. */
  readonly topics: readonly Topic[];
}

export interface StoryScore {
  /** 0 sober, 10 nothing but promotion; two decimals. */
  readonly hypeScore: number;
  /** 0 no consequence for anybody is spoken of, 10 nothing else is; two decimals. */
  readonly ethicsScore: number;
  readonly features: StoryFeatures;
}

/** A title is what most readers see, so its marks count twice. */
const titleWeight = 2;

/** How much one mark moves hype; hedges and sources pull the other way. */
export const hypeWeights = {
  superlatives: 1,
  absolutes: 0.6,
  promises: 0.5,
  exclamations: 1,
  capitals: 0.8,
  unsourcedNumbers: 0.4,
  hedges: 0.6,
  attributions: 0.8,
} as const;

export const ethicsWeights = {
  concerns: 1,
  harms: 1,
  groups: 0.5,
  voices: 0.5,
  /** For each kind of concern, however often it is named. */
  topics: 1,
} as const;

/** The weight at which a very short text reaches 5; long texts need one more for each `plainWordsPerMark` words. */
export const scale = { hypeHalf: 3, ethicsHalf: 5, plainWordsPerMark: 25 } as const;

/**
 * Scores a story by its own words alone: deterministic, without network, in time that grows with its length only.
 * `docs/scoring.md` explains it with an example. Both scores are monotone in each feature.
 */
export function scoreStory({ title, content }: StoryInput): StoryScore {
  const tally = emptyTally();
  scan(title, titleWeight, tally);
  scan(content, 1, tally);
  const features = featuresOf(tally);
  return { hypeScore: hype(features), ethicsScore: ethics(features), features };
}

/** Scores are kept and shown with two decimals. */
export function roundScore(score: number): number {
  return Math.round(score * 100) / 100;
}

function hype(found: StoryFeatures): number {
  const up =
    hypeWeights.superlatives * found.superlatives +
    hypeWeights.absolutes * found.absolutes +
    hypeWeights.promises * found.promises +
    hypeWeights.exclamations * found.exclamations +
    hypeWeights.capitals * found.capitals +
    hypeWeights.unsourcedNumbers * found.unsourcedNumbers;
  const down = hypeWeights.hedges * found.hedges + hypeWeights.attributions * found.attributions;
  return saturate(up, scale.hypeHalf + down + found.plainWords / scale.plainWordsPerMark);
}

function ethics(found: StoryFeatures): number {
  const up =
    ethicsWeights.concerns * found.concerns +
    ethicsWeights.harms * found.harms +
    ethicsWeights.groups * found.groups +
    ethicsWeights.voices * found.voices +
    ethicsWeights.topics * found.topics.length;
  return saturate(up, scale.ethicsHalf + found.plainWords / scale.plainWordsPerMark);
}

/** 0 at nothing, 5 when the evidence equals what stands against it, never above 10. */
function saturate(up: number, against: number): number {
  return roundScore((10 * up) / (up + against));
}

function featuresOf(tally: Tally): StoryFeatures {
  const { marks } = tally;
  const found = topics.filter((topic) => marks.has(`concern:${topic}`));
  return {
    plainWords: tally.plainWords,
    superlatives: marks.get('superlative') ?? 0,
    absolutes: marks.get('absolute') ?? 0,
    promises: marks.get('promise') ?? 0,
    exclamations: tally.exclamations,
    capitals: tally.capitals,
    unsourcedNumbers: tally.unsourcedNumbers,
    sourcedNumbers: tally.sourcedNumbers,
    hedges: marks.get('hedge') ?? 0,
    attributions: marks.get('attribution') ?? 0,
    groups: marks.get('group') ?? 0,
    harms: marks.get('harm') ?? 0,
    voices: marks.get('voice') ?? 0,
    concerns: found.reduce((sum, topic) => sum + (marks.get(`concern:${topic}`) ?? 0), 0),
    topics: found,
  };
}
