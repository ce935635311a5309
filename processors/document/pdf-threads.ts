import { Piscina } from 'piscina';
import type { CerContent } from './cer/content.ts';
import type { PdfTask } from './report/pdf-task.ts';

/** A document to draw, as plain data that a thread can be given. */
export type Drawing =
  | { readonly kind: 'report'; readonly task: PdfTask }
  | { readonly kind: 'cer'; readonly content: CerContent };

export interface DrawnPdf {
  readonly bytes: Uint8Array;
  readonly rows?: number;
  readonly pages?: number;
}

/** As many as the machine of a small worker has cores; further documents wait for their turn. */
const maxThreads = 2;
const idleMs = 30_000;

let pool: Piscina<Drawing, DrawnPdf> | undefined;

/** Threads come with the first document and leave when none was asked for in a while; idle ones keep no process alive. */
function threads(): Piscina<Drawing, DrawnPdf> {
  if (pool !== undefined) return pool;
  pool = new Piscina<Drawing, DrawnPdf>({
    // The same file as TypeScript in the sources and as JavaScript in `dist`.
    filename: new URL(`./pdf-thread${import.meta.url.endsWith('.ts') ? '.ts' : '.js'}`, import.meta.url).href,
    minThreads: 0,
    maxThreads,
    idleTimeout: idleMs,
    concurrentTasksPerWorker: 1,
    // Flags of the process, such as those of a test runner, are not for threads.
    execArgv: [],
  });
  // A thread that breaks between tasks is replaced; unheard, the event would end the process.
  pool.on('error', () => undefined);
  return pool;
}

/**
 * Lays a PDF out in a thread: for the third of a second that a long document takes, the worker goes on renewing its
 * locks and answering `/health`. A signal ends the thread in the middle of its work; its reason is thrown.
 */
export async function drawInThread(drawing: Drawing, signal?: AbortSignal): Promise<DrawnPdf> {
  try {
    return await threads().run(drawing, signal === undefined ? {} : { signal });
  } catch (error) {
    // The pool says AbortError; the job wants to know why it was stopped.
    signal?.throwIfAborted();
    throw error;
  }
}
