import type { Backend } from '../backend/port.ts';
import { reached } from '../backend/unanswered.ts';
import { MillraceError } from '../errors/catalogue.ts';
import { messageOf } from '../errors/classify.ts';

/** How long the store may take for the smallest question once it has failed at another. */
const pingTimeoutMs = 2_000;

/** How long a job waits whose follow-up jobs were not accepted, in ms: it costs it no attempt. */
const awayMs = 5_000;

/**
 * Does work on the store. An error that the store itself gives is its absence if it does not answer the smallest question
 * either.
 * @throws MillraceError QUEUE_UNAVAILABLE when the store is away or full and nothing was accepted; REQUEST_TIMEOUT when it gave no
 * answer, so that nobody knows what became of the work; else what the work throws.
 */
export async function reach<T>(store: Pick<Backend, 'ping'>, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof MillraceError) throw error;
    const came = reached(error);
    if (came === 'unknown') {
      throw new MillraceError(
        'REQUEST_TIMEOUT',
        `The queues gave no answer (${messageOf(error)}) and may have done it all the same. Try again, with the same idempotency key if it must not be done twice.`,
        { cause: error },
      );
    }
    if (came === 'no-room') {
      throw new MillraceError(
        'QUEUE_UNAVAILABLE',
        `The store of the queues has no room left (${messageOf(error)}); nothing was accepted. Give it disk or memory, then try again.`,
        { cause: error },
      );
    }
    if (came === 'refused' && (await answers(store))) throw error;
    throw new MillraceError(
      'QUEUE_UNAVAILABLE',
      `The queues do not answer (${messageOf(error)}); nothing was accepted. Try again.`,
      { cause: error, retryAfterMs: awayMs },
    );
  }
}

async function answers(store: Pick<Backend, 'ping'>): Promise<boolean> {
  let timer: NodeJS.Timeout | undefined;
  const tooLate = new Promise<false>((resolve) => {
    timer = setTimeout(() => resolve(false), pingTimeoutMs);
  });
  const answered = store.ping().then(
    () => true,
    () => false,
  );
  try {
    return await Promise.race([answered, tooLate]);
  } finally {
    clearTimeout(timer);
  }
}
