/** Lets so many through in a second, and after a rest so many at once. */
export class Allowance {
  readonly #perSecond: number;
  readonly #atOnce: number;
  #left: number;
  #at = 0;

  constructor(perSecond: number, atOnce: number) {
    this.#perSecond = perSecond;
    this.#atOnce = atOnce;
    this.#left = atOnce;
  }

  /** Whether one more may pass. @param now in ms since 1970; a clock that was put back gives nothing away. */
  take(now: number): boolean {
    if (now > this.#at)
      this.#left = Math.min(this.#atOnce, this.#left + ((now - this.#at) * this.#perSecond) / 1_000);
    this.#at = now;
    if (this.#left < 1) return false;
    this.#left -= 1;
    return true;
  }
}
