import { once } from 'node:events';
import { chmodSync, chownSync, cpSync, lstatSync, readFileSync, rmSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { beforeAll, describe, expect, test } from 'vitest';
import { serverAccount } from '../../src/backend/embedded-server/account.ts';
import { findBinaries, restoreLinks } from '../../src/backend/embedded-server/binaries.ts';
import { createCluster } from '../../src/backend/embedded-server/cluster.ts';
import { openLayout } from '../../src/backend/embedded-server/layout.ts';
import { findRunner } from '../../src/backend/embedded-server/runner.ts';
import { embeddedServers, failed, kill, names, query, started } from '../support/embedded-servers.ts';
import { postmasters } from '../support/server-processes.ts';

const { home, dataDir, makeFolder, start, spawnOwner, prepare } = embeddedServers();

const isRoot = process.geteuid?.() === 0;
const NOBODY = 65_534;

describe.runIf(isRoot)('an embedded server as root', () => {
  beforeAll(prepare);

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
