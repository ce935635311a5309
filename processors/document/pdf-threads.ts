import { Piscina } from 'piscina';
import { UnrecoverableError } from '../../src/errors/catalogue.ts';
import type { CerContent } from './cer/content.ts';
import type { Matrix } from './compliance/matrix.ts';
import type { PdfTask } from './report/pdf-task.ts';

/** A document to draw, as plain data that a thread can be given. */
export type Drawing =
  | { readonly kind: 'report'; readonly task: PdfTask }
  | { readonly kind: 'cer'; readonly content: CerContent }
  | { readonly kind: 'matrix'; readonly matrix: Matrix };

export interface DrawnPdf {
  readonly bytes: Uint8Array;
  readonly rows?: number;
  readonly pages?: number;
}

/** As many as the machine of a small worker has cores; further documents wait for their turn. */
const maxThreads = 2;
const idleMs = 30_000;

/**
 * Bounds of one thread's memory, in MB. Without them V8 lets each thread's garbage grow by what the machine has, to twice
 * of what a long report needs; the longest that there is, of 2,000 rows that fill their cells, needs 190.
 */
const memory = { maxOldGenerationSizeMb: 256, maxYoungGenerationSizeMb: 24 };

/**
 * Lays a PDF out in a thread: for the third of a second that a long document takes, the worker goes on renewing its
 * locks and answering `/health`. A signal ends the thread in the middle of its work; its reason is thrown.
 * @throws TOO_LARGE when the document takes more memory than a thread may.
 */
export const drawInThread = pdfThreads(memory);

/** Threads come with the first document and leave when none was asked for in a while; idle ones keep no process alive. */
export function pdfThreads(
  limits: typeof memory,
): (drawing: Drawing, signal?: AbortSignal) => Promise<DrawnPdf> {
  let pool: Piscina<Drawing, DrawnPdf> | undefined;
  return async (drawing, signal) => {
    pool ??= openPool(limits);
    try {
      return await pool.run(drawing, signal === undefined ? {} : { signal });
    } catch (error) {
      // The pool says AbortError; the job wants to know why it was stopped.
      signal?.throwIfAborted();
      throw isOutOfMemory(error) ? tooLarge(error) : error;
    }
  };
}

function openPool(resourceLimits: typeof memory): Piscina<Drawing, DrawnPdf> {
  const pool = new Piscina<Drawing, DrawnPdf>({
    // The same file as TypeScript in the sources and as JavaScript in `dist`.
    filename: new URL(`./pdf-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url).href,
    minThreads: 0,
    maxThreads,
    idleTimeout: idleMs,
    concurrentTasksPerWorker: 1,
    resourceLimits,
    // Flags of the process, such as those of a test runner, are not for threads.
    execArgv: [],
  });
  // A thread that breaks between tasks is replaced; unheard, the event would end the process.
  pool.on('error', () => undefined);
  return pool;
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}

function tooLarge(cause: unknown): UnrecoverableError {
  return new UnrecoverableError(
    'The document takes more memory than a PDF may. Ask for a workbook (xlsx) or CSV instead, or for less of it.',
    { code: 'TOO_LARGE', cause },
  );
}
