/**
 * A lock between processes that survives the death of its holder, made of plain files. Each holding is a file
 * with a number; the file with the highest number is the lock, and it is held while the process whose mark it
 * bears lives. Releasing empties the file. To take the lock one makes the next number, which only one can do,
 * and then looks again: whoever was overtaken meanwhile (he saw an older state) finds a higher number and
 * withdraws. Nothing but numbers below the highest is ever removed, so a stale lock can be taken over without
 * the race between "remove the old" and "make the new" that a single lock file has.
 */
import { randomUUID } from 'node:crypto';
import { link, readdir, readFile, rm, truncate, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode, failed } from './failures.ts';
import { ensureFolder } from './layout.ts';
import { isMarkAlive, markOf } from './processes.ts';
import { until } from './waiting.ts';

/** Longer than the longest start or stop, which are bounded themselves. */
const PATIENCE_MS = 120_000;

/** Does the work while no other process, and no other call in this one, does such work on the folder. */
export async function withLock<T>(folder: string, work: () => Promise<T>): Promise<T> {
  await ensureFolder(folder);
  const held = await until(() => tryLock(folder), PATIENCE_MS);
  if (held === undefined) {
    throw failed(
      `Another process holds ${folder} for more than ${PATIENCE_MS / 1000} s: ${await holderOf(folder)}. ` +
        'End it, then start again.',
    );
  }
  try {
    return await work();
  } finally {
    await truncate(held).catch(ignoreMissing);
  }
}

/** Tries once; gives the path of our own number, or undefined when the lock is held by somebody. */
async function tryLock(folder: string): Promise<string | undefined> {
  const top = highest(await readdir(folder));
  if (top > 0 && (await isMarkAlive(await readMark(join(folder, String(top)))))) return undefined;
  const own = join(folder, String(top + 1));
  if (!(await createWhole(folder, own))) return undefined;
  const names = await readdir(folder);
  if (highest(names) !== top + 1) {
    await rm(own, { force: true });
    return undefined;
  }
  await Promise.all(names.filter((name) => name !== String(top + 1)).map((name) => sweep(folder, name)));
  return own;
}

/** The file appears with its content or not at all: an empty one would be taken for a lock released. */
async function createWhole(folder: string, path: string): Promise<boolean> {
  const draft = join(folder, `draft-${randomUUID()}`);
  await writeFile(draft, await markOf(process.pid));
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    // Another one was quicker, or, being the holder, has swept our draft away.
    if (errorCode(error) === 'EEXIST' || errorCode(error) === 'ENOENT') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function sweep(folder: string, name: string): Promise<void> {
  await rm(join(folder, name), { force: true });
}

async function holderOf(folder: string): Promise<string> {
  const top = highest(await readdir(folder));
  return `process ${(await readMark(join(folder, String(top)))).split(' ')[0]}`;
}

/** A number that is gone was overtaken; one that we may not read (another user's) is not to be taken for free. */
async function readMark(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (error) {
    ignoreMissing(error);
    return '';
  }
}

function highest(names: readonly string[]): number {
  return Math.max(0, ...names.filter((name) => /^\d+$/.test(name)).map(Number));
}

/** Somebody may delete the data folder while we work in it: then there is nothing left to release. */
function ignoreMissing(error: unknown): void {
  if (errorCode(error) !== 'ENOENT') throw error;
}
