import type { Backend, JobQueue } from '../backend/port.ts';

/** The queues that this process has open: each is opened when it is first asked for, and once. */
export class OpenQueues {
  readonly #backend: Backend;
  readonly #onError: (queue: string, error: Error) => void;
  readonly #open = new Map<string, JobQueue>();
  #closing = false;

  /** @param onError hears of errors of the queues' connections; calls fail by themselves. */
  constructor(backend: Backend, onError: (queue: string, error: Error) => void) {
    this.#backend = backend;
    this.#onError = onError;
  }

  get(name: string): JobQueue {
    const existing = this.#open.get(name);
    if (existing !== undefined) return existing;
    const queue = this.#backend.queue(name);
    queue.on('error', (error) => {
      // What a closing connection still says is no news.
      if (!this.#closing) this.#onError(name, error);
    });
    this.#open.set(name, queue);
    queue.waitUntilReady().catch(() => this.#forget(name, queue));
    return queue;
  }

  async close(): Promise<void> {
    this.#closing = true;
    await Promise.all([...this.#open.values()].map((queue) => queue.close()));
  }

  /** BullMQ remembers for ever that a queue could not reach the store when it was opened; so the next use opens it anew. */
  #forget(name: string, queue: JobQueue): void {
    if (this.#closing || this.#open.get(name) !== queue) return;
    this.#open.delete(name);
    // It has no connection whose end anybody could wait for.
    queue.close().catch(() => undefined);
  }
}
