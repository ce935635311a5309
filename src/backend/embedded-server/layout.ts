/**
 * Where the embedded PostgreSQL keeps its things: all in one data folder, so that deleting it forgets everything
 * and copying it (with the server stopped) copies everything.
 */
import { existsSync } from 'node:fs';
import { chown, mkdir, open, realpath, rename, stat } from 'node:fs/promises';
import { dirname, join } from 'node:path';

/** The places within one data folder. */
export interface Layout {
  readonly dataDir: string;
  /** The cluster proper, PostgreSQL's PGDATA. It appears whole or not at all. */
  readonly cluster: string;
  /** The file in which a running server says its pid, port and state. */
  readonly pidFile: string;
  readonly passwords: string;
  readonly port: string;
  readonly log: string;
  readonly previousLog: string;
  /** The folder of the lock, see `lock.ts`. */
  readonly lock: string;
  /** The folder with a file for each process that uses the server, see `users.ts`. */
  readonly users: string;
  /** What the folders begin with in which a cluster is made before it is moved into its place. */
  readonly nursery: string;
}

/** Makes the data folder if need be and resolves links, so that two ways to one folder are one folder. */
export async function openLayout(dataDir: string): Promise<Layout> {
  await mkdir(dataDir, { recursive: true });
  const root = await realpath(dataDir);
  const cluster = join(root, 'postgres');
  return {
    dataDir: root,
    cluster,
    pidFile: join(cluster, 'postmaster.pid'),
    passwords: join(root, 'postgres-passwords'),
    port: join(root, 'postgres-port'),
    log: join(root, 'postgres.log'),
    previousLog: join(root, 'postgres.previous.log'),
    lock: join(root, 'postgres-lock'),
    users: join(root, 'postgres-users'),
    nursery: join(root, 'postgres-init-'),
  };
}

/** Makes a folder of ours; a start as root leaves it to whom the data folder belongs. */
export async function ensureFolder(path: string): Promise<void> {
  if ((await mkdir(path, { recursive: true })) !== undefined) await giveToOwner(path);
}

/** Writes a small file so that a reader, or a crash, sees the old content or the new, never a part. */
export async function writeWhole(path: string, content: string, mode: number): Promise<void> {
  const draft = `${path}.new`;
  const file = await open(draft, 'w', mode);
  try {
    await file.writeFile(content);
    await file.sync();
  } finally {
    await file.close();
  }
  await giveToOwner(draft);
  await rename(draft, path);
}

/** Begins a new log, so that it doesn't grow for ever, and keeps the one before: it may tell of a crash. */
export async function keepPreviousLog(layout: Layout): Promise<void> {
  if (existsSync(layout.log)) await rename(layout.log, layout.previousLog);
}

/** Makes the names in a folder durable; a platform that cannot open folders has no need of it. */
export async function syncFolder(path: string): Promise<void> {
  if (process.platform === 'win32') return;
  const folder = await open(path, 'r');
  try {
    await folder.sync();
  } finally {
    await folder.close();
  }
}

/** Without this, one `sudo npm start` would lock the owner out of his own folder. */
async function giveToOwner(path: string): Promise<void> {
  if (process.geteuid?.() !== 0) return;
  const owner = await stat(dirname(path));
  if (owner.uid !== 0) await chown(path, owner.uid, owner.gid);
}
