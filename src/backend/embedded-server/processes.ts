/**
 * Who is who among processes. A pid alone proves nothing, because pids are used again, so a process is known by
 * its mark: pid, boot and moment of birth. Where the system doesn't tell the birth (no /proc), the pid must do.
 */
import { execFile } from 'node:child_process';
import { readFile, readlink } from 'node:fs/promises';
import { promisify } from 'node:util';
import { errorCode } from './failures.ts';

const BIRTH_UNKNOWN = '-';
/** Positions in /proc/<pid>/stat, counted after the name, which may itself hold spaces. */
const STATE_FIELD = 0;
const START_TIME_FIELD = 19;

const runFile = promisify(execFile);

/** The mark of a process, to be written down and asked about later with `isMarkAlive`. */
export async function markOf(pid: number): Promise<string> {
  return `${pid} ${await birthOf(pid)}`;
}

/** Whether the very process that bears the mark still runs. What is no mark (an empty file) is dead. */
export async function isMarkAlive(mark: string): Promise<boolean> {
  const [pidText = '', birth = ''] = mark.trim().split(' ');
  const pid = Number(pidText);
  if (!(await isAlive(pid))) return false;
  const now = await birthOf(pid);
  return birth === BIRTH_UNKNOWN || now === BIRTH_UNKNOWN || birth === now;
}

/** Whether a process runs under that pid; one that is dead but not yet reaped by its parent does not. */
export async function isAlive(pid: number): Promise<boolean> {
  if (!holdsPid(pid)) return false;
  const state = (await statFields(pid))?.[STATE_FIELD];
  return state !== 'Z' && state !== 'X';
}

/** Whether the pid is taken, be it by a corpse: that is all that PostgreSQL itself looks at. */
export function holdsPid(pid: number): boolean {
  if (!Number.isSafeInteger(pid) || pid <= 0) return false;
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return errorCode(error) !== 'ESRCH';
  }
}

/** Whether the process is a PostgreSQL server on that folder; undefined when the system won't say. */
export async function servesFolder(pid: number, folder: string): Promise<boolean | undefined> {
  // A server works in its folder; the link needs more rights than root has in many containers, hence the next.
  const workingFolder = await readlink(`/proc/${pid}/cwd`).catch(() => undefined);
  if (workingFolder !== undefined) return workingFolder === folder;
  const command = await commandLine(pid);
  return command === undefined ? undefined : command.includes(folder);
}

/** The arguments one by one or, where only `ps` tells them, in one line. */
async function commandLine(pid: number): Promise<string[] | string | undefined> {
  const fromProc = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => undefined);
  if (fromProc !== undefined || process.platform === 'win32') return fromProc?.split('\0');
  const listed = await runFile('ps', ['-ww', '-o', 'args=', '-p', String(pid)]).catch(() => undefined);
  return listed?.stdout;
}

async function birthOf(pid: number): Promise<string> {
  const started = (await statFields(pid))?.[START_TIME_FIELD];
  if (started === undefined) return BIRTH_UNKNOWN;
  const boot = await readFile('/proc/sys/kernel/random/boot_id', 'utf8').catch(() => '');
  return `${boot.trim()}:${started}`;
}

async function statFields(pid: number): Promise<string[] | undefined> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => undefined);
  return text?.slice(text.lastIndexOf(')') + 2).split(' ');
}
