import { createHash, randomUUID } from 'node:crypto';
import type { IncomingMessage } from 'node:http';
import { Readable } from 'node:stream';
import { MillraceError } from '../errors/catalogue.ts';
import { mappingPattern, type PdfConverter } from '../integrations/conversion-gateway/port.ts';
import type { Conversion, Conversions } from '../integrations/database/port.ts';
import { ownFolders, type Storage } from '../integrations/storage/port.ts';
import type { Logger } from '../observability/logger.ts';
import { newId } from './keyed-ids.ts';
import { readUploadForm } from './upload-form.ts';

/** Who uploads, and under which key: the same key again, from the same caller, is the same conversion. */
export interface Uploader {
  readonly subject: string;
  readonly idempotencyKey: string | undefined;
}

/** A conversion, and whether this upload made it. */
export interface Received {
  readonly conversion: Conversion;
  readonly created: boolean;
}

export interface PdfUploadsOptions {
  readonly conversions: Conversions;
  readonly storage: Storage;
  readonly converter: Pick<PdfConverter, 'hasMapping'>;
  /** 40 MB when absent. */
  readonly maxBytes?: number;
}

const defaultMaxPdfBytes = 40 * 2 ** 20;
/** An upload that takes longer than this has been cut off by the time limit of requests. */
const reservedSeconds = 3_600;
/** Readers look for the header in the first kilobyte (ISO 32000-1, annex H.3.4.1). */
const headerWithin = 1_024;
const longestName = 255;

/**
 * Takes in PDFs: the file goes straight into the storage, then its row says that it is there. Its key is marked before the
 * first byte is written, so that a process that dies in between leaves a file that a cleanup finds.
 */
export function createPdfUploads({
  conversions,
  storage,
  converter,
  maxBytes = defaultMaxPdfBytes,
}: PdfUploadsOptions) {
  return {
    /**
     * @throws MillraceError UNSUPPORTED_MEDIA for what is no PDF, TOO_LARGE, INVALID_REQUEST with the path of each wrong
     * field, IDEMPOTENCY_CONFLICT, STORAGE_FAILED, DATABASE_UNAVAILABLE. Nothing is kept then.
     */
    async receive(request: IncomingMessage, uploader: Uploader, log: Logger): Promise<Received> {
      const id = newId('conversion', uploader.subject, uploader.idempotencyKey);
      const existing = uploader.idempotencyKey === undefined ? undefined : await conversions.find(id);
      if (existing !== undefined) return { conversion: await compare(request, existing), created: false };
      return take(request, id, uploader, log);
    },
  };

  async function take(
    request: IncomingMessage,
    id: string,
    { subject, idempotencyKey }: Uploader,
    log: Logger,
  ): Promise<Received> {
    const keyed = idempotencyKey !== undefined;
    // Two uploads under one key at once are two files, of which one stays.
    const key = keyed
      ? `${ownFolders.uploads}/${id}-${randomUUID().slice(0, 8)}.pdf`
      : `${ownFolders.uploads}/${id}.pdf`;
    await conversions.reserveUpload(key, reservedSeconds);
    let kept = false;
    let mapping = 'default';
    try {
      const form = await readUploadForm(request, {
        fields: ['mapping'],
        maxBytes,
        keep: (file, signal) => storage.put(key, Readable.from(pdfOnly(file), { objectMode: false }), signal),
      });
      kept = true;
      mapping = form.fields.mapping ?? 'default';
      await checkMapping(mapping, converter);
      const conversion = await conversions.create({
        id,
        uploadPath: key,
        mapping,
        fileName: form.fileName === undefined ? undefined : printable(form.fileName),
        uploadBytes: form.kept.bytes,
        addedBy: subject,
      });
      return { conversion, created: true };
    } catch (error) {
      const first = kept && keyed ? await conversions.find(id).catch(() => undefined) : undefined;
      if (first === undefined || first.uploadPath === key) {
        await discard(key, kept, error, log);
        throw error;
      }
      const digest = await digestOf(await storage.get(key));
      await drop(key, true, log);
      return { conversion: await sameUpload(first, { mapping, digest }), created: false };
    }
  }

  /** Reads an upload whose key was used before; nothing of it is kept. */
  async function compare(request: IncomingMessage, existing: Conversion): Promise<Conversion> {
    const form = await readUploadForm(request, {
      fields: ['mapping'],
      maxBytes,
      keep: (file) => digestOf(pdfOnly(file)),
    });
    return sameUpload(existing, { mapping: form.fields.mapping ?? 'default', digest: form.kept });
  }

  /** @throws MillraceError IDEMPOTENCY_CONFLICT when file or mapping differ from those of the first upload. */
  async function sameUpload(
    existing: Conversion,
    { mapping, digest }: { readonly mapping: string; readonly digest: string },
  ): Promise<Conversion> {
    const stored = await digestOf(await storage.get(existing.uploadPath));
    if (mapping === existing.mapping && digest === stored) return existing;
    throw new MillraceError(
      'IDEMPOTENCY_CONFLICT',
      'The idempotency key was used before for another PDF or mapping. Use a new key for a new conversion.',
    );
  }

  /** A row that may have been written all the same keeps its file; else the mark lets a cleanup remove it. */
  async function discard(key: string, kept: boolean, error: unknown, log: Logger): Promise<void> {
    if (kept && !(error instanceof MillraceError && error.code === 'INVALID_REQUEST')) return;
    await drop(key, kept, log);
  }

  async function drop(key: string, kept: boolean, log: Logger): Promise<void> {
    try {
      if (kept) await storage.remove(key);
      await conversions.forgetUpload(key);
    } catch (fault) {
      log.warn({ key, err: fault }, 'An upload that came to nothing is left for the next cleanup.');
    }
  }
}

/** @throws MillraceError INVALID_REQUEST; where only the gateway knows its mappings, any well-formed name will do. */
async function checkMapping(mapping: string, converter: Pick<PdfConverter, 'hasMapping'>): Promise<void> {
  const message = !mappingPattern.test(mapping)
    ? 'must begin with a letter or digit and hold only letters, digits, _ and -, at most 64'
    : (await converter.hasMapping?.(mapping)) === false
      ? `there is no mapping "${mapping}"`
      : undefined;
  if (message === undefined) return;
  throw new MillraceError('INVALID_REQUEST', `The form is invalid. mapping: ${message}`, {
    details: [{ path: 'mapping', message }],
  });
}

/** SHA-256, in hexadecimal. */
async function digestOf(file: AsyncIterable<unknown>): Promise<string> {
  const hash = createHash('sha256');
  for await (const chunk of file) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('A file is made of bytes.');
    hash.update(chunk);
  }
  return hash.digest('hex');
}

/** Lets a PDF through; of anything else not a byte. */
async function* pdfOnly(file: AsyncIterable<unknown>): AsyncGenerator<Uint8Array> {
  let held: Uint8Array[] | undefined = [];
  let length = 0;
  for await (const chunk of file) {
    if (!(chunk instanceof Uint8Array)) throw new TypeError('A file is made of bytes.');
    if (held === undefined) {
      yield chunk;
      continue;
    }
    held.push(chunk);
    length += chunk.length;
    if (length < headerWithin) continue;
    yield checked(held);
    held = undefined;
  }
  if (held !== undefined) yield checked(held);
}

function checked(held: readonly Uint8Array[]): Buffer {
  const head = Buffer.concat(held);
  if (head.subarray(0, headerWithin).includes('%PDF-')) return head;
  throw new MillraceError('UNSUPPORTED_MEDIA', 'The file is no PDF, whatever its name says. Send a PDF.');
}

/** As the database keeps it, and no longer than a name. */
function printable(name: string): string {
  return name
    .toWellFormed()
    .replace(/\p{Cc}/gu, '')
    .slice(0, longestName);
}
