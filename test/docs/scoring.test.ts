import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { beforeAll, describe, expect, it } from 'vitest';
import { ethicsWeights, hypeWeights, scale, scoreStory } from '../../src/scoring/index.ts';
import { lexicon, topics } from '../../src/scoring/lexicon.ts';

describe('docs/scoring.md', () => {
  let doc: string;
  beforeAll(async () => {
    doc = await readFile(join(import.meta.dirname, '../../docs/scoring.md'), 'utf8');
  });

  const section = (heading: string) => doc.split(/^## /m).find((part) => part.startsWith(heading)) ?? '';
  const rows = (text: string) =>
    [...text.matchAll(/^\| (.*) \|$/gm)].map((match) =>
      (match[1] ?? '').split('|').map((cell) => cell.trim()),
    );

  it('works out its example as the code does', () => {
    const example = section('An example');
    const [title = '', content = ''] = example
      .split('\n')
      .filter((line) => line.startsWith('>'))
      .map((line) => line.slice(1).trim())
      .join('\n')
      .split('\n\n');
    const scored = scoreStory({ title: title.replaceAll('**', ''), content: content.replaceAll('\n', ' ') });

    const told = rows(example).slice(2);
    expect(told.map(([name]) => name)).toContain('superlatives');
    const { topics: found, ...counts } = scored.features;
    const features: Record<string, number> = { ...counts, topics: found.length };
    const present = Object.entries(features).filter(([, count]) => count > 0);
    expect(Object.fromEntries(told.map(([name, , count]) => [name, Number(count)]))).toEqual(
      Object.fromEntries(present),
    );
    expect(example).toContain(`**hypeScore ${scored.hypeScore}**`);
    expect(example).toContain(`**ethicsScore ${scored.ethicsScore}**`);
  });

  it('gives each weight and constant as the code has it', () => {
    const local = section('The local scores');
    const told = new Map(rows(local).map(([name, , hype, ethics]) => [name, { hype, ethics }]));
    const down = new Set(['hedges', 'attributions']);
    for (const [name, weight] of Object.entries(hypeWeights)) {
      expect(told.get(name)).toEqual({ hype: `${down.has(name) ? '−' : '+'}${weight}`, ethics: '' });
    }
    for (const [name, weight] of Object.entries(ethicsWeights)) {
      expect(told.get(name)).toEqual({ hype: '', ethics: `+${weight}` });
    }
    expect(local).toContain(`(up + ${scale.hypeHalf} + down + plainWords / ${scale.plainWordsPerMark})`);
    expect(local).toContain(`(up + ${scale.ethicsHalf} + plainWords / ${scale.plainWordsPerMark})`);
    expect(local).toContain(`words of ${topics.slice(0, -1).join(', ')}, ${topics.at(-1)}`);
    expect(local).toContain(`about ${Math.round(lexicon.size / 100) * 100}`);
  });

  it('names words that count as it says', () => {
    const marks: Record<string, string> = {
      superlatives: 'superlative',
      absolutes: 'absolute',
      promises: 'promise',
      attributions: 'attribution',
      hedges: 'hedge',
      harms: 'harm',
      groups: 'group',
      voices: 'voice',
    };
    const told = rows(section('The local scores')).filter(([name = '']) => Object.hasOwn(marks, name));
    expect(told).toHaveLength(Object.keys(marks).length);
    for (const [name = '', examples = ''] of told) {
      const words = [...examples.matchAll(/"([^"]+)"/g)].map((match) => match[1] ?? '');
      expect(words.length).toBeGreaterThan(0);
      expect(words.map((word) => lexicon.get(word))).toEqual(words.map(() => marks[name]));
    }
  });
});
