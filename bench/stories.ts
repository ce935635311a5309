/**
 * `npm run bench -- stories`: stories scored by their own words in a second of one core. It is counted in processor time,
 * so that others on the machine do not count; each story is another, since the same again would be found in caches.
 */
import { parseArgs } from 'node:util';
import { createRandom } from '../src/sample/random.ts';
import { makeStory } from '../src/sample/stories.ts';
import { scoreStory } from '../src/scoring/index.ts';

interface Story {
  readonly title: string;
  readonly content: string;
}

/** The aim, in stories of 5,000 characters. */
const aim = 1_000;

const { values } = parseArgs({
  options: {
    stories: { type: 'string', default: '2000' },
    characters: { type: 'string', default: '5000' },
    rounds: { type: 'string', default: '9' },
  },
});
const [count = 0, characters = 0, rounds = 0] = [values.stories, values.characters, values.rounds].map(
  Number,
);

const random = createRandom(20_261_122);
let made = 0;

/** English, as the sample stories have it, to the length that is asked for. */
function sampleStory(): Story {
  let content = '';
  let title = '';
  while (content.length < characters) {
    const story = makeStory(random, made);
    made += 1;
    title = story.title;
    content += `${story.content}\n\n`;
  }
  return { title, content: content.slice(0, characters) };
}

/** Words of letters by chance: none is in the lexicon, and none is seen twice. */
function strangeStory(): Story {
  const word = () => random.characters(random.whole(2, 12), 'abcdefghijklmnopqrstuvwxyz');
  const words = Array.from({ length: characters / 4 }, word);
  return { title: words.slice(0, 8).join(' '), content: words.join(' ').slice(0, characters) };
}

const kinds: Readonly<Record<string, () => Story>> = {
  'sample stories': sampleStory,
  'words by chance': strangeStory,
  'one endless word': () => ({ title: 'a', content: 'a'.repeat(characters) }),
  'nothing but marks': () => ({
    title: 'a',
    content: 'amazing! '.repeat(characters / 9 + 1).slice(0, characters),
  }),
  'letters of the greatest width': () => ({
    title: 'a',
    content: 'データ、保護。'.repeat(characters / 7 + 1).slice(0, characters),
  }),
};

function perSecond(stories: readonly Story[]): number {
  const began = process.cpuUsage();
  let sum = 0;
  for (const story of stories) sum += scoreStory(story).hypeScore;
  const { user, system } = process.cpuUsage(began);
  // So that no compiler finds out that nobody wants the scores.
  if (Number.isNaN(sum)) throw new Error('A score is no number.');
  return (stories.length * 1e6) / (user + system);
}

console.log(
  `${count} stories of ${characters} characters, median of ${rounds} rounds (least and most), stories/s of one core`,
);
for (const [kind, make] of Object.entries(kinds)) {
  const rates: number[] = [];
  for (let round = 0; round <= rounds; round += 1) {
    const stories = Array.from({ length: count }, make);
    const rate = perSecond(stories);
    // The first warms up.
    if (round > 0) rates.push(rate);
  }
  rates.sort((a, b) => a - b);
  const [least = 0, median = 0, most = 0] = [0, Math.floor(rates.length / 2), rates.length - 1].map(
    (at) => rates[at] ?? 0,
  );
  const figure = (rate: number) => Math.round(rate).toLocaleString('en');
  const verdict = characters === 5_000 && median < aim ? `  below the aim of ${aim}` : '';
  console.log(`  ${kind.padEnd(30)} ${figure(median)} (${figure(least)} to ${figure(most)})${verdict}`);
  if (verdict !== '') process.exitCode = 1;
}
