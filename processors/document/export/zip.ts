import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';
import { crc32, createDeflateRaw, type DeflateRaw } from 'node:zlib';
import { UnrecoverableError } from '../../../src/errors/catalogue.ts';
import { drained } from '../report/feeding.ts';

/**
 * A zip file as a stream (PKWARE APPNOTE 6.3): sizes and checksums follow each entry in a data descriptor. It has no
 * ZIP64 parts, which Excel meets with an offer to repair, so entries and file stay below 4 GiB.
 */
export interface Zip {
  /** Begins the next entry; the one before must have ended. */
  entry(name: string): ZipEntry;
  /** Writes the directory and ends the sink. */
  end(): void;
}

export interface ZipEntry {
  /** Bytes before compression, so far. */
  readonly size: number;
  /** Gathers text for the compressor; a promise says to wait, as compressor or sink are busy with what came before. */
  write(text: string): Promise<void> | undefined;
  end(): Promise<void>;
  /** Gives the compressor back when the entry is not to be ended. */
  destroy(): void;
}

/** Compressors are tried at levels in `bench/exports.ts`: 1 costs a third of 6 and gives files a sixth larger. */
const level = 1;
const version = 20;
/** Bit 3: a data descriptor follows; bit 11: the name is UTF-8. */
const flags = 0x0808;
const deflated = 8;
/** 1 January 1980, midnight: the least that MS-DOS knows, so that the same rows give the same file. */
const dosDate = 0x21;
const mostBytes = 0xffff_ffff;

export function createZip(sink: Writable): Zip {
  const directory: Buffer[] = [];
  let offset = 0;

  function put(bytes: Buffer): void {
    offset += bytes.length;
    if (offset > mostBytes) throw tooLarge();
    sink.write(bytes);
  }

  return {
    entry(name) {
      const at = offset;
      const nameBytes = Buffer.from(name);
      put(
        Buffer.concat([
          fields(0x04034b50, [version, flags, deflated, 0, dosDate], [0, 0, 0], [nameBytes.length, 0]),
          nameBytes,
        ]),
      );
      const deflate = createDeflateRaw({ level, chunkSize: 65_536 });
      const counted = { crc: 0, packed: 0, size: 0 };
      let failure: unknown;
      let compressing = Promise.resolve();
      deflate.on('data', (chunk: Buffer) => {
        counted.packed += chunk.length;
        try {
          put(chunk);
        } catch (error) {
          failure = error;
        }
      });
      const ended = finished(deflate);
      // Whoever ends the entry waits for it; one that breaks before is heard there, and must not end the process.
      ended.catch(() => undefined);
      const gathered = createGatherer();
      async function compress(): Promise<void> {
        const bytes = gathered.take();
        counted.crc = crc32(bytes, counted.crc);
        counted.size += bytes.length;
        // What was handed over before lies in the other buffer, which is the next to be filled.
        await compressing;
        compressing = fed(deflate, bytes);
        // The next call waits for it and throws what it failed with; unheard until then, it would end the process.
        compressing.catch(() => undefined);
        if (failure !== undefined) throw failure;
        await drained(sink);
      }
      return {
        get size() {
          return counted.size + gathered.size;
        },
        write(text) {
          if (gathered.add(text)) return undefined;
          return compress().then(() => {
            gathered.add(text);
          });
        },
        async end() {
          await compress();
          await compressing;
          deflate.end();
          await ended;
          if (failure !== undefined) throw failure;
          const sizes = [counted.crc, counted.packed, counted.size];
          put(fields(0x08074b50, [], sizes, []));
          directory.push(
            fields(
              0x02014b50,
              [version, version, flags, deflated, 0, dosDate],
              sizes,
              [nameBytes.length, 0, 0, 0, 0],
              [0, at],
            ),
            nameBytes,
          );
        },
        destroy: () => deflate.destroy(),
      };
    },
    end() {
      const entries = directory.length / 2;
      const bytes = Buffer.concat(directory);
      const at = offset;
      put(bytes);
      put(fields(0x06054b50, [0, 0, entries, entries], [bytes.length, at], [0]));
      sink.end();
    },
  };
}

/** Resolves when the compressor, which works in a thread of its own, needs the bytes no more. */
function fed(deflate: DeflateRaw, bytes: Buffer): Promise<void> {
  return new Promise((resolve, reject) => {
    deflate.write(bytes, (error) => (error ? reject(error) : resolve()));
  });
}

/** Bytes handed to the compressor at once: some milliseconds of its time. */
const gatheredBytes = 262_144;

/**
 * Text to bytes in two buffers by turns: one is compressed while the other is filled, and memory stays where it is instead
 * of waiting to be collected. `add` refuses what does not fit beside what is there, and an empty buffer takes any text.
 */
function createGatherer() {
  let [current, other] = [Buffer.allocUnsafeSlow(gatheredBytes), Buffer.allocUnsafeSlow(gatheredBytes)];
  let filled = 0;
  return {
    get size() {
      return filled;
    },
    add(text: string): boolean {
      const most = text.length * 3;
      if (filled + most > current.length) {
        if (filled > 0) return false;
        current = Buffer.allocUnsafeSlow(most);
      }
      filled += current.write(text, filled);
      return true;
    },
    take(): Buffer {
      const bytes = current.subarray(0, filled);
      [current, other] = [other, current];
      filled = 0;
      return bytes;
    },
  };
}

/** A record: its signature, then numbers of two, four, two and four bytes, little-endian. */
function fields(
  signature: number,
  shorts: readonly number[],
  longs: readonly number[],
  moreShorts: readonly number[],
  moreLongs: readonly number[] = [],
): Buffer {
  const parts: readonly [number, 2 | 4][] = [
    [signature, 4],
    ...shorts.map((value): [number, 2] => [value, 2]),
    ...longs.map((value): [number, 4] => [value, 4]),
    ...moreShorts.map((value): [number, 2] => [value, 2]),
    ...moreLongs.map((value): [number, 4] => [value, 4]),
  ];
  const record = Buffer.alloc(parts.reduce((sum, [, size]) => sum + size, 0));
  let at = 0;
  for (const [value, size] of parts) at = record.writeUIntLE(value, at, size);
  return record;
}

function tooLarge(): Error {
  return new UnrecoverableError(
    'The workbook would be larger than 4 GB, which no spreadsheet opens. Ask for CSV, or for fewer rows or columns.',
    { code: 'TOO_LARGE' },
  );
}
