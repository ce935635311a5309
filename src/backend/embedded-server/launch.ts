/** Starting the server process and stopping it, each until it is really so. */
import { type StdioOptions, spawn } from 'node:child_process';
import { open } from 'node:fs/promises';
import type { Binaries } from './binaries.ts';
import { type Command, run, spawnOptions } from './commands.ts';
import { failed, lastWords } from './failures.ts';
import type { Layout } from './layout.ts';
import { HOST } from './port.ts';
import { findPostmaster, type Postmaster } from './postmaster.ts';
import { isAlive } from './processes.ts';
import type { Runner } from './runner.ts';
import { until } from './waiting.ts';

/** What is needed to run the server's programs. */
export interface Tools {
  readonly binaries: Binaries;
  readonly runner: Runner;
}

/** Recovery after a crash may take its time; a server that ends is noticed at once. */
const READY_LIMIT_MS = 60_000;
const FAST_STOP_LIMIT_MS = 30_000;
const IMMEDIATE_STOP_LIMIT_MS = 5_000;

/**
 * Starts the server in a session of its own, so that neither Ctrl-C nor our death takes it along, and waits until
 * it takes connections. On Windows pg_ctl does it, as it can also shed the rights of an administrator.
 */
export async function launch(
  layout: Layout,
  tools: Tools,
  port: number,
  maxConnections: number,
): Promise<Postmaster> {
  const settings = serverSettings(port, maxConnections);
  const command =
    process.platform === 'win32'
      ? tools.runner.command(tools.binaries.pgCtl, controlArguments(layout, settings))
      : tools.runner.command(tools.binaries.postgres, ['-D', layout.cluster, ...settings]);
  const child = await spawnServer(layout, command);
  const state = await until(async () => {
    if (child.failure() !== undefined) return 'ended';
    const server = await findPostmaster(layout);
    return server?.ready ? server : undefined;
  }, READY_LIMIT_MS);
  if (typeof state === 'object') return state;
  const reason = child.failure() ?? `it was not ready after ${READY_LIMIT_MS / 1000} s`;
  throw failed(
    `The embedded PostgreSQL in ${layout.cluster} did not start: ${reason}. ${await lastWords(layout.log)}`,
  );
}

interface Child {
  /** Why the process ended in a way that a server or a pg_ctl that did its work does not. */
  failure(): string | undefined;
}

async function spawnServer(layout: Layout, command: Command): Promise<Child> {
  // On Windows pg_ctl opens the log itself, which it could not while we hold it.
  if (process.platform === 'win32') return watch(command, 'ignore');
  const log = await open(layout.log, 'a', 0o600);
  try {
    return watch(command, ['ignore', log.fd, log.fd]);
  } finally {
    await log.close();
  }
}

function watch(command: Command, stdio: StdioOptions): Child {
  let failure: string | undefined;
  const child = spawn(command.file, command.args, { ...spawnOptions(command), detached: true, stdio });
  child.on('error', (error) => {
    failure = error.message;
  });
  child.on('exit', (code, signal) => {
    if (process.platform !== 'win32' || code !== 0) failure = `it ended with ${signal ?? `code ${code}`}`;
  });
  child.unref();
  return { failure: () => failure };
}

/**
 * For a machine of a developer: small, silent, and as safe as any. Nothing here loosens what a commit promises.
 * Errors of statements go to the client that made them and stay out of the log, which is thus bounded.
 */
function serverSettings(port: number, maxConnections: number): string[] {
  const settings = {
    listen_addresses: HOST,
    port,
    unix_socket_directories: '',
    max_connections: maxConnections,
    shared_buffers: '128MB',
    timezone: 'UTC',
    log_timezone: 'UTC',
    log_min_messages: 'log',
    log_checkpoints: 'off',
    // Compiling pays off for long analyses only, and costs each short query that is misjudged.
    jit: 'off',
  };
  return Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
}

function controlArguments(layout: Layout, settings: readonly string[]): string[] {
  return ['start', '-W', '-D', layout.cluster, '-l', layout.log, '-o', settings.join(' ')];
}

/** Stops the server; its clients are cut off. Resolves when no process of it is left. */
export async function shutDown(layout: Layout, tools: Tools, pid: number): Promise<void> {
  await requestStop(layout, tools, pid, 'fast');
  if (await isGone(pid, FAST_STOP_LIMIT_MS)) return;
  // Nothing committed is lost by it: the next start recovers.
  await requestStop(layout, tools, pid, 'immediate');
  if (await isGone(pid, IMMEDIATE_STOP_LIMIT_MS)) return;
  throw failed(`The embedded PostgreSQL (process ${pid}) does not stop. ${await lastWords(layout.log)}`);
}

async function requestStop(
  layout: Layout,
  tools: Tools,
  pid: number,
  mode: 'fast' | 'immediate',
): Promise<void> {
  if (process.platform === 'win32') {
    await run(tools.runner.command(tools.binaries.pgCtl, ['stop', '-W', '-m', mode, '-D', layout.cluster]));
  } else if (await isAlive(pid)) {
    process.kill(pid, mode === 'fast' ? 'SIGINT' : 'SIGQUIT');
  }
}

async function isGone(pid: number, limitMs: number): Promise<boolean> {
  const gone = await until(async () => ((await isAlive(pid)) ? undefined : true), limitMs);
  return gone ?? false;
}
