import { readdirSync, readFileSync, readlinkSync } from 'node:fs';

/** The processes that work in a folder or beneath it, by what the system says, not by what we believe. */
export function processesIn(folder: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids
    .map(Number)
    .filter((pid) => linkOf(pid).startsWith(folder) || commandOf(pid).includes(`=${folder}`));
}

/** The servers proper: a child of theirs looks just like them for the moment until it has taken its own title. */
export function postmasters(folder: string): number[] {
  const servers = processesIn(folder).filter((pid) => commandOf(pid).includes('\0-D\0'));
  return servers.filter((pid) => !servers.includes(parentOf(pid)));
}

/** What a process was started with, its parts apart by NUL; empty when there is none. */
export function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return Number.NaN;
  }
}

function linkOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}
