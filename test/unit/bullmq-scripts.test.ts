import { createHash } from 'node:crypto';
import { readFile } from 'node:fs/promises';
import { fileURLToPath } from 'node:url';
import { expect, test } from 'vitest';
import { z } from 'zod';

/**
 * What `src/backend/gathering/` does for many jobs in one call was written from these files of BullMQ. When one of them
 * has changed, compare it with ours, run `test/integration/gathering*.test.ts` and `test/chaos/`, and write the new hash here.
 */
const writtenFrom = {
  version: '6.7.0',
  files: {
    'scripts/addStandardJob-9.js': 'e2787fc5c137735b',
    'scripts/moveToActive-11.js': '39863bd75d7e8f5b',
    'scripts/moveToFinished-14.js': '33588141e5ba154b',
    'classes/redis-queue-backend.js': '26cc7ff1008f4153',
    'postgres/postgres-queue-backend.js': '100478263037b0fd',
    'postgres/sql-scripts.js': '114c1559c5a6d457',
  },
};

const home = fileURLToPath(import.meta.resolve('bullmq')).replace(/(node_modules\/bullmq\/).*/, '$1');

test('BullMQ is the version that the gathered calls were written from', async () => {
  const manifest = z
    .object({ version: z.string() })
    .parse(JSON.parse(await readFile(`${home}package.json`, 'utf8')));
  expect(
    manifest.version,
    'BullMQ has another version: compare the files below with src/backend/gathering/ before you change this',
  ).toBe(writtenFrom.version);
});

test.each(Object.entries(writtenFrom.files))('%s of BullMQ has not changed', async (file, hash) => {
  const text = await readFile(`${home}dist/esm/${file}`);
  expect(
    createHash('sha256').update(text).digest('hex').slice(0, 16),
    `BullMQ has changed ${file}: src/backend/gathering/ must still leave in the store what it leaves`,
  ).toBe(hash);
});
