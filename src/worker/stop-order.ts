import { type ErrorCode, MillraceError } from '../errors/catalogue.ts';
import type { StopReason } from './outcome.ts';

/** How long a processor may take to heed its signal before its job is given up on. */
const defaultGraceMs = 5_000;

interface Stop {
  readonly reason: StopReason;
  readonly error: MillraceError;
}

/** Tells one attempt to stop: through its signal, and after a grace by waiting for it no longer. */
export class StopOrder {
  readonly #graceMs: number;
  #given: Stop | undefined;
  #onGiven: (() => void) | undefined;
  // Made when a processor first asks for its signal: for many jobs it would cost more than all their other steps.
  #controller: AbortController | undefined;

  constructor(graceMs = defaultGraceMs) {
    this.#graceMs = graceMs;
  }

  /** Why the attempt was told to stop; `undefined` while it may go on. */
  get given(): Stop | undefined {
    return this.#given;
  }

  get signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#given !== undefined) this.#controller.abort(this.#given.error);
    }
    return this.#controller.signal;
  }

  /** The first reason counts. */
  give(reason: StopReason, code: ErrorCode, message: string): void {
    if (this.#given !== undefined) return;
    const error = new MillraceError(code, message);
    this.#given = { reason, error };
    this.#controller?.abort(error);
    this.#onGiven?.();
  }

  /**
   * Waits for what `work` does, but after a stop only as long as the grace: a processor that ignores it must not hold its
   * slot. Work that was stopped before it began is not begun.
   */
  async heeding<T>(work: () => Promise<T>): Promise<T> {
    if (this.#given !== undefined) throw this.#given.error;
    const { promise: givenUp, reject } = Promise.withResolvers<never>();
    let grace: NodeJS.Timeout | undefined;
    this.#onGiven = () => {
      grace = setTimeout(() => reject(this.#given?.error), this.#graceMs);
    };
    try {
      return await Promise.race([work(), givenUp]);
    } finally {
      this.#onGiven = undefined;
      clearTimeout(grace);
    }
  }
}
