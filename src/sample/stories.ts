import type { Random } from './random.ts';
import { hypedSentences, soberSentences, storyHeads, storySubjects } from './story-words.ts';

export interface SampleStory {
  readonly id: string;
  readonly title: string;
  /** 80 to 300 words. */
  readonly content: string;
  readonly sectorTag: string;
  readonly impactTags: readonly string[];
}

const words = { least: 80, most: 300 };

/** Makes one story; their tone goes in ten steps from sober to loud, so that scores have something to tell apart. */
export function makeStory(random: Random, index: number): SampleStory {
  const subject = random.pick(storySubjects);
  const loudness = (index % 10) / 9;
  const maker = random.pick(subject.makers);
  const fill = (template: string) =>
    template
      .replaceAll('{maker}', maker)
      .replaceAll('{thing}', subject.thing)
      .replaceAll('{place}', random.pick(subject.places))
      .replaceAll('{n}', String(random.whole(14, 980)))
      .replaceAll('{percent}', String(random.whole(3, 48)))
      .replaceAll('{months}', String(random.whole(6, 36)));
  const heads = random.chance(loudness) ? storyHeads.hyped : storyHeads.sober;
  return {
    id: `story-${String(index + 1).padStart(3, '0')}`,
    title: fill(random.pick(heads)),
    content: contentOf(random, loudness, fill),
    sectorTag: subject.sectorTag,
    impactTags: random.shuffled(subject.impactTags).slice(0, random.whole(1, 3)),
  };
}

function contentOf(random: Random, loudness: number, fill: (template: string) => string): string {
  const target = random.whole(words.least + 20, words.most - 40);
  const sober = random.shuffled(soberSentences);
  const hyped = random.shuffled(hypedSentences);
  const sentences: string[] = [];
  for (let count = 0; count < target; ) {
    const first = random.chance(loudness) ? hyped : sober;
    const template = first.pop() ?? sober.pop() ?? hyped.pop();
    if (template === undefined) break;
    const sentence = fill(template);
    sentences.push(sentence);
    count += sentence.split(' ').length;
  }
  // Paragraphs of four sentences.
  return sentences
    .map((sentence, index) => `${sentence}${index % 4 === 3 ? '\n\n' : ' '}`)
    .join('')
    .trim();
}
