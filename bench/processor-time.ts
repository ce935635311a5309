import { readdirSync, readFileSync } from 'node:fs';

/** Linux counts in hundredths of a second (`getconf CLK_TCK`). */
const tickMs = 10;

/** Processor time in ms that the processes whose program is `pid`, or whose parent it is, have used (proc_pid_stat(5)). */
export function processorMs(pid: number): number {
  let ticks = 0;
  for (const name of readdirSync('/proc')) {
    const fields = /^\d+$/.test(name) ? statOf(name) : undefined;
    if (fields === undefined || (Number(name) !== pid && Number(fields[1]) !== pid)) continue;
    // utime and stime, and of children that have ended.
    ticks += [11, 12, 13, 14].reduce((sum, field) => sum + Number(fields[field]), 0);
  }
  return ticks * tickMs;
}

/** The fields behind the process's name, which may hold anything. */
function statOf(pid: string): readonly string[] | undefined {
  try {
    const line = readFileSync(`/proc/${pid}/stat`, 'latin1');
    return line.slice(line.lastIndexOf(')') + 2).split(' ');
  } catch {
    // It has ended meanwhile.
    return undefined;
  }
}
