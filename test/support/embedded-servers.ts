import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, expect, vi } from 'vitest';
import { type EmbeddedServer, startEmbeddedServer } from '../../src/backend/embedded-server.ts';
import { postmasters, processesIn } from './server-processes.ts';

const SERVER_MODULE = new URL('../../src/backend/embedded-server.ts', import.meta.url).href;

/** What a process of its own does: start the server, tell how it went, stop when told to. */
const OWNER_SCRIPT = `
  const { startEmbeddedServer } = await import(${JSON.stringify(SERVER_MODULE)});
  const onLog = (log) => process.send({ log });
  try {
    const server = await startEmbeddedServer({ dataDir: process.argv[1], onLog });
    process.once('message', async () => {
      await server.stop();
      process.disconnect();
    });
    process.send({ started: { url: server.url, port: server.port, joined: server.joined } });
  } catch (error) {
    process.send({ failed: { code: error.code, message: error.message } });
    process.disconnect();
  }
`;

interface Message {
  readonly log?: string;
  readonly started?: { readonly url: string; readonly port: number; readonly joined: boolean };
  readonly failed?: { readonly code: string; readonly message: string };
}

/** Embedded servers of one test file, in folders of their own; none outlives its test. */
export interface EmbeddedServers {
  /** Holds `dataDir` alone. As root, its mode of 0700 keeps other users out. */
  readonly home: string;
  /** The cluster of all tests that don't need a fresh one: making one takes seconds. */
  readonly dataDir: string;
  makeFolder(): string;
  start(folder: string, onLog?: (message: string) => void): Promise<EmbeddedServer>;
  /** Starts the server in a process of its own, as `prefix` has it and as that user. */
  spawnOwner(folder: string, prefix?: readonly string[], uid?: number): ChildProcess;
  /** Has a process ended with its test. */
  endWithTest(child: ChildProcess): void;
  /** Makes the cluster, with a row of the name `restart` that every later start must find. */
  prepare(): Promise<void>;
}

/** Registers the hooks that end, after each test, whatever it has started. */
export function embeddedServers(): EmbeddedServers {
  const folders: string[] = [];
  const open: EmbeddedServer[] = [];
  const children: ChildProcess[] = [];
  const makeFolder = () => {
    const folder = mkdtempSync(join(tmpdir(), 'millrace-embedded-'));
    folders.push(folder);
    return folder;
  };
  const home = makeFolder();
  const dataDir = join(home, 'data');

  afterEach(async () => {
    for (const child of children.splice(0)) await kill(child);
    await Promise.all(open.splice(0).map((server) => server.stop()));
    // Whatever a test left running would be the next one's surprise.
    const stray = folders.flatMap(postmasters);
    for (const pid of stray) process.kill(pid, 'SIGQUIT');
    await vi.waitFor(() => expect(folders.flatMap(processesIn)).toEqual([]), {
      timeout: 40_000,
      interval: 10,
    });
    expect(stray, 'servers that nobody stopped').toEqual([]);
  });
  afterAll(() => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  });

  return {
    home,
    dataDir,
    makeFolder,
    async start(folder, onLog = () => undefined) {
      const server = await startEmbeddedServer({ dataDir: folder, onLog });
      open.push(server);
      return server;
    },
    spawnOwner(folder, prefix = [], uid) {
      const command = [...prefix, process.execPath, '--input-type=module', '--eval', OWNER_SCRIPT, folder];
      const ids = uid === undefined ? {} : { uid, gid: uid };
      const child = spawn(command[0] ?? '', command.slice(1), {
        cwd: '/',
        // A group of its own, as a shell gives to each command.
        detached: true,
        stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
        ...ids,
      });
      children.push(child);
      return child;
    },
    endWithTest: (child) => void children.push(child),
    async prepare() {
      const server = await startEmbeddedServer({ dataDir });
      await query(server.url, "CREATE TABLE survivors AS SELECT 'restart' AS name");
      await server.stop();
    },
  };
}

/** Where the server of an owner's process is, once it is up. */
export function started(child: ChildProcess): Promise<NonNullable<Message['started']>> {
  return message(child, 'started');
}

/** Why it is not up. */
export function failed(child: ChildProcess): Promise<NonNullable<Message['failed']>> {
  return message(child, 'failed');
}

async function message<K extends 'started' | 'failed'>(
  child: ChildProcess,
  key: K,
): Promise<NonNullable<Message[K]>> {
  return new Promise((resolve, reject) => {
    child.on('message', (received: Message) => {
      const wanted = received[key];
      if (wanted !== undefined) resolve(wanted);
      else if (received.log === undefined) reject(new Error(JSON.stringify(received)));
    });
    child.once('exit', (code, signal) => reject(new Error(`ended with ${signal ?? code}`)));
  });
}

export async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

export async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, ssl: false });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

export async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = await connect(url);
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

/** The rows that must have outlived whatever was done to the server. */
export async function names(url: string): Promise<unknown[]> {
  return (await query(url, 'SELECT name FROM survivors')).map(({ name }) => name);
}
