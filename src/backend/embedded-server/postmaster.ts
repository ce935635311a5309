/**
 * The server process as its folder shows it. PostgreSQL writes `postmaster.pid` when it starts and removes it
 * when it stops; after a crash the file stays and its pid may by then be somebody else's.
 */
import { readFile, rm } from 'node:fs/promises';
import { errorCode } from './failures.ts';
import type { Layout } from './layout.ts';
import { holdsPid, isAlive, servesFolder } from './processes.ts';
import { until } from './waiting.ts';

/** A server that runs on the folder. */
export interface Postmaster {
  readonly pid: number;
  readonly port: number;
  /** It takes connections; before that it starts or recovers, after it stops. */
  readonly ready: boolean;
}

/** Longer than the moment between the making of the file and its first content. */
const UNFINISHED_MS = 250;

/** The server that runs on the folder, if one does. */
export async function findPostmaster(layout: Layout): Promise<Postmaster | undefined> {
  const written = parse(await readPidFile(layout));
  if (written === undefined || !(await isAlive(written.pid))) return undefined;
  // Without any word from the system we must take it for ours: two servers on one folder would be worse.
  return (await servesFolder(written.pid, layout.cluster)) === false ? undefined : written;
}

/**
 * Removes a pid file that would wrongly stop a start: its pid is another process's now, or a corpse's, or it is
 * garbled. That of a process that is simply gone stays, because PostgreSQL itself looks at what it says of the
 * shared memory, to find children that still live, and then removes it.
 */
export async function clearStalePidFile(layout: Layout): Promise<void> {
  const readable = await until(async () => {
    const text = await readPidFile(layout);
    return text === undefined || parse(text) !== undefined ? { text } : undefined;
  }, UNFINISHED_MS);
  const written = parse(readable?.text);
  if (readable !== undefined && (written === undefined || !holdsPid(written.pid))) return;
  if ((await findPostmaster(layout)) === undefined) await rm(layout.pidFile, { force: true });
}

/** Whether a server, living or dead, has left word in the folder. */
export async function hasPidFile(layout: Layout): Promise<boolean> {
  return (await readPidFile(layout)) !== undefined;
}

/** The content of the pid file. */
export async function readPidFile(layout: Layout): Promise<string | undefined> {
  try {
    return await readFile(layout.pidFile, 'utf8');
  } catch (error) {
    if (errorCode(error) === 'ENOENT') return undefined;
    throw error;
  }
}

/** The lines that stay the same as long as the server lives: pid, folder, moment of start, port. */
export function fingerprint(pidFile: string): string {
  return pidFile.split('\n').slice(0, 4).join('\n');
}

function parse(text: string | undefined): Postmaster | undefined {
  const [pid = '', , , port = '', , , , status = ''] = (text ?? '').split('\n');
  if (!/^\d+$/.test(pid) || !/^\d+$/.test(port)) return undefined;
  return { pid: Number(pid), port: Number(port), ready: status.trim() === 'ready' };
}
