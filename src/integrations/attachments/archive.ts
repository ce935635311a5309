import type { Readable } from 'node:stream';
import { type Entry, fromBuffer, type ZipFile } from 'yauzl';
import { ExtractionFault, type ExtractionLimits } from './extraction.ts';

const maxEntries = 10_000;
/** Above this size an entry that was packed tighter than `bombRatio` is taken for a bomb; office files reach 1:100. */
const suspiciousBytes = 10 * 1024 * 1024;
const bombRatio = 200;

/** Parts of an office file that were asked for, by name. */
export type Parts = ReadonlyMap<string, Buffer>;

/**
 * Unpacks a whole archive once, counting what really comes out, and keeps the parts that are wanted: what an archive
 * says about its own sizes is not believed.
 * @throws ExtractionFault ATTACHMENT_TOO_LARGE for a bomb, ATTACHMENT_ENCRYPTED; the reader's own error when it is broken.
 */
export async function unpack(
  bytes: Uint8Array,
  { maxUnpackedBytes }: ExtractionLimits,
  wanted: (name: string) => boolean,
): Promise<Parts> {
  const parts = new Map<string, Buffer>();
  const archive = await open(bytes);
  if (archive.entryCount > maxEntries) throw bomb(`has more than ${maxEntries} entries`);
  let unpacked = 0;
  for (let entry = await next(archive); entry !== undefined; entry = await next(archive)) {
    if (entry.isEncrypted())
      throw new ExtractionFault('ATTACHMENT_ENCRYPTED', 'The file is encrypted. Send it without a password.');
    const keep = wanted(entry.fileName);
    const chunks: Buffer[] = [];
    let size = 0;
    for await (const chunk of await content(archive, entry)) {
      if (!Buffer.isBuffer(chunk)) continue;
      size += chunk.length;
      unpacked += chunk.length;
      if (unpacked > maxUnpackedBytes) throw bomb(`unpacks to more than ${maxUnpackedBytes} bytes`);
      if (size > suspiciousBytes && size > entry.compressedSize * bombRatio)
        throw bomb(`holds a part that unpacks to more than ${bombRatio} times its size`);
      if (keep) chunks.push(chunk);
    }
    if (keep) parts.set(entry.fileName, Buffer.concat(chunks));
  }
  return parts;
}

function open(bytes: Uint8Array): Promise<ZipFile> {
  return new Promise((resolve, reject) => {
    fromBuffer(
      Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength),
      { lazyEntries: true },
      (error, archive) => (error === null ? resolve(archive) : reject(error)),
    );
  });
}

/** The reader checks names on the way: one that leads out of its folder is an error. */
function next(archive: ZipFile): Promise<Entry | undefined> {
  return new Promise((resolve, reject) => {
    archive.removeAllListeners();
    archive.on('entry', resolve);
    archive.on('end', () => resolve(undefined));
    archive.on('error', reject);
    archive.readEntry();
  });
}

function content(archive: ZipFile, entry: Entry): Promise<Readable> {
  return new Promise((resolve, reject) => {
    archive.openReadStream(entry, (error, stream) => (error === null ? resolve(stream) : reject(error)));
  });
}

function bomb(what: string): ExtractionFault {
  return new ExtractionFault('ATTACHMENT_TOO_LARGE', `The file ${what}, which no document of its kind does.`);
}
