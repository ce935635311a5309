import { spawn } from 'node:child_process';
import { once } from 'node:events';
import {
  chownSync,
  existsSync,
  readdirSync,
  readFileSync,
  renameSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { createServer } from 'node:net';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test, vi } from 'vitest';
import { withLock } from '../../src/backend/embedded-server/lock.ts';
import { markOf } from '../../src/backend/embedded-server/processes.ts';
import { connect, embeddedServers, kill, names, query, started } from '../support/embedded-servers.ts';
import { commandOf, postmasters, processesIn } from '../support/server-processes.ts';

const { dataDir, makeFolder, start, spawnOwner, endWithTest, prepare } = embeddedServers();

const isRoot = process.geteuid?.() === 0;

beforeAll(prepare);

describe('an embedded server after a crash', () => {
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
    const owner = spawnOwner(dataDir);
    const first = await started(owner);
    const busy = await connect(first.url);
    const { rows } = await busy.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const session = rows[0]?.pid ?? Number.NaN;
    await query(first.url, "INSERT INTO survivors VALUES ('server killed')");
    const [pid] = postmasters(dataDir);
    // Its user would start it again by itself.
    await kill(owner);
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

  test('a server that dies under its users is started again by one of them, at its address', async () => {
    const owner = spawnOwner(dataDir);
    const { url } = await started(owner);
    const onLog = vi.fn();
    const joined = await start(dataDir, onLog);
    await query(url, "INSERT INTO survivors VALUES ('used when killed')");
    const [pid] = postmasters(dataDir);
    process.kill(pid ?? Number.NaN, 'SIGKILL');
    await vi.waitFor(async () => expect(await names(url)).toContain('used when killed'), 40_000);

    expect(joined.url).toBe(url);
    expect(postmasters(dataDir)).toHaveLength(1);
    expect(postmasters(dataDir)).not.toEqual([pid]);
    await kill(owner);
    await joined.stop();
    expect(processesIn(dataDir)).toEqual([]);
    expect(onLog).toHaveBeenCalledWith(expect.stringContaining('stopped PostgreSQL'));
  });

  test('a server that died waits for its port, since its users know it by that', async () => {
    const onLog = vi.fn();
    const { url, port } = await start(dataDir, onLog);
    const session = await connect(url);
    const { rows } = await session.query<{ pid: number }>('SELECT pg_backend_pid() AS pid');
    const backend = rows[0]?.pid ?? Number.NaN;
    const [pid] = postmasters(dataDir);
    // Keeps the folder until somebody else has the port.
    process.kill(backend, 'SIGSTOP');
    process.kill(pid ?? Number.NaN, 'SIGKILL');
    const stranger = createServer();
    await vi.waitFor(async () => {
      stranger.listen(port, '127.0.0.1');
      await once(stranger, 'listening');
    }, 40_000);
    process.kill(backend, 'SIGCONT');
    const log = join(dataDir, 'postgres.log');
    await vi.waitFor(() => expect(readFileSync(log, 'utf8')).toContain('could not bind'), 40_000);
    stranger.close();

    await vi.waitFor(
      () => expect(onLog).toHaveBeenCalledWith(expect.stringContaining('had ended, and was started again')),
      60_000,
    );
    expect(await names(url)).toContain('restart');
  });

  test('a pid file whose pid now belongs to another process of the same user does not stop a start', async () => {
    const owner = statSync(join(dataDir, 'postgres'));
    const ids = isRoot ? { uid: owner.uid, gid: owner.gid } : {};
    const other = spawn('sleep', ['600'], { cwd: '/', stdio: 'ignore', ...ids });
    endWithTest(other);
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
    let fresh = '';
    // On a machine that stands still for a while the cluster may be made before anybody has seen it in the making.
    for (let made = true; made; made = existsSync(join(fresh, 'postgres'))) {
      fresh = join(makeFolder(), 'data');
      const owner = spawnOwner(fresh);
      await vi.waitFor(
        () =>
          expect(
            nurseries(fresh, 'cluster/PG_VERSION').length + Number(existsSync(join(fresh, 'postgres'))),
          ).toBe(1),
        { timeout: 40_000, interval: 2 },
      );
      await kill(owner);
    }
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

function isInitdb(pid: number): boolean {
  return commandOf(pid).includes('initdb');
}
