import { extname } from 'node:path';
import { Worker } from 'node:worker_threads';
import type { MillraceError } from '../../errors/catalogue.ts';
import type { ExtractionAnswer, ExtractionLimits, ExtractionTask } from './extraction.ts';
import { megabytes, refuse } from './faults.ts';
import type { TextExtractor } from './port.ts';

export interface TextExtractorOptions extends Partial<ExtractionLimits> {
  /** For one file, in ms; the thread is then ended, whatever it does. */
  readonly timeoutMs?: number;
  /** For one file, beside the file itself. */
  readonly maxMemoryBytes?: number;
}

const defaults: ExtractionLimits = {
  maxPages: 5_000,
  maxCharacters: 10_000_000,
  maxUnpackedBytes: 300 * 1024 * 1024,
};

/** How often the thread's memory outside its heap is looked at, in ms. */
const watchMs = 100;

/** Reads files in a thread of their own each, which is ended when it takes too long or too much. */
export function createTextExtractor({
  timeoutMs = 120_000,
  maxMemoryBytes = 512 * 1024 * 1024,
  ...limits
}: TextExtractorOptions = {}): TextExtractor {
  return {
    async extract(bytes, signal) {
      signal.throwIfAborted();
      const own = new Uint8Array(bytes);
      const task: ExtractionTask = { bytes: own, limits: { ...defaults, ...limits } };
      const worker = startWorker(task, own.buffer, maxMemoryBytes);
      try {
        const answer = await answerOf(worker, {
          timeoutMs,
          maxMemoryBytes: maxMemoryBytes + bytes.length * 3,
          signal,
        });
        if (answer.ok) return answer.text;
        throw refuse(answer.code, answer.message);
      } finally {
        await worker.terminate();
      }
    },
  };
}

function startWorker(task: ExtractionTask, moved: ArrayBuffer, maxMemoryBytes: number): Worker {
  // The sources run as they are, and the image runs what was built from them.
  const file = new URL(`./extraction-worker${extname(import.meta.url)}`, import.meta.url);
  const worker = new Worker(file, {
    workerData: task,
    transferList: [moved],
    resourceLimits: { maxOldGenerationSizeMb: maxMemoryBytes / (1024 * 1024), maxYoungGenerationSizeMb: 32 },
    // A parser has no business with our environment.
    env: {},
    execArgv: [],
    stdout: true,
    stderr: true,
  });
  // What parsers complain about is neither for our log nor to pile up.
  worker.stdout.resume();
  worker.stderr.resume();
  return worker;
}

interface Bounds {
  readonly timeoutMs: number;
  readonly maxMemoryBytes: number;
  readonly signal: AbortSignal;
}

async function answerOf(
  worker: Worker,
  { timeoutMs, maxMemoryBytes, signal }: Bounds,
): Promise<ExtractionAnswer> {
  const { promise, resolve, reject } = Promise.withResolvers<ExtractionAnswer>();
  const stop = () => reject(signal.reason);
  const timer = setTimeout(
    () =>
      reject(refuse('ATTACHMENT_UNREADABLE', `The file could not be read within ${timeoutMs / 1_000} s.`)),
    timeoutMs,
  );
  const tooMuch = () =>
    refuse('ATTACHMENT_TOO_LARGE', `Reading the file took more than ${megabytes(maxMemoryBytes)} of memory.`);
  const watch = setInterval(async () => {
    const used = await externalMemory(worker);
    if (used > maxMemoryBytes) reject(tooMuch());
  }, watchMs);
  signal.addEventListener('abort', stop, { once: true });
  worker.once('message', resolve);
  worker.on('error', (error: unknown) => reject(isOutOfMemory(error) ? tooMuch() : crashed(error)));
  worker.once('exit', () => reject(crashed(undefined)));
  try {
    return await promise;
  } finally {
    clearTimeout(timer);
    clearInterval(watch);
    signal.removeEventListener('abort', stop);
  }
}

/** Buffers lie outside the heap, where `resourceLimits` does not see them. */
async function externalMemory(worker: Worker): Promise<number> {
  try {
    const { external_memory: bytes } = await worker.getHeapStatistics();
    return bytes;
  } catch {
    // It has ended, or not begun.
    return 0;
  }
}

function isOutOfMemory(error: unknown): boolean {
  return error instanceof Error && 'code' in error && error.code === 'ERR_WORKER_OUT_OF_MEMORY';
}

function crashed(cause: unknown): MillraceError {
  return refuse(
    'ATTACHMENT_UNREADABLE',
    'The program that reads such files broke down over this one.',
    cause,
  );
}
