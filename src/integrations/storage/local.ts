import { randomBytes } from 'node:crypto';
import { createWriteStream } from 'node:fs';
import { mkdir, open, rename, rm, stat } from 'node:fs/promises';
import { dirname, join, resolve } from 'node:path';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MillraceError } from '../../errors/catalogue.ts';
import { sweepLeftovers, temporaryName, untilClosed } from '../../lifecycle/leftovers.ts';
import { keyParts } from './keys.ts';
import { createMeasure } from './measure.ts';
import { noSuchFile } from './no-such-file.ts';
import type { Storage, StoredFile } from './port.ts';

export interface LocalStorageOptions {
  /** The folder that holds the files; it is made when it is missing. */
  readonly dir: string;
  /** Half-written files of other machines' processes are removed when they have not changed for this long, in ms. */
  readonly leftoverAgeMs?: number;
}

/** Keys cannot begin with a dot, so no file can be mistaken for one that is being written. */
const incomingName = '.incoming';
/** Longer than any job may be silent. */
const twoHoursMs = 2 * 60 * 60_000;
const sweepEveryMs = 60_000;
/** What comes while the disk is at work goes to it at once afterwards: each call costs, and its thread takes the core. */
const gatheredBytes = 524_288;

/**
 * Keeps files in a folder of this machine. A file is written under a temporary name in the same folder tree, flushed to
 * the disk and renamed, so that its key names either all of it or what was there before, through a power cut too.
 */
export function createLocalStorage({ dir, leftoverAgeMs = twoHoursMs }: LocalStorageOptions): Storage {
  const root = resolve(dir);
  const incoming = join(root, incomingName);
  let sweptAt = Number.NEGATIVE_INFINITY;

  async function sweepNowAndThen(): Promise<void> {
    if (performance.now() - sweptAt < sweepEveryMs) return;
    sweptAt = performance.now();
    await sweepLeftovers(incoming, leftoverAgeMs);
  }

  async function put(key: string, content: Readable | Uint8Array, signal?: AbortSignal): Promise<StoredFile> {
    const target = join(root, ...keyParts(key));
    const temporary = join(incoming, await temporaryName());
    const measure = createMeasure();
    // An iterable of one chunk: `Readable.from(bytes)` would give the bytes of a plain Uint8Array one by one.
    const source = content instanceof Readable ? content : Readable.from([content]);
    try {
      signal?.throwIfAborted();
      await makeFolder(incoming);
      await sweepNowAndThen();
      await writeDurably(temporary, source, measure.through, signal);
      await makeFolder(dirname(target));
      signal?.throwIfAborted();
      await rename(temporary, target);
      await syncFolder(dirname(target));
      return { key, ...measure.result() };
    } catch (error) {
      await rm(temporary, { force: true }).catch(() => undefined);
      source.destroy();
      // Why the job was stopped matters more than the stream that broke because of it.
      signal?.throwIfAborted();
      throw error instanceof SourceFailure ? error.cause : storageError(`write ${key}`, error);
    }
  }

  return {
    name: 'local',
    put,
    async get(key) {
      const path = join(root, ...keyParts(key));
      const handle = await open(path, 'r').catch((error: unknown) => {
        throw isMissing(error) ? noSuchFile(key) : storageError(`read ${key}`, error);
      });
      const isFile = await handle.stat().then((found) => found.isFile());
      if (isFile) return handle.createReadStream();
      await handle.close();
      throw noSuchFile(key);
    },
    async exists(key) {
      const path = join(root, ...keyParts(key));
      return stat(path).then(
        (found) => found.isFile(),
        (error: unknown) => {
          if (isMissing(error)) return false;
          throw storageError(`look for ${key}`, error);
        },
      );
    },
    async remove(key) {
      const path = join(root, ...keyParts(key));
      await rm(path).catch((error: unknown) => {
        if (!isMissing(error)) throw storageError(`remove ${key}`, error);
      });
    },
    async check() {
      const probe = join(incoming, `${randomBytes(12).toString('hex')}.probe`);
      try {
        await makeFolder(incoming);
        const handle = await open(probe, 'wx', 0o640);
        await handle.writeFile('probe').finally(() => handle.close());
        await sweepNowAndThen();
      } catch (error) {
        throw storageError('write', error);
      } finally {
        await rm(probe, { force: true }).catch(() => undefined);
      }
    },
  };

  function storageError(what: string, error: unknown): MillraceError {
    return new MillraceError('STORAGE_FAILED', `The storage could not ${what}. ${adviceOn(error, root)}`, {
      cause: error,
    });
  }
}

/** Tells an error of the stream that we were given from one of the disk. */
class SourceFailure extends Error {}

/** `flush` has the bytes on the disk before the file is closed, so that no rename can be older than them. */
async function writeDurably(
  path: string,
  source: Readable,
  measured: (source: AsyncIterable<unknown>) => AsyncIterable<Uint8Array>,
  signal: AbortSignal | undefined,
): Promise<void> {
  if (source.errored !== null) throw new SourceFailure('The source failed.', { cause: source.errored });
  const sink = createWriteStream(path, {
    flags: 'wx',
    mode: 0o640,
    flush: true,
    highWaterMark: gatheredBytes,
  });
  // `pipeline` breaks every stream with the first one's error, so only the order tells whose it was.
  let first: Readable | typeof sink | undefined;
  source.once('error', () => {
    first ??= source;
  });
  sink.once('error', () => {
    first ??= sink;
  });
  try {
    await pipeline(source, measured, sink, signal === undefined ? {} : { signal });
  } catch (error) {
    await untilClosed(sink);
    throw first === source ? new SourceFailure('The source failed.', { cause: error }) : error;
  }
}

/** Makes a folder with those above it, and has each new one recorded on the disk by the one that holds it. */
async function makeFolder(path: string): Promise<void> {
  const topmost = await mkdir(path, { recursive: true });
  if (topmost === undefined) return;
  for (let folder = path; ; folder = dirname(folder)) {
    await syncFolder(dirname(folder));
    if (folder === topmost || folder === dirname(folder)) return;
  }
}

/** A rename, or a new name, is only as lasting as the folder that records it. */
async function syncFolder(path: string): Promise<void> {
  // Windows cannot open a folder to flush it.
  if (process.platform === 'win32') return;
  const handle = await open(path, 'r');
  await handle.sync().finally(() => handle.close());
}

function systemCode(error: unknown): string | undefined {
  return error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined;
}

function isMissing(error: unknown): boolean {
  const code = systemCode(error);
  return code === 'ENOENT' || code === 'ENOTDIR';
}

function adviceOn(error: unknown, root: string): string {
  switch (systemCode(error)) {
    case 'ENOSPC':
    case 'EDQUOT':
      return `The disk that holds ${root} is full: free space or choose another folder.`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
      return `This process may not write to ${root}: change its owner or choose another folder.`;
    case 'ENOTDIR':
    case 'EEXIST':
    case 'EISDIR':
      return `A file stands where a folder is needed, or the other way round, below ${root}.`;
    case 'EMFILE':
    case 'ENFILE':
      return 'Too many files are open: raise the limit (ulimit -n) or run fewer jobs at once.';
    default:
      return `Look at the cause below and at the folder ${root}.`;
  }
}
