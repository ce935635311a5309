interface Window<T> {
  told: number;
  held: number;
  latest: T;
  readonly timer: NodeJS.Timeout;
}

export interface StormOptions<T> {
  readonly windowMs: number;
  /** How many of one cause are told singly in a window, before the rest is only counted. */
  readonly single: number;
  tell(event: T): void;
  /** Tells of those that were held back in a window that has ended; `latest` is one of them. */
  tellCount(latest: T, held: number): void;
}

/** Lets the first events of a cause through and counts the others, so that a storm is a few events and a number. */
export class Storm<T> {
  readonly #options: StormOptions<T>;
  readonly #windows = new Map<string, Window<T>>();

  constructor(options: StormOptions<T>) {
    this.#options = options;
  }

  add(cause: string, event: T): void {
    const window = this.#windows.get(cause) ?? this.#open(cause, event);
    window.latest = event;
    if (window.told < this.#options.single) {
      window.told++;
      this.#options.tell(event);
    } else window.held++;
  }

  /** Tells what is held back, at once. */
  flush(): void {
    for (const cause of [...this.#windows.keys()]) this.#close(cause);
  }

  #open(cause: string, latest: T): Window<T> {
    const timer = setTimeout(() => this.#close(cause), this.#options.windowMs);
    // What is still held when the process ends is told by `flush`.
    timer.unref();
    const window = { told: 0, held: 0, latest, timer };
    this.#windows.set(cause, window);
    return window;
  }

  #close(cause: string): void {
    const window = this.#windows.get(cause);
    if (window === undefined) return;
    clearTimeout(window.timer);
    this.#windows.delete(cause);
    if (window.held > 0) this.#options.tellCount(window.latest, window.held);
  }
}
