/**
 * Bringing the server of a folder up and down, whatever state a crash has left it in. Everything here is done
 * under the folder's lock.
 */
import { setTimeout as pause } from 'node:timers/promises';
import { prepareDatabase } from './admin.ts';
import { failed, lastWords } from './failures.ts';
import { launch, shutDown, type Tools } from './launch.ts';
import { keepPreviousLog, type Layout } from './layout.ts';
import type { Passwords } from './passwords.ts';
import { choosePort, isPortFree } from './port.ts';
import { clearStalePidFile, findPostmaster, hasPidFile, type Postmaster } from './postmaster.ts';
import { isMarkAlive } from './processes.ts';
import { countUsers } from './users.ts';
import { until } from './waiting.ts';

/** All that belongs to one call of `startEmbeddedServer`. */
export interface Start extends Tools {
  readonly layout: Layout;
  readonly passwords: Passwords;
  readonly maxConnections: number;
  readonly log: (message: string) => void;
}

/** A server that has served us. */
export interface Running {
  readonly server: Postmaster;
  readonly joined: boolean;
}

/** Children of a server that was killed need a moment to notice; the folder is theirs until then. */
const LEFTOVERS_LIMIT_MS = 10_000;
const RETRY_PAUSE_MS = 100;
/** Recovery after a crash may take its time. */
const ANSWER_LIMIT_MS = 60_000;

/**
 * Finds the server or starts it, on `fixedPort` where there are users that know it by that. A start that stumbles over
 * what a crash left behind is tried again.
 */
export async function ensureRunning(start: Start, fixedPort?: number): Promise<Running> {
  const { layout } = start;
  const found = await untilAnswering(start);
  if (found !== undefined) return { server: found, joined: true };
  const crashed = await hasPidFile(layout);
  const deadline = performance.now() + LEFTOVERS_LIMIT_MS;
  await keepPreviousLog(layout);
  for (let attempt = 1; ; attempt++) {
    await clearStalePidFile(layout);
    const port = fixedPort ?? (await choosePort(layout));
    try {
      return await startOnce(start, port);
    } catch (error) {
      const mayPass = crashed || (await hasPidFile(layout)) || !(await isPortFree(port));
      if (!mayPass || performance.now() > deadline) throw error;
      if (attempt === 1)
        start.log('PostgreSQL could not start yet, its last run is still ending; trying again');
    }
    await pause(RETRY_PAUSE_MS);
    const other = await untilAnswering(start);
    if (other !== undefined) return { server: other, joined: true };
  }
}

async function startOnce(start: Start, port: number): Promise<Running> {
  try {
    await launch(start.layout, start, port, start.maxConnections);
    const server = await untilAnswering(start);
    if (server !== undefined) return { server, joined: false };
    throw failed(`The embedded PostgreSQL ended right after its start. ${await lastWords(start.layout.log)}`);
  } catch (error) {
    // A server that nobody can use and nobody has registered for would run for ever.
    await stopWithoutUsers(start, undefined);
    throw error;
  }
}

/** Waits until the server that runs on the folder serves us; undefined when none runs (any more). */
async function untilAnswering(start: Start): Promise<Postmaster | undefined> {
  const { layout, passwords } = start;
  let obstacle: string | undefined = 'it is starting or stopping';
  const answer = await until(async () => {
    const server = await findPostmaster(layout);
    if (server === undefined) return { server };
    if (server.ready) obstacle = await prepareDatabase(layout, server.port, passwords);
    return obstacle === undefined ? { server } : undefined;
  }, ANSWER_LIMIT_MS);
  if (answer !== undefined) return answer.server;
  throw failed(
    `PostgreSQL runs on ${layout.cluster}, but does not serve us: ${obstacle}. ${await lastWords(layout.log)}`,
  );
}

/** Stops the server unless somebody uses it. The mark finds the server even when its folder was deleted under it. */
export async function stopWithoutUsers(start: Start, mark: string | undefined): Promise<void> {
  if ((await countUsers(start.layout.users)) > 0) return;
  const server = await findPostmaster(start.layout);
  const remembered = mark !== undefined && (await isMarkAlive(mark)) ? Number.parseInt(mark, 10) : undefined;
  const pid = server?.pid ?? remembered;
  if (pid === undefined) return;
  await shutDown(start.layout, start, pid);
  start.log(`stopped PostgreSQL, process ${pid}`);
}
