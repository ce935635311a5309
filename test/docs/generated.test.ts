import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { groups } from '../../config/schema.ts';
import { queues } from '../../queues/index.ts';
import { generatedFiles } from '../../scripts/generated-files.ts';
import { catalogue } from '../../src/errors/catalogue.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFile(join(root, path), 'utf8');

describe('generated files', () => {
  test.each(Object.entries(generatedFiles))(
    '%s follows the code (else: npm run generate)',
    async (path, make) => {
      expect(await read(path)).toBe(await make());
    },
  );

  test('docs/errors.md has every code, its status and its meaning, once', async () => {
    const rows = (await read('docs/errors.md')).split('\n').filter((line) => line.startsWith('| `'));
    expect(rows).toHaveLength(Object.keys(catalogue).length);
    for (const [code, { status, retryable, meaning }] of Object.entries(catalogue))
      expect(rows).toContain(`| \`${code}\` | ${status} | ${retryable ? 'yes' : 'no'} | ${meaning} |`);
  });

  test('.env.example and docs/configuration.md name every variable', async () => {
    const example = await read('.env.example');
    const table = await read('docs/configuration.md');
    for (const name of Object.values(groups).flatMap((group) => Object.keys(group))) {
      expect(example).toMatch(new RegExp(`^#${name}=`, 'm'));
      expect(table).toContain(`| \`${name}\` |`);
    }
  });

  test('a code and a variable stand in one file each, and no file is left out', async () => {
    const namesIn = async (folder: string) => {
      const files = (await readdir(join(root, folder))).map((file) => read(join(folder, file)));
      return (await Promise.all(files)).flatMap((text) =>
        [...text.matchAll(/^ {2}([A-Z][A-Z0-9_]+): /gm)].map(([, name]) => name),
      );
    };
    const sorted = (names: readonly unknown[]) => names.map(String).sort();
    expect(sorted(await namesIn('src/errors/codes'))).toEqual(sorted(Object.keys(catalogue)));
    expect(sorted(await namesIn('config/variables'))).toEqual(
      sorted(Object.values(groups).flatMap((group) => Object.keys(group))),
    );
  });

  test('.env.example sets nothing by itself', async () => {
    const lines = (await read('.env.example')).split('\n');
    expect(lines.filter((line) => line !== '' && !line.startsWith('#'))).toEqual([]);
  });

  test('docs/jobs.md names every job', async () => {
    const page = await read('docs/jobs.md');
    for (const queue of Object.values(queues))
      for (const name of Object.keys(queue.jobs)) expect(page).toContain(`| \`${name}\` |`);
  });
});
