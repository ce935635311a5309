import { createHash, randomBytes } from 'node:crypto';
import type { WriteStream } from 'node:fs';
import { readdir, readFile, readlink, rm, stat } from 'node:fs/promises';
import { hostname } from 'node:os';
import { join } from 'node:path';

const namePattern = /^(?<place>[0-9a-f]{12})-(?<pid>\d+)-(?<start>\d+)-[0-9a-f]{24}\.part$/;
/** Where the system does not say when a process began. */
const unknownStart = '0';
let place: Promise<string> | undefined;
let ownStart: Promise<string> | undefined;

/** A name for a file in the making that says which process makes it. */
export async function temporaryName(): Promise<string> {
  place ??= findPlace();
  ownStart ??= startOf(process.pid);
  return `${await place}-${process.pid}-${await ownStart}-${randomBytes(12).toString('hex')}.part`;
}

/** A file that is still being opened appears after its stream was broken: only once it is closed can it be removed. */
export async function untilClosed(file: WriteStream): Promise<void> {
  // `once` of node:events would throw the error that breaks it.
  if (!file.closed) await new Promise<void>((resolve) => file.once('close', () => resolve()));
}

/**
 * Removes what processes that died left half written. Where the process was one of this machine and is gone, its file goes
 * at once; any other, which may be of another machine on the same disk, when it has not changed for `olderThanMs`, since a
 * file that is being written changes all the time. Sweeping is a courtesy: what cannot be read or removed is left for the
 * next.
 * @returns how many files were removed.
 */
export async function sweepLeftovers(folder: string, olderThanMs: number): Promise<number> {
  place ??= findPlace();
  const here = await place;
  const names = await readdir(folder).catch((): string[] => []);
  const before = Date.now() - olderThanMs;
  let removed = 0;
  for (const name of names) {
    const path = join(folder, name);
    if (!(await isOrphan(name, here)) && !(await isUnchangedSince(path, before))) continue;
    await rm(path, { force: true }).then(
      () => {
        removed += 1;
      },
      () => undefined,
    );
  }
  return removed;
}

async function isUnchangedSince(path: string, time: number): Promise<boolean> {
  return stat(path).then(
    ({ mtimeMs }) => mtimeMs <= time,
    () => false,
  );
}

/**
 * Whether the file's process was of this machine and is gone. The system gives numbers again: a process of the same number
 * that began at another time is not the one.
 */
async function isOrphan(name: string, here: string): Promise<boolean> {
  const { place: there, pid, start } = namePattern.exec(name)?.groups ?? {};
  if (there !== here || pid === undefined) return false;
  if (!isRunning(Number(pid))) return true;
  const began = await startOf(Number(pid));
  return began !== unknownStart && began !== start;
}

function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    // Anything else says that there is one, which is another user's.
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
}

/**
 * When a process began, in clock ticks since the boot: field 22 of proc_pid_stat(5). The name in field 2, in brackets, may
 * hold anything.
 */
async function startOf(pid: number): Promise<string> {
  const line = await readFile(`/proc/${pid}/stat`, 'latin1').catch(() => '');
  return (
    line
      .slice(line.lastIndexOf(')') + 1)
      .trim()
      .split(' ')[19] ?? unknownStart
  );
}

/**
 * Where numbers of processes mean the same: on Linux a boot and a PID namespace, since containers may share name and disk;
 * elsewhere the machine's name.
 */
async function findPlace(): Promise<string> {
  const parts = await Promise.all([
    readFile('/proc/sys/kernel/random/boot_id', 'utf8'),
    readlink('/proc/self/ns/pid'),
  ]).catch(() => []);
  return createHash('sha256')
    .update([hostname(), ...parts].join('\0'))
    .digest('hex')
    .slice(0, 12);
}
