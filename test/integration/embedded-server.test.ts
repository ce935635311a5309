import { once } from 'node:events';
import { cpSync, existsSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { startEmbeddedServer } from '../../src/backend/embedded-server.ts';
import { embeddedServers, names, query, started } from '../support/embedded-servers.ts';
import { postmasters, processesIn } from '../support/server-processes.ts';

const { dataDir, makeFolder, start, spawnOwner } = embeddedServers();

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
