import { Worker } from 'node:worker_threads';

/** Why a thread gave no answer. */
export type ThreadFault = 'timeout' | 'memory' | 'crash';

export class ThreadFailure extends Error {
  override readonly name = 'ThreadFailure';
  readonly fault: ThreadFault;
  constructor(fault: ThreadFault, cause?: unknown) {
    super(`The thread ended without an answer: ${fault}.`, { cause });
    this.fault = fault;
  }
}

export interface ThreadTask {
  /** The module that runs: it reads `workerData`, posts one message and ends. */
  readonly file: URL;
  readonly data: unknown;
  /** Moved into the thread instead of copied. */
  readonly moved: readonly ArrayBuffer[];
  readonly timeoutMs: number;
  /** For the heap. */
  readonly heapBytes: number;
  /** For what lies outside the heap: buffers, with those that were moved. */
  readonly externalBytes: number;
  readonly signal: AbortSignal;
}

/** How often the thread's memory outside its heap is looked at, in ms. */
const watchMs = 100;

/**
 * Runs a task on foreign input in a thread of its own, which is ended when it takes too long or too much, whatever it does.
 * @returns what it posted.
 * @throws ThreadFailure; the signal's reason.
 */
export async function runInThread(task: ThreadTask): Promise<unknown> {
  task.signal.throwIfAborted();
  const worker = startWorker(task);
  try {
    return await answerOf(worker, task);
  } finally {
    await worker.terminate();
  }
}

function startWorker({ file, data, moved, heapBytes }: ThreadTask): Worker {
  const worker = new Worker(file, {
    workerData: data,
    transferList: [...moved],
    // A young generation of more only takes memory: the times are the same.
    resourceLimits: { maxOldGenerationSizeMb: heapBytes / (1024 * 1024), maxYoungGenerationSizeMb: 8 },
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

async function answerOf(
  worker: Worker,
  { timeoutMs, externalBytes, signal }: Pick<ThreadTask, 'timeoutMs' | 'externalBytes' | 'signal'>,
): Promise<unknown> {
  const { promise, resolve, reject } = Promise.withResolvers<unknown>();
  const stop = () => reject(signal.reason);
  const timer = setTimeout(() => reject(new ThreadFailure('timeout')), timeoutMs);
  const watch = setInterval(async () => {
    if ((await externalMemory(worker)) > externalBytes) reject(new ThreadFailure('memory'));
  }, watchMs);
  signal.addEventListener('abort', stop, { once: true });
  worker.once('message', resolve);
  worker.on('error', (error: unknown) =>
    reject(new ThreadFailure(isOutOfMemory(error) ? 'memory' : 'crash', error)),
  );
  worker.once('exit', () => reject(new ThreadFailure('crash')));
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
