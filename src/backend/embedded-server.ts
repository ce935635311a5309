/**
 * A real PostgreSQL for machines that have nothing but Node; its programs come from npm.
 *
 * The server is a process of its own that belongs to a data folder, not to us: several processes may use it, it
 * survives the death of any of them, and whoever starts next adopts it. It ends when the last user stops. Should it
 * die under its users, one of them starts it again.
 *
 * All that changes the folder or the server's state is done under one lock between processes, so there are just
 * two states to find on entering: no server runs on the folder, or one does (starting, ready or stopping). That
 * there are never two is guaranteed by PostgreSQL itself as well. What a commit promised holds: neither fsync nor
 * synchronous_commit is ever off, but for the rows of the job index, which are mended.
 */
import { serverAccount } from './embedded-server/account.ts';
import { APPLICATION } from './embedded-server/admin.ts';
import { findBinaries } from './embedded-server/binaries.ts';
import { clearNursery, clusterExists, createCluster } from './embedded-server/cluster.ts';
import { translate } from './embedded-server/failures.ts';
import { type Layout, openLayout } from './embedded-server/layout.ts';
import { withLock } from './embedded-server/lock.ts';
import { openPasswords } from './embedded-server/passwords.ts';
import { HOST } from './embedded-server/port.ts';
import { findRunner } from './embedded-server/runner.ts';
import { ensureRunning, type Start, stopWithoutUsers } from './embedded-server/upkeep.ts';
import { registerUser, unregisterUser } from './embedded-server/users.ts';
import { watchServer } from './embedded-server/watch.ts';

/** A server in use by this process. */
export interface EmbeddedServer {
  /** For the application's role and database: `postgres://millrace:<password>@127.0.0.1:<port>/millrace`. */
  readonly url: string;
  readonly port: number;
  /** It ran already: another process had started it. */
  readonly joined: boolean;
  /** Ends this use; the last use ends the server. Resolves when that has really stopped. Twice is harmless. */
  stop(): Promise<void>;
}

/** What can be chosen about the server. */
export interface EmbeddedServerOptions {
  /** Folder of all its files, e.g. `<cwd>/.millrace`; the cluster is in `postgres` beneath it. */
  readonly dataDir: string;
  /** Told what is done, a sentence each. */
  readonly onLog?: (message: string) => void;
  /** Told that the server died, and whether it could be started again. */
  readonly onDeath?: (message: string) => void;
  /** Default 200. A server that runs already keeps what it was started with. */
  readonly maxConnections?: number;
}

const DEFAULT_MAX_CONNECTIONS = 200;

/**
 * Starts the server of the folder, or joins it when it runs. Makes the cluster and the database `millrace` at the
 * first start. Fails with EMBEDDED_UNREACHABLE (folder or user) or EMBEDDED_FAILED (the server).
 */
export async function startEmbeddedServer(options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  try {
    const layout = await openLayout(options.dataDir);
    return await withLock(layout.lock, () => enter(layout, options));
  } catch (error) {
    throw translate(error, options.dataDir);
  }
}

/** Under the lock: brings the server up and registers this use of it. */
async function enter(layout: Layout, options: EmbeddedServerOptions): Promise<EmbeddedServer> {
  const start = await prepare(layout, options);
  const { server, joined } = await ensureRunning(start);
  start.log(`${joined ? 'joined' : 'started'} PostgreSQL, process ${server.pid}, port ${server.port}`);
  const use = await registerUser(layout.users);
  const watch = await watchServer(start, server, options.onDeath ?? start.log);
  let stopping: Promise<void> | undefined;
  const stop = (): Promise<void> => {
    stopping ??= watch
      .stop()
      .then(() => leave(start, use, watch.mark()))
      .catch((error: unknown) => {
        // What failed may be tried again.
        stopping = undefined;
        throw translate(error, layout.dataDir);
      });
    return stopping;
  };
  const url = `postgres://${APPLICATION}:${start.passwords.application}@${HOST}:${server.port}/${APPLICATION}`;
  return { url, port: server.port, joined, stop };
}

/** All that must be there before a server can run: programs, a way to run them, passwords, a cluster. */
async function prepare(layout: Layout, options: EmbeddedServerOptions): Promise<Start> {
  const log = options.onLog ?? ((): void => undefined);
  const binaries = await findBinaries();
  const account = await serverAccount(layout.cluster);
  const runner = await findRunner(binaries, layout, account);
  await clearNursery(layout);
  const exists = await clusterExists(layout, runner.major);
  const passwords = await openPasswords(layout, exists);
  if (!exists) {
    log(`making a PostgreSQL ${runner.major} cluster in ${layout.cluster}, ${runner.description}`);
    await createCluster(layout, { binaries, runner, account }, passwords.admin);
  }
  return {
    layout,
    binaries,
    runner,
    passwords,
    log,
    maxConnections: options.maxConnections ?? DEFAULT_MAX_CONNECTIONS,
  };
}

/** Ends one use of the server, and the server with the last. */
async function leave(start: Start, use: string, mark: string): Promise<void> {
  await withLock(start.layout.lock, async () => {
    await unregisterUser(use);
    await stopWithoutUsers(start, mark);
  });
}
