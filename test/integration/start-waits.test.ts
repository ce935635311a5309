import { access, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { freePort } from '../support/free-port.ts';
import { startMillrace } from '../support/millrace-process.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { createWorld, type World } from '../support/world.ts';

describe('a start whose store is away', () => {
  let world: World;
  let line: TcpProxy;
  beforeAll(async () => {
    world = await createWorld();
    line = await startTcpProxy(world.databaseUrl);
  });
  afterAll(async () => {
    await line.close();
    await world.close();
  });
  const environment = (more: Readonly<Record<string, string>>) => ({
    DATA_DIR: world.dataDir,
    DATABASE_URL: line.url,
    CHROMIUM_PATH: 'none',
    ROLE: 'worker',
    ...more,
  });

  test('waits for it, tells, and starts when it has come', async () => {
    await line.cut();
    let resumed: Promise<void> | undefined;
    const millrace = await startMillrace(environment({ WORKER_PROCESSES: '2' }), (output) => {
      if (output.includes('The start waits for it.')) resumed ??= line.resume();
    });
    await resumed;
    expect(millrace.output()).toMatch(/The database does not answer\. Check .*The start waits for it\./);
    expect(await millrace.kill('SIGTERM')).toEqual({ code: 0, signal: null });
  });

  test('ends with 1 when its time is over, and says for what it has waited', async () => {
    await line.cut();
    await expect(
      startMillrace(environment({ WORKER_PROCESSES: '2', STARTUP_TIMEOUT: '1200' })),
    ).rejects.toThrow(
      /with code 1:[\s\S]*DATABASE_UNAVAILABLE: The database does not answer\..* has waited for it for 1\.2 s \(STARTUP_TIMEOUT\)/,
    );
  });

  test('ends in order when it is told to while it waits, and leaves no embedded server behind', async () => {
    const dataDir = await mkdtemp(join(tmpdir(), 'millrace-start-'));
    const alone = {
      DATA_DIR: dataDir,
      REDIS_URL: `redis://127.0.0.1:${await freePort()}`,
      CHROMIUM_PATH: 'none',
      STARTUP_TIMEOUT: '600000',
    };
    let told = false;
    const starting = startMillrace(alone, (output, child) => {
      if (told || !output.includes('The start waits for it.')) return;
      told = true;
      child.kill('SIGTERM');
    });
    await expect(starting).rejects.toThrow(
      /with code 0:[\s\S]*Redis at \S+ does not answer \(connect ECONNREFUSED .*\)\. Check REDIS_URL/,
    );
    await expect(access(join(dataDir, 'postgres', 'postmaster.pid'))).rejects.toMatchObject({
      code: 'ENOENT',
    });
    await rm(dataDir, { recursive: true });
  });

  test('waits for nothing that no waiting mends', async () => {
    await line.resume();
    const wrong = new URL(line.url);
    wrong.pathname = '/no_such_database';
    await expect(startMillrace(environment({ DATABASE_URL: wrong.href }))).rejects.toThrow(
      /^(?![\s\S]*The start waits)[\s\S]*with code 1:[\s\S]*no_such_database/,
    );
  });
});
