import { readdir, readFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';

/** The processes of one browser. It is started in a process group of its own, which its children stay in. */
export interface GroupUsage {
  readonly processes: number;
  /** Proportional share of each page in memory, so that what processes share counts once. */
  readonly memoryBytes: number;
  /** Those of its processes that have ended too. */
  readonly cpuSeconds: number;
}

/** The unit of times in `/proc/<pid>/stat` (proc(5)): USER_HZ, which is 100 on every Linux that Node runs on. */
const ticksPerSecond = 100;

/** Looks at a process group; `undefined` where there is no `/proc`. */
export async function groupUsage(group: number): Promise<GroupUsage | undefined> {
  const members = await groupMembers(group);
  if (members === undefined) return undefined;
  const memory = await Promise.all(members.map(({ pid }) => memoryOf(pid)));
  return {
    processes: members.length,
    memoryBytes: memory.reduce((sum, bytes) => sum + bytes, 0),
    cpuSeconds: members.reduce((sum, { cpuSeconds }) => sum + cpuSeconds, 0),
  };
}

interface Member {
  readonly pid: number;
  readonly cpuSeconds: number;
}

async function groupMembers(group: number): Promise<Member[] | undefined> {
  const entries = await readdir('/proc').catch(() => undefined);
  if (entries === undefined) return undefined;
  const found = await Promise.all(
    entries.filter((name) => /^\d+$/.test(name)).map((name) => memberOf(Number(name), group)),
  );
  return found.filter((member) => member !== undefined);
}

async function memberOf(pid: number, group: number): Promise<Member | undefined> {
  // A process may go while it is looked at.
  const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
  // The name, in parentheses, may hold anything; what follows it is numbered from field 3 (proc(5)).
  const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
  const [state, , pgrp] = fields;
  if (Number(pgrp) !== group || state === 'Z' || state === 'X') return undefined;
  // Its own times, and those of its children that have ended: a page has a process of its own, which goes with it.
  const ticks = fields.slice(11, 15).reduce((sum, field) => sum + Number(field), 0);
  return { pid, cpuSeconds: ticks / ticksPerSecond };
}

async function memoryOf(pid: number): Promise<number> {
  const rollup = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  const kilobytes = /^Pss:\s+(\d+) kB$/m.exec(rollup)?.[1];
  return kilobytes === undefined ? 0 : Number(kilobytes) * 1_024;
}

/** How long the kernel may take to end processes that were killed. */
const endingMs = 5_000;

/** Ends a process group at once, and resolves when none of it runs any more. */
export async function killGroup(group: number): Promise<void> {
  const deadline = performance.now() + endingMs;
  while (signalGroup(group) && performance.now() < deadline) {
    // Zombies wait for their parent and do nothing; they still belong to the group.
    const members = await groupMembers(group);
    if (members?.length === 0) return;
    // No event tells that a group has gone.
    await pause(10);
  }
}

/** `false` when there is no such group. */
function signalGroup(group: number): boolean {
  try {
    process.kill(-group, 'SIGKILL');
    return true;
  } catch {
    return false;
  }
}
