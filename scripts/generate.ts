import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { generatedFiles } from './generated-files.ts';

/** Writes the files that follow from the code; with `--check` only says which are out of date, and fails. */
const root = join(import.meta.dirname, '..');
const checking = process.argv.includes('--check');
const stale: string[] = [];

for (const [path, make] of Object.entries(generatedFiles)) {
  const wanted = await make();
  const current = await readFile(join(root, path), 'utf8').catch(() => undefined);
  if (current === wanted) continue;
  stale.push(path);
  if (!checking) await writeFile(join(root, path), wanted);
}

if (stale.length > 0)
  console.log(`${checking ? 'Out of date (run npm run generate)' : 'Written'}: ${stale.join(', ')}`);
if (checking && stale.length > 0) process.exitCode = 1;
