import { setTimeout as delay } from 'node:timers/promises';
import { type ErrorCode, MillraceError } from '../errors/catalogue.ts';
import type { Logger } from '../observability/logger.ts';

/** What a start needs may come up after it: machines that boot, containers that are made together. */
export interface StartPatience {
  /**
   * Does what needs a server, again and again while it does not answer, and says so in the log.
   * @throws MillraceError DATABASE_UNAVAILABLE or QUEUE_UNAVAILABLE, saying how long it was waited for, when the time of
   * the start is over; every other error at once.
   */
  reach<T>(work: () => Promise<T>): Promise<T>;
  /** What is left of the time, in ms. */
  readonly leftMs: number;
}

const away: ReadonlySet<string> = new Set<ErrorCode>(['DATABASE_UNAVAILABLE', 'QUEUE_UNAVAILABLE']);
const firstPauseMs = 500;
const longestPauseMs = 5_000;

/** Whether waiting may help against an error of that code. */
export function isAway(code: string | undefined): boolean {
  return code !== undefined && away.has(code);
}

/** Waits for nothing, as a command does whose person sits there. */
export const impatient: StartPatience = { reach: (work) => work(), leftMs: 0 };

export interface StartPatienceOptions {
  /** For all that one start waits for; with `0` it waits for nothing. */
  readonly timeoutMs: number;
  readonly log: Logger;
  /** Ends the waiting: `reach` then rejects with its reason. */
  readonly signal?: AbortSignal | undefined;
}

export function createStartPatience({ timeoutMs, log, signal }: StartPatienceOptions): StartPatience {
  const until = performance.now() + timeoutMs;
  const left = () => Math.max(0, until - performance.now());
  return {
    get leftMs() {
      return left();
    },
    async reach(work) {
      for (let pauseMs = firstPauseMs; ; pauseMs = Math.min(2 * pauseMs, longestPauseMs)) {
        try {
          return await work();
        } catch (error) {
          // One that is refused for good, such as a password, says that it is.
          if (!(error instanceof MillraceError) || !isAway(error.code) || !error.retryable) throw error;
          if (timeoutMs === 0) throw error;
          if (left() === 0) throw waited(error, timeoutMs);
          const givesUpInSeconds = Math.ceil(left() / 1_000);
          log.warn({ code: error.code, givesUpInSeconds }, `${error.message} The start waits for it.`);
          await delay(Math.min(pauseMs, left()), undefined, { ...(signal === undefined ? {} : { signal }) });
          signal?.throwIfAborted();
        }
      }
    },
  };
}

function waited(error: MillraceError, timeoutMs: number): MillraceError {
  const message = `${error.message} The start has waited for it for ${timeoutMs / 1_000} s (STARTUP_TIMEOUT) and ends.`;
  return new MillraceError(error.code, message, { cause: error });
}
