import { execFile } from 'node:child_process';
import { cp, mkdtemp, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { createWorld, type World } from '../support/world.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
const readme = await readFile(join(root, 'README.md'), 'utf8');

/** The code block that follows the marker of that name. */
function block(name: string): string {
  const found = new RegExp(`<!-- test:${name} -->\\n\`\`\`\\w+\\n([\\s\\S]*?)\`\`\``).exec(readme)?.[1];
  if (found === undefined) throw new Error(`README.md has no block "${name}".`);
  return found;
}

async function insertAfter(file: string, anchor: string, text: string): Promise<void> {
  const before = await readFile(file, 'utf8');
  expect(before, file).toContain(anchor);
  await writeFile(file, before.replace(anchor, `${anchor}${text}`));
}

describe('the README', () => {
  let copy: string;
  let world: World;

  beforeAll(async () => {
    world = await createWorld();
    copy = await mkdtemp(join(tmpdir(), 'millrace-readme-'));
    for (const part of [
      'config',
      'queues',
      'processors',
      'schedulers',
      'src',
      'migrations',
      'package.json',
      'tsconfig.json',
    ]) {
      await cp(join(root, part), join(copy, part), { recursive: true });
    }
    await symlink(join(root, 'node_modules'), join(copy, 'node_modules'));
  });
  afterAll(async () => {
    await rm(copy, { recursive: true, force: true });
    await world.close();
  });

  test('shows a job of one’s own that compiles and runs', { timeout: 180_000 }, async () => {
    await insertAfter(join(copy, 'queues/email.ts'), '  jobs: {\n', block('definition'));
    await expect(compile(copy), 'a definition without a processor').rejects.toThrow();
    await writeFile(join(copy, 'processors/email/send-receipt.ts'), block('processor'));
    const registry = join(copy, 'processors/index.ts');
    await insertAfter(registry, '  email: {\n', block('registration'));
    await insertAfter(
      registry,
      "import type { Processors } from './define.ts';\n",
      "import { sendReceipt } from './email/send-receipt.ts';\n",
    );
    await compile(copy);

    await writeFile(join(copy, 'try.ts'), trial);
    const { stdout } = await run(process.execPath, ['try.ts', world.databaseUrl, world.dataDir], {
      cwd: copy,
    });
    expect(JSON.parse(stdout.trim().split('\n').at(-1) ?? '')).toMatchObject({
      status: 'sent',
      provider: 'outbox',
    });
  });

  test('names only scripts that exist', async () => {
    const { scripts }: { scripts: Record<string, string> } = JSON.parse(
      await readFile(join(root, 'package.json'), 'utf8'),
    );
    const named = [...readme.matchAll(/npm run ([a-z][a-z0-9:-]*)/g)].map((match) => match[1]);
    expect(named.length).toBeGreaterThan(5);
    expect(named.filter((name) => name !== undefined && scripts[name] === undefined)).toEqual([]);
  });

  test('points only to files that exist', async () => {
    const files = [
      ...readme.matchAll(/\((docs\/[^)]+)\)|`((?:docs|queues|processors)\/[\w./-]+\.\w+)`/g),
    ].map((match) => match[1] ?? match[2] ?? '');
    expect(files.length).toBeGreaterThan(5);
    for (const file of files.filter((name) => !name.includes('send-receipt'))) {
      await expect(readFile(join(root, file)), file).resolves.toBeDefined();
    }
  });
});

/** @throws with the compiler's words when the copy does not compile. */
function compile(folder: string): Promise<unknown> {
  return run(join(root, 'node_modules/.bin/tsc'), ['-p', '.'], { cwd: folder });
}

/** Adds the README's job to the platform of the copy and waits for its result. */
const trial = `
import { join } from 'node:path';
import { loadConfig } from './config/index.ts';
import { createApp } from './src/app.ts';
import { silentLogger } from './src/observability/logger.ts';
const [, , DATABASE_URL, DATA_DIR] = process.argv;
const config = loadConfig({ DATABASE_URL, DATA_DIR, ROLE: 'worker', NODE_ENV: 'test' });
const app = await createApp(config, silentLogger(), (text) => text);
await app.start();
const { id } = await app.queues.addJob('email', 'send-receipt', {
  type: 'receipt',
  data: { userId: 'user-1', email: 'ada@example.com', total: { amount: '12.50', currency: 'USD' } },
});
let job = await app.queues.job('email', id);
while (job?.state !== 'completed' && job?.state !== 'failed') {
  await new Promise((resolve) => setTimeout(resolve, 20));
  job = await app.queues.job('email', id);
}
await app.stop();
console.log(JSON.stringify(job.state === 'completed' ? job.result : { failure: job.failure }));
process.exit(0);
`;
