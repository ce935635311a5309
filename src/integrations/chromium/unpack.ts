import { createReadStream, createWriteStream } from 'node:fs';
import { access, constants, mkdir, open, readdir, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { createBrotliDecompress } from 'node:zlib';
import { untilClosed } from '../../lifecycle/leftovers.ts';

/** An unpacking takes seconds; whoever holds the lock for longer has died. */
const staleLockMs = 120_000;

/** The folder of the npm package, or `undefined` when it is not installed or not for this machine. */
export function packagedChromium(): string | undefined {
  if (process.platform !== 'linux' || process.arch !== 'x64') return undefined;
  try {
    // Its entry is `build/index.js`, the only file that the package exports.
    return join(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '..');
  } catch {
    return undefined;
  }
}

/**
 * Unpacks the npm package's browser (68 MB, then 209 MB) into a folder of its version, once for all processes that share
 * `dir`, and gives its path. The package's own way takes any file called `chromium` in the temporary folder, of whatever
 * version and however far it is written; here the file gets its name when it is whole and on the disk.
 */
export async function unpackChromium(packageDir: string, dir: string): Promise<string> {
  const folder = join(dir, await versionOf(packageDir));
  const path = join(folder, 'chromium');
  if (await isExecutable(path)) return path;
  await mkdir(folder, { recursive: true });
  const release = await lock(join(folder, 'lock'));
  try {
    if (!(await isExecutable(path))) {
      await removePartials(folder);
      await unpack(join(packageDir, 'bin', 'chromium.br'), path);
    }
  } finally {
    await release();
  }
  return path;
}

export function isExecutable(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}

async function unpack(from: string, to: string): Promise<void> {
  const partial = `${to}.${process.pid}.partial`;
  // Written through, since a name that outlives its content would be taken for a browser for ever.
  const file = createWriteStream(partial, { mode: 0o755, flush: true });
  try {
    await pipeline(createReadStream(from), createBrotliDecompress(), file).finally(() => untilClosed(file));
    await rename(partial, to);
  } catch (error) {
    await rm(partial, { force: true });
    throw error;
  }
}

/** What processes that died in the middle have left. */
async function removePartials(folder: string): Promise<void> {
  const partials = (await readdir(folder)).filter((name) => name.endsWith('.partial'));
  await Promise.all(partials.map((name) => rm(join(folder, name), { force: true })));
}

/** A file that only one process can make; the others wait for it to go. */
async function lock(path: string): Promise<() => Promise<void>> {
  for (;;) {
    try {
      await (await open(path, 'wx')).close();
      return () => rm(path, { force: true });
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'EEXIST')) throw error;
      const made = await stat(path).catch(() => undefined);
      if (made !== undefined && Date.now() - made.mtimeMs > staleLockMs) await rm(path, { force: true });
      // No event tells that a file has gone, and it happens once on a machine.
      await pause(100);
    }
  }
}

async function versionOf(packageDir: string): Promise<string> {
  const parsed: unknown = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8'));
  const version =
    typeof parsed === 'object' && parsed !== null && 'version' in parsed ? parsed.version : undefined;
  if (typeof version === 'string' && /^[\w.-]+$/.test(version)) return version;
  throw new Error('The package of Chromium says no version.');
}
