import { createHash } from 'node:crypto';
import { createReadStream, createWriteStream } from 'node:fs';
import { mkdir, readdir, rename, rm, stat } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable, Writable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { createGunzip } from 'node:zlib';
import { MillraceError } from '../../errors/catalogue.ts';
import { sweepLeftovers, temporaryName, untilClosed } from '../../lifecycle/leftovers.ts';
import { isPacked, readExtract } from './extract-records.ts';
import { BrokenExtractError, type ExtractFile } from './port.ts';

export interface ExtractFolderOptions {
  readonly extractFolder?: string;
  readonly maxExtractBytes?: number;
  readonly maxUnpackedBytes?: number;
  /** Takes the key out of a text from outside. */
  readonly redact: (text: string) => string;
}

/** A sync that waits for its daily budget in the middle of a file needs it a day later. */
const keptForMs = 3 * 24 * 3_600_000;

/**
 * Extracts on disk: written beside, looked through, then renamed, so that a file with its name is whole. One that a killed
 * sync has left serves its next attempt; what nobody comes back for is removed after three days.
 */
export function createExtractFolder(options: ExtractFolderOptions) {
  const {
    // Of this user alone, so that nobody else can lay a file there.
    extractFolder: folder = join(tmpdir(), `millrace-extracts-${process.getuid?.() ?? 'user'}`),
    maxExtractBytes = 8 * 2 ** 30,
    maxUnpackedBytes = 64 * 2 ** 30,
    redact,
  } = options;

  const nameOf = (token: string) => createHash('sha256').update(token).digest('hex').slice(0, 32);

  async function fileAt(path: string, sha256: string): Promise<ExtractFile> {
    const { size: bytes } = await stat(path);
    return {
      sha256,
      bytes,
      records: () => readExtract(path, bytes, redact),
      remove: () => rm(path, { force: true }),
    };
  }

  async function kept(token: string): Promise<ExtractFile | undefined> {
    const name = nameOf(token);
    const found = (await readdir(folder).catch((): string[] => [])).find((file) =>
      file.startsWith(`${name}-`),
    );
    const sha256 = found?.slice(name.length + 1, -'.gz'.length);
    if (found === undefined || sha256 === undefined || !found.endsWith('.gz')) return undefined;
    return fileAt(join(folder, found), sha256);
  }

  async function keep(
    token: string,
    response: Response,
    alive: () => void,
    signal: AbortSignal,
  ): Promise<ExtractFile> {
    await mkdir(folder, { recursive: true, mode: 0o700 });
    await sweepLeftovers(folder, keptForMs);
    const unfinished = join(folder, await temporaryName());
    try {
      const sha256 = await write(response, unfinished, alive);
      await lookThrough(unfinished, alive, signal);
      const path = join(folder, `${nameOf(token)}-${sha256}.gz`);
      await rename(unfinished, path);
      return await fileAt(path, sha256);
    } catch (error) {
      await rm(unfinished, { force: true });
      throw failureOf(error);
    }
  }

  async function write(response: Response, path: string, alive: () => void): Promise<string> {
    const hash = createHash('sha256');
    const counted = countingTo(maxExtractBytes, (chunk) => {
      hash.update(chunk);
      alive();
    });
    const file = createWriteStream(path, { flags: 'wx', mode: 0o600 });
    await pipeline(response.body ?? Readable.from([]), counted, file).finally(() => untilClosed(file));
    return hash.digest('hex');
  }

  /** Unpacks it once into nothing: the checksum at its end says whether it is whole. */
  async function lookThrough(path: string, alive: () => void, signal: AbortSignal): Promise<void> {
    const nowhere = new Writable({ write: (_chunk, _encoding, done) => done() });
    const source = createReadStream(path);
    const counted = countingTo(maxUnpackedBytes, alive);
    await ((await isPacked(path))
      ? pipeline(source, createGunzip(), counted, nowhere, { signal })
      : pipeline(source, counted, nowhere, { signal }));
  }

  function failureOf(error: unknown): unknown {
    if (!(error instanceof Error && 'code' in error && typeof error.code === 'string')) return error;
    if (error.code.startsWith('Z_'))
      return new BrokenExtractError(`it is no whole gzip file (${error.code})`);
    if (!('syscall' in error && (error.syscall === 'write' || 'path' in error))) return error;
    return new MillraceError(
      'SYNC_UNAVAILABLE',
      `The extract cannot be kept in ${folder} (${error.code}). Make room there, or set DATA_DIR.`,
    );
  }

  return { kept, keep };
}

function countingTo(most: number, onChunk: (chunk: Uint8Array) => void) {
  return async function* (source: AsyncIterable<Uint8Array>) {
    let bytes = 0;
    for await (const chunk of source) {
      bytes += chunk.byteLength;
      if (bytes > most) throw new BrokenExtractError(`it is larger than ${most} bytes`);
      onChunk(chunk);
      yield chunk;
    }
  };
}
