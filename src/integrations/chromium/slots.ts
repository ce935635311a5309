interface Waiting {
  admit(): void;
  refuse(reason: unknown): void;
}

/** So many at once; the others wait in the order in which they came. */
export class Slots {
  #free: number;
  readonly #waiting = new Set<Waiting>();

  constructor(slots: number) {
    this.#free = slots;
  }

  /** Resolves with what gives the slot back. @throws the signal's reason, or that of `refuseWaiting`. */
  async take(signal: AbortSignal): Promise<() => void> {
    signal.throwIfAborted();
    if (this.#free > 0) this.#free -= 1;
    else await this.#wait(signal);
    let given = false;
    return () => {
      if (given) return;
      given = true;
      this.#giveBack();
    };
  }

  refuseWaiting(reason: unknown): void {
    for (const waiting of [...this.#waiting]) waiting.refuse(reason);
  }

  #wait(signal: AbortSignal): Promise<void> {
    const { promise, resolve, reject } = Promise.withResolvers<void>();
    const leave = () => {
      this.#waiting.delete(waiting);
      signal.removeEventListener('abort', onAbort);
    };
    const waiting: Waiting = {
      admit() {
        leave();
        resolve();
      },
      refuse(reason) {
        leave();
        reject(reason);
      },
    };
    const onAbort = () => waiting.refuse(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    this.#waiting.add(waiting);
    return promise;
  }

  #giveBack(): void {
    const [next] = this.#waiting;
    if (next === undefined) this.#free += 1;
    else next.admit();
  }
}
