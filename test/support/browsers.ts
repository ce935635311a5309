import { readdir, readFile } from 'node:fs/promises';
import { groupUsage } from '../../src/integrations/chromium/processes.ts';
import { until } from './platform.ts';

/** The main processes of the browsers that a process has started: its children that lead a group of their own. */
export async function browsersOf(parent: number): Promise<number[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name)).map(Number);
  const found = await Promise.all(
    pids.map(async (pid) => {
      const stat = await readFile(`/proc/${pid}/stat`, 'utf8').catch(() => '');
      const [state, ppid, pgrp] = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
      const command = await readFile(`/proc/${pid}/cmdline`, 'utf8').catch(() => '');
      const browser = Number(ppid) === parent && Number(pgrp) === pid && command.includes('--headless');
      return browser && state !== 'Z' ? [pid] : [];
    }),
  );
  return found.flat();
}

/** How many processes of a browser run. */
export async function processesOf(browser: number): Promise<number> {
  return (await groupUsage(browser))?.processes ?? 0;
}

/** Resolves when a browser computes: it has used a tenth of a second more than when this was called. */
export async function atWork(browser: number): Promise<void> {
  const used = async () => (await groupUsage(browser))?.cpuSeconds ?? 0;
  const before = await used();
  await until('the browser is at work', async () => (await used()) > before + 0.1);
}
