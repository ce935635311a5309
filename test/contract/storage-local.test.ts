import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { describe, expect, it, onTestFinished } from 'vitest';
import { createLocalStorage } from '../../src/integrations/storage/local.ts';
import { describeStorage } from './storage.ts';

async function folder(): Promise<string> {
  return mkdtemp(join(tmpdir(), 'millrace-storage-'));
}

const incoming = (dir: string) => readdir(join(dir, '.incoming')).catch((): string[] => []);

describeStorage('local', async () => {
  const dir = await folder();
  return {
    storage: createLocalStorage({ dir: join(dir, 'files') }),
    leftovers: () => incoming(join(dir, 'files')),
    close: () => rm(dir, { recursive: true }),
  };
});

describe('local storage', () => {
  async function ownFolder(): Promise<string> {
    const dir = await folder();
    onTestFinished(() => rm(dir, { recursive: true }));
    return dir;
  }

  it('sweeps what a killed process left half written, and leaves what is being written', async () => {
    const dir = await ownFolder();
    await mkdir(join(dir, '.incoming'));
    await writeFile(join(dir, '.incoming', 'old.part'), 'half');
    await writeFile(join(dir, '.incoming', 'young.part'), 'half');
    const yesterday = new Date(Date.now() - 25 * 60 * 60_000);
    await utimes(join(dir, '.incoming', 'old.part'), yesterday, yesterday);
    await createLocalStorage({ dir }).put('a', Buffer.from('x'));
    expect(await incoming(dir)).toEqual(['young.part']);
  });

  it('says what to do when its folder cannot be one', async () => {
    const dir = await ownFolder();
    await writeFile(join(dir, 'file'), 'x');
    const storage = createLocalStorage({ dir: join(dir, 'file') });
    const refused = {
      code: 'STORAGE_FAILED',
      retryable: true,
      message: expect.stringContaining(join(dir, 'file')),
    };
    const stream = Readable.from(['x']);
    await expect(storage.put('a', stream)).rejects.toMatchObject(refused);
    expect(stream.destroyed).toBe(true);
    await expect(storage.check()).rejects.toMatchObject(refused);
  });

  it('does not put a file where a folder is', async () => {
    const dir = await ownFolder();
    const storage = createLocalStorage({ dir });
    await storage.put('a/b', Buffer.from('x'));
    await expect(storage.put('a', Buffer.from('y'))).rejects.toMatchObject({ code: 'STORAGE_FAILED' });
    expect(await incoming(dir)).toEqual([]);
  });
});
