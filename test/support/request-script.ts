/** What a fake server has been asked, and what it is to do instead of answering the next requests by the rules. */
export class RequestScript<T> {
  /** Each request in a line, as the server describes it. */
  readonly requests: string[] = [];
  readonly #faults: { readonly fits: RegExp; readonly how: T }[] = [];
  readonly #waiting: { readonly fits: RegExp; readonly resolve: () => void }[] = [];

  /** Notes a request. @returns the oldest misbehaviour that is left for it, if any. */
  take(line: string): T | undefined {
    this.requests.push(line);
    for (const one of this.#waiting) if (one.fits.test(line)) one.resolve();
    const at = this.#faults.findIndex(({ fits }) => fits.test(line));
    return at === -1 ? undefined : this.#faults.splice(at, 1)[0]?.how;
  }

  readonly misbehave = (fits: RegExp, ...how: T[]): void => {
    this.#faults.push(...how.map((one) => ({ fits, how: one })));
  };

  /** Resolves when a request has come that fits. */
  readonly requested = (fits: RegExp): Promise<void> => {
    if (this.requests.some((line) => fits.test(line))) return Promise.resolve();
    return new Promise((resolve) => this.#waiting.push({ fits, resolve }));
  };
}
