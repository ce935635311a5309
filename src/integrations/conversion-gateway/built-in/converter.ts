import { extname } from 'node:path';
import { Readable } from 'node:stream';
import { MillraceError } from '../../../errors/catalogue.ts';
import { runInThread, ThreadFailure } from '../../../lifecycle/bounded-thread.ts';
import type { PdfConverter, PdfSource } from '../port.ts';
import { openMappings } from './mappings.ts';
import type { PdfLimits } from './page-text.ts';
import type { ConversionAnswer, ConversionTask } from './task.ts';

export interface BuiltInOptions {
  /** Where mapping files are; the first folder that has one of the name counts. */
  readonly folders: readonly string[];
  /** For one PDF, in ms; its thread is then ended. */
  readonly timeoutMs?: number;
  /** For one PDF, beside the file itself. 510 line items take 24 MB, 5,000 take 48, 20,000 on 528 pages 128. */
  readonly maxMemoryBytes?: number;
  readonly maxPdfBytes?: number;
  readonly limits?: Partial<PdfLimits>;
}

const defaultLimits: PdfLimits = { maxPages: 5_000, maxItems: 2_000_000 };
const mebibyte = 2 ** 20;

/** The sources run as they are, and the image runs what was built from them. */
const file = new URL(`./conversion-thread${extname(import.meta.url)}`, import.meta.url);

/** Converts by itself: the text of a PDF with its places, read by a mapping file, in a thread within limits. */
export function createBuiltInConverter({
  folders,
  timeoutMs = 120_000,
  maxMemoryBytes = 160 * mebibyte,
  maxPdfBytes = 100 * mebibyte,
  limits = {},
}: BuiltInOptions): PdfConverter {
  const mappings = openMappings(folders);
  return {
    name: 'built-in',
    async convert(pdf, name, keep, signal) {
      signal.throwIfAborted();
      const mapping = await mappings.load(name);
      const bytes = await readAll(pdf, maxPdfBytes, signal);
      const externalBytes = maxMemoryBytes + bytes.length * 3;
      const data: ConversionTask = { bytes, limits: { ...defaultLimits, ...limits }, name, mapping };
      const bounds = { timeoutMs, heapBytes: maxMemoryBytes, externalBytes, signal };
      const answer = await runInThread({ file, data, moved: [bytes.buffer], ...bounds }).catch(
        (error: unknown) => {
          throw error instanceof ThreadFailure ? unreadable(error, timeoutMs, externalBytes) : error;
        },
      );
      if (!isAnswer(answer)) throw new Error('The thread that converts answered something else.');
      if (!answer.ok) throw new MillraceError(answer.code, answer.message);
      return { kept: await keep(Readable.from([Buffer.from(answer.xml)])), lineItems: answer.lineItems };
    },
    hasMapping: (name) => mappings.has(name),
  };
}

/** The whole file in a buffer of its own, which can be moved; held once, where its size is known. */
async function readAll(
  pdf: PdfSource,
  maxBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array<ArrayBuffer>> {
  const stream = await pdf.open();
  const stop = () => stream.destroy();
  signal.addEventListener('abort', stop, { once: true });
  // What a row says of its upload may be anything.
  let bytes = new Uint8Array(Math.min(Math.max(pdf.bytes ?? mebibyte, 0), maxBytes));
  let length = 0;
  try {
    for await (const chunk of stream) {
      if (!(chunk instanceof Uint8Array)) throw new TypeError('A file is made of bytes.');
      const end = length + chunk.length;
      if (end > maxBytes)
        throw new MillraceError('TOO_LARGE', `The PDF is larger than ${maxBytes / mebibyte} MB.`);
      if (end > bytes.length) {
        const longer = new Uint8Array(Math.max(end, bytes.length * 2));
        longer.set(bytes);
        bytes = longer;
      }
      bytes.set(chunk, length);
      length = end;
    }
  } catch (error) {
    signal.throwIfAborted();
    if (error instanceof MillraceError && error.code === 'TOO_LARGE') throw error;
    throw new MillraceError('IO_ERROR', 'The uploaded PDF could not be read to its end.', { cause: error });
  } finally {
    signal.removeEventListener('abort', stop);
    stream.destroy();
  }
  return length === bytes.length ? bytes : bytes.slice(0, length);
}

/** Only our own thread posts here. */
function isAnswer(answer: unknown): answer is ConversionAnswer {
  return typeof answer === 'object' && answer !== null && 'ok' in answer;
}

function unreadable(
  { fault, cause }: ThreadFailure,
  timeoutMs: number,
  externalBytes: number,
): MillraceError {
  const why = {
    timeout: `could not be read within ${timeoutMs / 1_000} s`,
    memory: `takes more than ${Math.round(externalBytes / mebibyte)} MB of memory to read: send it in parts`,
    crash: 'breaks the program that reads it',
  }[fault];
  return new MillraceError('PDF_UNREADABLE', `The PDF ${why}.`, { cause });
}
