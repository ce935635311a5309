import { readdir, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';

/**
 * Removes what processes that died left half written. A file that is being written changes all the time, so only what
 * has not changed for `olderThanMs` goes. Sweeping is a courtesy: what cannot be read or removed is left for the next.
 * @returns how many files were removed.
 */
export async function sweepLeftovers(folder: string, olderThanMs: number): Promise<number> {
  const names = await readdir(folder).catch((): string[] => []);
  const before = Date.now() - olderThanMs;
  let removed = 0;
  for (const name of names) {
    const path = join(folder, name);
    const changedAt = await stat(path).then(
      (found) => found.mtimeMs,
      () => undefined,
    );
    if (changedAt === undefined || changedAt > before) continue;
    await rm(path, { force: true }).then(
      () => {
        removed += 1;
      },
      () => undefined,
    );
  }
  return removed;
}
