/**
 * The server dies under its users: out of memory, killed, or stopped by hand. Nobody else would start it again, and
 * every job would wait for it for ever, so each process that uses it looks after it.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { failed } from './failures.ts';
import { withLock } from './lock.ts';
import type { Postmaster } from './postmaster.ts';
import { isMarkAlive, markOf } from './processes.ts';
import { ensureRunning, type Start } from './upkeep.ts';

/** How a server is looked after. */
export interface Watch {
  /** The mark of the server's process as it was last seen. */
  mark(): string;
  /** Ends the watch; resolves when no start of it is under way any more. */
  stop(): Promise<void>;
}

const LOOK_EVERY_MS = 500;
const LONGEST_PAUSE_MS = 30_000;

/**
 * Starts the server again whenever it is gone, on the port that all addresses name. A start that fails is tried again
 * at growing intervals, up to 30 s.
 */
export async function watchServer(
  start: Start,
  { pid, port }: Postmaster,
  onDeath: (message: string) => void,
): Promise<Watch> {
  const stopped = new AbortController();
  let mark = await markOf(pid);
  const ended = look();

  async function look(): Promise<void> {
    for (let pauseMs = LOOK_EVERY_MS; await goesOn(pauseMs); ) {
      if (await isMarkAlive(mark)) continue;
      try {
        mark = await reviveServer(start, port, onDeath);
        pauseMs = LOOK_EVERY_MS;
      } catch (error) {
        pauseMs = Math.min(pauseMs * 2, LONGEST_PAUSE_MS);
        const reason = error instanceof Error ? error.message : String(error);
        onDeath(`The embedded PostgreSQL is away; the next try is in ${pauseMs / 1000} s. ${reason}`);
      }
    }
  }

  async function goesOn(pauseMs: number): Promise<boolean> {
    // The only way in which a pause fails is that the watch has ended.
    await pause(pauseMs, undefined, { ref: false, signal: stopped.signal }).catch(() => undefined);
    return !stopped.signal.aborted;
  }

  return {
    mark: () => mark,
    stop: () => {
      stopped.abort();
      return ended;
    },
  };
}

/** Whoever comes first starts it; the others of this folder find it running. */
async function reviveServer(start: Start, port: number, onDeath: (message: string) => void): Promise<string> {
  const { server, joined } = await withLock(start.layout.lock, () => ensureRunning(start, port));
  if (server.port !== port) {
    throw failed(
      `It runs on port ${server.port} now, and this process knows it by ${port}: start this process again.`,
    );
  }
  if (!joined) {
    onDeath(
      `The embedded PostgreSQL had ended, and was started again as process ${server.pid}. What was committed is there. ` +
        `${start.layout.previousLog} may tell why it ended: often the machine had no memory left.`,
    );
  }
  return markOf(server.pid);
}
