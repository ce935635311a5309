import { execFile } from 'node:child_process';
import { mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { openSite, type Site } from '../support/site.ts';

const run = promisify(execFile);
const root = join(import.meta.dirname, '../..');
/** What the client needs beside itself: its types are zod's, its events are read by the parser. */
const needed = ['zod', 'eventsource-parser'];

/** What `docs/api.md` shows. */
const guide = await readFile(join(root, 'docs/api.md'), 'utf8');
const program = /<!-- test:client -->\n```typescript\n([\s\S]*?)```/.exec(guide)?.[1] ?? '';

/** It builds and packs the whole package, which takes a while. */
const long = process.env.MILLRACE_LONG === '1';

let site: Site;
let folder: string;

beforeAll(async () => {
  if (!long) return;
  site = await openSite({
    processors: {
      email: { 'send-welcome': async () => ({ status: 'sent', provider: 'outbox', messageId: 'm' }) },
    },
  });
  folder = await mkdtemp(join(tmpdir(), 'millrace-package-'));
  const modules = join(folder, 'node_modules');
  await mkdir(join(modules, 'millrace'), { recursive: true });
  await run('npm', ['run', '-s', 'build'], { cwd: root });
  await run('npm', ['pack', '--silent', '--ignore-scripts', '--pack-destination', folder], { cwd: root });
  const tarball = (await readdir(folder)).find((name) => name.endsWith('.tgz')) ?? '';
  const into = join(modules, 'millrace');
  await run('tar', ['-xzf', join(folder, tarball), '-C', into, '--strip-components=1']);
  for (const name of needed) await symlink(join(root, 'node_modules', name), join(modules, name));
  await writeFile(join(folder, 'package.json'), '{ "type": "module" }');
}, 240_000);
afterAll(async () => {
  if (!long) return;
  await rm(folder, { recursive: true, force: true });
  await site.close();
});

/** Compiles as a user's strict project does. @throws with the compiler's words. */
async function compile(file: string): Promise<void> {
  const options = [
    '--strict',
    '--module',
    'nodenext',
    '--target',
    'es2022',
    '--lib',
    'es2022,dom',
    '--types',
    'node',
  ];
  const roots = ['--typeRoots', join(root, 'node_modules/@types'), '--skipLibCheck', '--ignoreConfig'];
  await run(join(root, 'node_modules/.bin/tsc'), [...options, ...roots, file], { cwd: folder });
}

describe.runIf(long)('the package', { timeout: 120_000 }, () => {
  it('gives a client that compiles and runs in an empty folder, as docs/api.md shows it', async () => {
    await writeFile(join(folder, 'good.ts'), program);
    await compile('good.ts');
    const { stdout } = await run(process.execPath, ['good.js'], {
      cwd: folder,
      env: { MILLRACE_URL: site.service.url, MILLRACE_TOKEN: await site.token('producer') },
    });
    expect(stdout.trim().split('\n').at(-1)).toBe('sent');
  });

  it('brings types that know every payload', async () => {
    await writeFile(join(folder, 'bad.ts'), program.replace("name: 'Ada'", 'nmae: 7'));
    await expect(compile('bad.ts')).rejects.toMatchObject({
      stdout: expect.stringContaining("'nmae' does not exist"),
    });
  });
});
