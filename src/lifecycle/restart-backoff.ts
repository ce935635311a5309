export interface RestartBackoffOptions {
  readonly firstMs: number;
  readonly longestMs: number;
  /** A process that was up for so long has proved itself: what it ends with is no part of an earlier trouble. */
  readonly provenMs: number;
  /** From 0 to below 1; `Math.random` when absent. */
  readonly random?: () => number;
}

/** Half of a pause is drawn by lot, so that processes that died together do not come back together. */
const jitter = 0.5;

/** How long to wait before a process is started again: twice as long after each end that follows too soon. */
export class RestartBackoff {
  readonly #options: RestartBackoffOptions;
  #failures = 0;

  constructor(options: RestartBackoffOptions) {
    this.#options = options;
  }

  /** Ends in a row that came too soon. */
  get failures(): number {
    return this.#failures;
  }

  /** Takes note of an end, after `upMs` of being up, and says how many ms to wait. */
  next(upMs: number): number {
    const { firstMs, longestMs, provenMs, random = Math.random } = this.#options;
    this.#failures = upMs >= provenMs ? 1 : this.#failures + 1;
    const longest = Math.min(longestMs, firstMs * 2 ** (this.#failures - 1));
    return Math.round(longest * (1 - jitter * random()));
  }
}
