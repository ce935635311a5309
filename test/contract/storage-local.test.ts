import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readdir, rm, utimes, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { PassThrough, Readable } from 'node:stream';
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

  it('tells the files of processes that are gone from those of others', async () => {
    const dir = await ownFolder();
    const held = new PassThrough();
    const running = createLocalStorage({ dir }).put('running', held);
    await expect.poll(() => incoming(dir)).toHaveLength(1);
    const [own = ''] = await incoming(dir);
    const [place, pid, start, rest] = own.split('-');
    const gone = spawnSync(process.execPath, ['--eval', 'console.log(process.pid)']).stdout.toString().trim();
    const other = [
      // Our own number in an earlier life; a number that is nobody's; one of a machine that we do not see.
      `${place}-${pid}-${Number(start) + 1}-${rest}`,
      `${place}-${gone}-${start}-${rest}`,
      `000000000000-${gone}-${start}-${rest}`,
    ];
    for (const name of other) await writeFile(join(dir, '.incoming', name), 'half');
    await createLocalStorage({ dir }).put('a', Buffer.from('x'));
    expect((await incoming(dir)).toSorted()).toEqual([own, ...other.slice(2)].toSorted());
    held.end('whole');
    expect((await running).bytes).toBe(5);
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
