import { createReadStream, createWriteStream } from 'node:fs';
import { access, mkdir, open, readFile, rename, rm, stat } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { createBrotliDecompress } from 'node:zlib';
import { type Browser, chromium } from 'playwright-core';

/** Not the package's own list: that one switches web security off, which is what the tests look at. */
const args = [
  '--no-sandbox',
  '--disable-gpu',
  '--disable-dev-shm-usage',
  '--headless=old',
  '--font-render-hinting=none',
  '--disable-background-networking',
  '--disable-component-update',
  '--disable-sync',
  '--no-first-run',
];

/** Found by way of its entry, `build/index.js`, since the package exports nothing else. */
const packageDir = join(dirname(createRequire(import.meta.url).resolve('@sparticuz/chromium')), '..');
/** An unpacking takes seconds; whoever holds the lock for longer has died. */
const staleLockMs = 120_000;

/** The browser of the tests: `CHROMIUM_PATH`, or the one from npm. */
export async function launchChromium(): Promise<Browser> {
  const given = process.env.CHROMIUM_PATH;
  const executablePath = given === undefined || given === '' ? await unpackedChromium() : given;
  return chromium.launch({ executablePath, args });
}

/**
 * Unpacks the npm package's browser once for each version of it. Its own way takes any file called `chromium` in the
 * temporary folder, of whatever version and however far it is written; here the file gets its name when it is whole.
 */
async function unpackedChromium(): Promise<string> {
  const dir = join(tmpdir(), `millrace-chromium-${await packageVersion()}`);
  const path = join(dir, 'chromium');
  if (await exists(path)) return path;
  await mkdir(dir, { recursive: true });
  const release = await lock(join(dir, 'lock'));
  try {
    if (!(await exists(path))) await unpack(join(packageDir, 'bin', 'chromium.br'), path);
  } finally {
    await release();
  }
  return path;
}

async function unpack(from: string, to: string): Promise<void> {
  const partial = `${to}.${process.pid}`;
  await pipeline(
    createReadStream(from),
    createBrotliDecompress(),
    createWriteStream(partial, { mode: 0o755 }),
  );
  await rename(partial, to);
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

async function packageVersion(): Promise<string> {
  const parsed: unknown = JSON.parse(await readFile(join(packageDir, 'package.json'), 'utf8'));
  if (
    typeof parsed === 'object' &&
    parsed !== null &&
    'version' in parsed &&
    typeof parsed.version === 'string'
  )
    return parsed.version;
  throw new Error('The package of Chromium says no version.');
}

async function exists(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}
