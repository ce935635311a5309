import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { expect, it, onTestFinished } from 'vitest';
import { createLocalStorage } from '../../src/integrations/storage/local.ts';

const driver = join(import.meta.dirname, '../../src/integrations/storage/local.ts');

/** Writes half a file, says so, and waits for its end. */
const script = (dir: string) => `
  import { Readable } from 'node:stream';
  import { createLocalStorage } from ${JSON.stringify(driver)};
  async function* half() {
    yield Buffer.alloc(1_000_000, 1);
    console.log('half');
    await new Promise((resolve) => setTimeout(resolve, 60_000));
  }
  await createLocalStorage({ dir: ${JSON.stringify(dir)} }).put('a/b.pdf', Readable.from(half()));`;

it('leaves no half file under its key when the process is killed, and the next one sweeps', async () => {
  const dir = await mkdtemp(join(tmpdir(), 'millrace-storage-'));
  onTestFinished(() => rm(dir, { recursive: true }));
  const child = spawn(process.execPath, ['--input-type=module', '-e', script(dir)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  await once(child.stdout, 'data');
  const incoming = () => readdir(join(dir, '.incoming'));
  // The source may be read a moment before its file is open.
  await expect.poll(incoming).toHaveLength(1);
  child.kill('SIGKILL');
  await once(child, 'exit');

  expect(await incoming()).toHaveLength(1);
  // However young it is: its process is gone.
  const storage = createLocalStorage({ dir });
  expect(await storage.exists('a/b.pdf')).toBe(false);
  await storage.put('a/b.pdf', Buffer.from('whole'));
  expect(await incoming()).toEqual([]);
});
