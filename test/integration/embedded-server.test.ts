import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chmodSync,
  chownSync,
  cpSync,
  existsSync,
  lstatSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  readlinkSync,
  renameSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import pg from 'pg';
import { afterAll, afterEach, beforeAll, describe, expect, test, vi } from 'vitest';
import { serverAccount } from '../../src/backend/embedded-server/account.ts';
import { findBinaries, restoreLinks } from '../../src/backend/embedded-server/binaries.ts';
import { createCluster } from '../../src/backend/embedded-server/cluster.ts';
import { openLayout } from '../../src/backend/embedded-server/layout.ts';
import { withLock } from '../../src/backend/embedded-server/lock.ts';
import { markOf } from '../../src/backend/embedded-server/processes.ts';
import { findRunner } from '../../src/backend/embedded-server/runner.ts';
import { type EmbeddedServer, startEmbeddedServer } from '../../src/backend/embedded-server.ts';

const isRoot = process.geteuid?.() === 0;
const NOBODY = 65_534;
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

const folders: string[] = [];
const open: EmbeddedServer[] = [];
const children: ChildProcess[] = [];
/** One cluster for all tests that don't need a fresh one. As root, mkdtemp's 0700 keeps other users out. */
let home: string;
let dataDir: string;

beforeAll(async () => {
  home = makeFolder();
  dataDir = join(home, 'data');
});

afterEach(async () => {
  for (const child of children.splice(0)) await kill(child);
  await Promise.all(open.splice(0).map((server) => server.stop()));
  // Whatever a test left running would be the next one's surprise.
  const stray = folders.flatMap(postmasters);
  for (const pid of stray) process.kill(pid, 'SIGQUIT');
  await vi.waitFor(() => expect(folders.flatMap(processesIn)).toEqual([]), { timeout: 40_000, interval: 10 });
  expect(stray, 'servers that nobody stopped').toEqual([]);
});

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

describe('an embedded server', () => {
  test('is a database with nothing but Node: first start, in an empty folder', async () => {
    const server = await start(dataDir);

    expect(server.joined).toBe(false);
    expect(server.url).toMatch(
      new RegExp(`^postgres://millrace:[\\w-]{32}@127\\.0\\.0\\.1:${server.port}/millrace$`),
    );
    await query(server.url, 'CREATE TABLE survivors (name text)');
    expect(await names(server.url)).toEqual([]);
    expect(statSync(join(dataDir, 'postgres-passwords')).mode & 0o777).toBe(0o600);
    expect(existsSync(join(dataDir, 'postgres.log'))).toBe(true);
  });

  test('loses nothing that was committed, listens to this machine only and asks for the password', async () => {
    const server = await start(dataDir);
    const settings = await query(
      server.url,
      `SELECT name, setting FROM pg_settings WHERE name IN ('fsync', 'synchronous_commit', 'full_page_writes',
        'listen_addresses', 'max_connections', 'server_encoding', 'password_encryption')`,
    );

    expect(Object.fromEntries(settings.map(({ name, setting }) => [name, setting]))).toEqual({
      fsync: 'on',
      synchronous_commit: 'on',
      full_page_writes: 'on',
      listen_addresses: '127.0.0.1',
      max_connections: '200',
      server_encoding: 'UTF8',
      password_encryption: 'scram-sha-256',
    });
    const wrong = server.url.replace(/millrace:[^@]+/, 'millrace:wrong');
    await expect(query(wrong, 'SELECT 1')).rejects.toMatchObject({ code: '28P01' });
  });

  test('gives the application no superuser', async () => {
    const server = await start(dataDir);

    await expect(query(server.url, "SELECT pg_read_file('/etc/passwd')")).rejects.toMatchObject({
      code: '42501',
    });
  });

  test('keeps its data and its address when it is stopped and started', async () => {
    const before = await start(dataDir);
    await query(before.url, "INSERT INTO survivors VALUES ('restart')");
    await before.stop();
    const after = await start(dataDir);

    expect(after.joined).toBe(false);
    expect(after.url).toBe(before.url);
    expect(await names(after.url)).toContain('restart');
  });

  test('leaves no process once stop has resolved, and may be stopped twice', async () => {
    const server = await start(dataDir);
    expect(processesIn(dataDir).length).toBeGreaterThan(1);
    const stops = [server.stop(), server.stop()];
    await Promise.all(stops);

    expect(processesIn(dataDir)).toEqual([]);
    await expect(server.stop()).resolves.toBeUndefined();
  });

  test('lives until its last user has stopped, within a process', async () => {
    const first = await start(dataDir);
    const second = await start(dataDir);
    await first.stop();

    expect([first.joined, second.joined]).toEqual([false, true]);
    expect(await names(second.url)).toContain('restart');
    await second.stop();
    expect(processesIn(dataDir)).toEqual([]);
  });

  test('lives until its last user has stopped, between processes', async () => {
    const first = await start(dataDir);
    const other = spawnOwner(dataDir);
    const joined = await started(other);
    await first.stop();

    expect(joined).toEqual({ url: first.url, port: first.port, joined: true });
    expect(await names(joined.url)).toContain('restart');
    other.send('stop');
    await once(other, 'exit');
    expect(processesIn(dataDir)).toEqual([]);
  });

  test('takes another port when its own is taken, and keeps that', async () => {
    const first = await start(dataDir);
    await first.stop();
    const squatter = createServer().listen(first.port, '127.0.0.1');
    await once(squatter, 'listening');
    const second = await start(dataDir);
    await second.stop();
    squatter.close();
    const third = await start(dataDir);

    expect(second.port).not.toBe(first.port);
    expect(third.port).toBe(second.port);
    expect(await names(third.url)).toContain('restart');
  });
});

describe('after a crash', () => {
  test('the server of a process that was killed, with all its group, is adopted and then stopped', async () => {
    const owner = spawnOwner(dataDir);
    const { url } = await started(owner);
    await query(url, "INSERT INTO survivors VALUES ('owner killed')");
    const before = postmasters(dataDir);
    const ended = once(owner, 'exit');
    process.kill(-(owner.pid ?? Number.NaN), 'SIGKILL');
    await ended;
    const adopted = await start(dataDir);

    expect(before).toHaveLength(1);
    expect(postmasters(dataDir)).toEqual(before);
    expect(adopted).toMatchObject({ joined: true, url });
    expect(await names(url)).toContain('owner killed');
    await adopted.stop();
    expect(processesIn(dataDir)).toEqual([]);
  });

  test('a server that was killed is started anew, as soon as its last process has gone', async () => {
    const first = await start(dataDir);
    const busy = await connect(first.url);
    const { rows } = await busy.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const session = rows[0]?.pid ?? Number.NaN;
    await query(first.url, "INSERT INTO survivors VALUES ('server killed')");
    const [pid] = postmasters(dataDir);
    // A process that cannot notice the death of its server keeps the folder for as long as we like.
    process.kill(session, 'SIGSTOP');
    process.kill(pid ?? Number.NaN, 'SIGKILL');
    const onLog = vi.fn((text: string) => {
      if (text.includes('could not start yet')) process.kill(session, 'SIGCONT');
    });
    const second = await start(dataDir, onLog);

    expect(onLog).toHaveBeenCalledWith(expect.stringContaining('could not start yet'));
    expect(second).toMatchObject({ joined: false, url: first.url });
    expect(postmasters(dataDir)).toHaveLength(1);
    expect(postmasters(dataDir)).not.toEqual([pid]);
    expect(await names(second.url)).toContain('server killed');
  });

  test('a pid file whose pid now belongs to another process of the same user does not stop a start', async () => {
    const owner = statSync(join(dataDir, 'postgres'));
    const ids = isRoot ? { uid: owner.uid, gid: owner.gid } : {};
    const other = spawn('sleep', ['600'], { cwd: '/', stdio: 'ignore', ...ids });
    children.push(other);
    await once(other, 'spawn');
    writePidFile(
      `${other.pid}\n${join(dataDir, 'postgres')}\n1700000000\n5432\n\n127.0.0.1\n 1 1\nready   \n`,
    );
    const server = await start(dataDir);

    expect(server.joined).toBe(false);
    expect(await names(server.url)).toContain('restart');
    expect(other.exitCode).toBeNull();
  });

  test('an empty pid file does not stop a start', async () => {
    writePidFile('');
    const server = await start(dataDir);

    expect(await names(server.url)).toContain('restart');
  });

  test('a first start that was killed in the middle leaves nothing half-made', async () => {
    const fresh = join(makeFolder(), 'data');
    const owner = spawnOwner(fresh);
    await vi.waitFor(() => expect(nurseries(fresh, 'cluster/PG_VERSION')).toHaveLength(1), {
      timeout: 40_000,
      interval: 2,
    });
    await kill(owner);
    expect(existsSync(join(fresh, 'postgres'))).toBe(false);
    const server = await start(fresh);

    expect(await query(server.url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    await vi.waitFor(() => expect(processesIn(dirname(fresh)).filter(isInitdb)).toEqual([]), 40_000);
    await start(fresh);
    expect(nurseries(fresh, '.')).toEqual([]);
  });

  test('the lock of a process that died, or was killed within the lock, is taken over by one alone', async () => {
    const folder = join(makeFolder(), 'lock');
    await withLock(folder, async () => undefined);
    const own = await markOf(process.pid);
    writeFileSync(
      join(folder, '7'),
      own.replace(/\d$/, (digit) => String((Number(digit) + 1) % 10)),
    );
    let inside = 0;
    const visits = Array.from({ length: 20 }, () =>
      withLock(folder, async () => {
        inside += 1;
        const alone = inside === 1;
        await new Promise(setImmediate);
        inside -= 1;
        return alone;
      }),
    );

    expect(await Promise.all(visits)).toEqual(Array.from({ length: 20 }, () => true));
    expect(readdirSync(folder)).toEqual(['27']);
  });
});

test('two processes that start at once for the first time share one server', async () => {
  const fresh = join(makeFolder(), 'data');
  const owners = [spawnOwner(fresh), spawnOwner(fresh)];
  const [first, second] = await Promise.all(owners.map(started));

  expect(first?.url).toBe(second?.url);
  expect([first?.joined, second?.joined].sort()).toEqual([false, true]);
  expect(postmasters(fresh)).toHaveLength(1);
  // Both at once again: the last one to go takes the server along.
  await Promise.all(
    owners.map(async (owner) => {
      owner.send('stop');
      await once(owner, 'exit');
    }),
  );
  expect(processesIn(fresh)).toEqual([]);
});

describe('what cannot work says why', () => {
  test('data of another major version', async () => {
    await withFile('postgres/PG_VERSION', '15\n', async () => {
      await expect(startEmbeddedServer({ dataDir })).rejects.toMatchObject({
        code: 'EMBEDDED_FAILED',
        message: expect.stringMatching(/made by PostgreSQL 15,.* version 18\./),
      });
    });
  });

  test('a server that does not come up: its last words', async () => {
    await withFile('postgres/postgresql.auto.conf', 'no_such_setting = 1\n', async () => {
      await expect(startEmbeddedServer({ dataDir })).rejects.toMatchObject({
        code: 'EMBEDDED_FAILED',
        message: expect.stringContaining('no_such_setting'),
      });
    });
  });

  test('passwords that are gone, or are not those of the cluster', async () => {
    await withFile('postgres-passwords', '', async () => {
      await expect(startEmbeddedServer({ dataDir })).rejects.toThrow('postgres-passwords');
    });
    await withFile('postgres-passwords', 'not\nright\n', async () => {
      await expect(startEmbeddedServer({ dataDir })).rejects.toThrow('refuses the password');
    });
  });

  test('a folder that holds something else', async () => {
    const other = makeFolder();
    cpSync(import.meta.filename, join(other, 'postgres', 'precious.txt'));
    const outcome = startEmbeddedServer({ dataDir: other });

    await expect(outcome).rejects.toMatchObject({ name: 'MillraceError' });
    expect(existsSync(join(other, 'postgres', 'precious.txt'))).toBe(true);
  });
});

describe.runIf(isRoot)('as root', () => {
  test('runs the server under another user, with no capability where the folders are open', async () => {
    chmodSync(home, 0o755);
    await start(dataDir);

    expect(postmasterStatus()).toEqual({ isRootUser: false, capabilities: 0 });
  });

  test('lends that user the right to pass, and nothing else, where a parent folder keeps him out', async () => {
    chmodSync(home, 0o700);
    const server = await start(dataDir);

    expect(postmasterStatus()).toEqual({ isRootUser: false, capabilities: capability('dac_read_search') });
    expect(await names(server.url)).toContain('restart');
  });

  test('does so too where only the wider right is to be had, as in a container', async () => {
    const owner = spawnOwner(dataDir, ['setpriv', '--bounding-set=-dac_read_search']);
    const { url } = await started(owner);

    expect(postmasterStatus()).toEqual({ isRootUser: false, capabilities: capability('dac_override') });
    expect(await names(url)).toContain('restart');
    owner.send('stop');
    await once(owner, 'exit');
  });

  test('says what to do where there is no such right', async () => {
    const owner = spawnOwner(dataDir, ['setpriv', '--bounding-set=-dac_read_search,-dac_override']);
    const failure = await failed(owner);

    expect(failure.code).toBe('EMBEDDED_UNREACHABLE');
    expect(failure.message).toMatch(/refuses to run as root.*Move the checkout.*DATABASE_URL/);
  });

  test('makes a cluster with programs beneath a closed folder that were installed without scripts', async () => {
    const closed = makeFolder();
    const native = dirname(dirname((await findBinaries()).postgres));
    const isNoLink = (path: string): boolean => !lstatSync(path).isSymbolicLink();
    cpSync(native, join(closed, 'native'), { recursive: true, filter: isNoLink });
    await restoreLinks(closed);
    const at = (name: string): string => join(closed, 'native', 'bin', name);
    const binaries = { initdb: at('initdb'), pgCtl: at('pg_ctl'), postgres: at('postgres') };
    const layout = await openLayout(join(closed, 'data'));
    const account = await serverAccount(layout.cluster);
    const runner = await findRunner(binaries, layout, account);
    await createCluster(layout, { binaries, runner, account }, 'secret');

    expect(readFileSync(join(layout.cluster, 'PG_VERSION'), 'utf8')).toBe(`${runner.major}\n`);
  });

  test('serves a normal user in his own folder, and tells him which is not his', async () => {
    const parent = makeFolder();
    const own = join(parent, 'data');
    chownSync(parent, NOBODY, NOBODY);
    const owner = spawnOwner(own, [], NOBODY);
    const { url } = await started(owner);

    expect(await query(url, 'SELECT 1 AS one')).toEqual([{ one: 1 }]);
    expect(statSync(`/proc/${postmasters(own)[0]}`).uid).toBe(NOBODY);
    await kill(owner);
    // As root on the same folder, the server is its owner's still.
    const adopted = await start(own);
    await adopted.stop();
    for (const name of ['postgres-users', 'postgres-lock', 'postgres-port'])
      rmSync(join(own, name), { recursive: true });
    const again = await start(own);
    expect(statSync(`/proc/${postmasters(own)[0]}`).uid).toBe(NOBODY);
    await again.stop();
    const back = spawnOwner(own, [], NOBODY);
    expect(await started(back)).toMatchObject({ url: again.url, joined: false });
    back.send('stop');
    await once(back, 'exit');

    chmodSync(home, 0o755);
    expect(await failed(spawnOwner(dataDir, [], NOBODY))).toMatchObject({ code: 'EMBEDDED_UNREACHABLE' });
  });
});

async function start(
  folder: string,
  onLog: (message: string) => void = () => undefined,
): Promise<EmbeddedServer> {
  const server = await startEmbeddedServer({ dataDir: folder, onLog });
  open.push(server);
  return server;
}

function spawnOwner(folder: string, prefix: readonly string[] = [], uid?: number): ChildProcess {
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

function started(child: ChildProcess): Promise<NonNullable<Message['started']>> {
  return message(child, 'started');
}

function failed(child: ChildProcess): Promise<NonNullable<Message['failed']>> {
  return message(child, 'failed');
}

async function kill(child: ChildProcess): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  const ended = once(child, 'exit');
  child.kill('SIGKILL');
  await ended;
}

async function connect(url: string): Promise<pg.Client> {
  const client = new pg.Client({ connectionString: url, ssl: false });
  client.on('error', () => undefined);
  await client.connect();
  return client;
}

async function query(url: string, sql: string): Promise<Record<string, unknown>[]> {
  const client = await connect(url);
  try {
    return (await client.query<Record<string, unknown>>(sql)).rows;
  } finally {
    await client.end();
  }
}

async function names(url: string): Promise<unknown[]> {
  return (await query(url, 'SELECT name FROM survivors')).map(({ name }) => name);
}

function makeFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), 'millrace-embedded-'));
  folders.push(folder);
  return folder;
}

/** Runs with another content of a file of the cluster, the owner and mode of which stay. */
async function withFile(name: string, content: string, work: () => Promise<void>): Promise<void> {
  const path = join(dataDir, name);
  const before = readFileSync(path);
  writeFileSync(path, content);
  try {
    await work();
  } finally {
    writeFileSync(path, before);
  }
}

function writePidFile(content: string): void {
  const cluster = join(dataDir, 'postgres');
  const owner = statSync(cluster);
  const path = join(cluster, 'postmaster.pid');
  writeFileSync(`${path}.new`, content, { mode: 0o600 });
  chownSync(`${path}.new`, owner.uid, owner.gid);
  renameSync(`${path}.new`, path);
}

function nurseries(folder: string, inner: string): string[] {
  if (!existsSync(folder)) return [];
  const made = readdirSync(folder).filter((name) => name.startsWith('postgres-init-'));
  return made.filter((name) => existsSync(join(folder, name, inner)));
}

/** The processes that work in a folder or beneath it, by what the system says, not by what we believe. */
function processesIn(folder: string): number[] {
  const pids = readdirSync('/proc').filter((name) => /^\d+$/.test(name));
  return pids
    .map(Number)
    .filter((pid) => linkOf(pid).startsWith(folder) || commandOf(pid).includes(`=${folder}`));
}

/** The servers proper: a child of theirs looks just like them for the moment until it has taken its own title. */
function postmasters(folder: string): number[] {
  const servers = processesIn(folder).filter((pid) => commandOf(pid).includes('\0-D\0'));
  return servers.filter((pid) => !servers.includes(parentOf(pid)));
}

function parentOf(pid: number): number {
  try {
    return Number(/^PPid:\t(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8'))?.[1]);
  } catch {
    return Number.NaN;
  }
}

function isInitdb(pid: number): boolean {
  return commandOf(pid).includes('initdb');
}

function linkOf(pid: number): string {
  try {
    return readlinkSync(`/proc/${pid}/cwd`);
  } catch {
    return '';
  }
}

function commandOf(pid: number): string {
  try {
    return readFileSync(`/proc/${pid}/cmdline`, 'utf8');
  } catch {
    return '';
  }
}

function postmasterStatus(): { isRootUser: boolean; capabilities: number } {
  const status = readFileSync(`/proc/${postmasters(dataDir)[0]}/status`, 'utf8');
  return {
    isRootUser: /^Uid:\t0\b/m.test(status),
    capabilities: Number.parseInt(/^CapEff:\t(\w+)/m.exec(status)?.[1] ?? '', 16),
  };
}

function capability(name: 'dac_override' | 'dac_read_search'): number {
  return name === 'dac_override' ? 0b10 : 0b100;
}
