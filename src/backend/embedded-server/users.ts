/**
 * Which processes use the server: a file for each, with the mark of its process. Only read and written under the
 * lock. Whoever dies without a word leaves a file whose mark is dead, which counts for nothing and is removed.
 */
import { randomUUID } from 'node:crypto';
import { readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { errorCode } from './failures.ts';
import { ensureFolder } from './layout.ts';
import { isMarkAlive, markOf } from './processes.ts';

/** Registers one use by this process (it may have several) and gives the path to unregister it by. */
export async function registerUser(folder: string): Promise<string> {
  await ensureFolder(folder);
  const path = join(folder, `${process.pid}-${randomUUID().slice(0, 8)}`);
  await writeFile(path, await markOf(process.pid));
  return path;
}

/** Ends one use. */
export async function unregisterUser(path: string): Promise<void> {
  await rm(path, { force: true });
}

/** How many uses there are, without those of dead processes. */
export async function countUsers(folder: string): Promise<number> {
  const names = await readdir(folder).catch(nobody);
  const living = await Promise.all(names.map((name) => isLivingUser(join(folder, name))));
  return living.filter(Boolean).length;
}

async function isLivingUser(path: string): Promise<boolean> {
  if (await isMarkAlive(await readFile(path, 'utf8'))) return true;
  await unregisterUser(path);
  return false;
}

function nobody(error: unknown): string[] {
  if (errorCode(error) === 'ENOENT') return [];
  throw error;
}
