import { Piscina } from 'piscina';
import { taken } from './feeding.ts';
import { mostListed, type PdfTask, plainReport, type RenderedPdf } from './pdf-task.ts';
import type { Renderer } from './report.ts';

/** As many as the machine of a small worker has cores; further reports wait for their turn. */
const maxThreads = 2;
const idleMs = 30_000;

let pool: Piscina<PdfTask, RenderedPdf> | undefined;

/** Threads come with the first report and leave when none was asked for in a while; idle ones keep no process alive. */
function threads(): Piscina<PdfTask, RenderedPdf> {
  if (pool !== undefined) return pool;
  pool = new Piscina<PdfTask, RenderedPdf>({
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
 * Lays a PDF out in a thread: for the third of a second that a long report takes, the worker goes on renewing its locks
 * and answering `/health`. A signal ends the thread in the middle of its work.
 */
export const renderPdfInThread: Renderer = async (report, sink, signal) => {
  const task = { report: await plainReport(report, mostListed), maxRows: mostListed };
  const { bytes, ...rendered } = await threads()
    .run(task, signal === undefined ? {} : { signal })
    .catch((error: unknown) => {
      // The pool says AbortError; the job wants to know why it was stopped.
      signal?.throwIfAborted();
      throw error;
    });
  sink.end(bytes);
  await taken(sink);
  return rendered;
};
