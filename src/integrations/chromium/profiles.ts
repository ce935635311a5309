import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

const prefix = 'millrace-browser-';

/** A folder for one browser, named after the process that it belongs to. */
export function createProfile(): Promise<string> {
  return mkdtemp(join(tmpdir(), `${prefix}${process.pid}-`));
}

/** Removes the folders of processes that did not live to do it. */
export async function sweepProfiles(): Promise<void> {
  const names = await readdir(tmpdir()).catch((): string[] => []);
  const orphans = names.filter((name) => {
    const owner = name.startsWith(prefix) ? Number.parseInt(name.slice(prefix.length), 10) : Number.NaN;
    return Number.isInteger(owner) && !isRunning(owner);
  });
  // Another user's folder is not ours to remove.
  await Promise.all(
    orphans.map((name) => rm(join(tmpdir(), name), { recursive: true, force: true }).catch(() => undefined)),
  );
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // EPERM: it runs, as another user.
    return error instanceof Error && 'code' in error && error.code === 'EPERM';
  }
}
