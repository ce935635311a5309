/** A call that waits to be sent, with its answer's way back. */
export interface Pending<Call, Answer> {
  readonly call: Call;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

export interface GathererOptions<Call, Answer> {
  /** Sends the calls as one and answers each; when it throws, those without an answer yet are rejected with that. */
  send(batch: readonly Pending<Call, Answer>[]): Promise<void>;
  /** How many calls one batch holds at most. */
  readonly most: number;
  /** How many batches are under way at most, while the store answers: one can be made up while another is answered. */
  readonly inFlightMost: number;
  /** Ends the turn whose calls go together. */
  readonly defer: (send: () => void) => void;
}

/** Below this number a batch is not parted. */
const worthParting = 16;
/** A store that has not answered for so long holds nobody else up: callers must hear soon that it is away. */
const silenceMs = 1_000;

/**
 * Makes one call of those that are pending at the same moment. It never waits for more to come: it takes what has
 * gathered in the current turn, or while earlier batches were under way.
 */
export class Gatherer<Call, Answer> {
  readonly #options: GathererOptions<Call, Answer>;
  #pending: Pending<Call, Answer>[] = [];
  #inFlight = 0;
  #answered = 0;
  #scheduled = false;
  #silence: NodeJS.Timeout | undefined;

  constructor(options: GathererOptions<Call, Answer>) {
    this.#options = options;
  }

  /** Resolves with the call's own answer, whichever calls it was sent with. */
  call(call: Call): Promise<Answer> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ call, resolve, reject });
      if (this.#scheduled) return;
      if (this.#inFlight >= this.#options.inFlightMost) return this.#watchSilence();
      this.#scheduled = true;
      this.#options.defer(() => {
        this.#scheduled = false;
        this.#flush();
      });
    });
  }

  #flush(): void {
    while (this.#pending.length > 0 && this.#inFlight < this.#options.inFlightMost) void this.#sendNext();
    if (this.#pending.length > 0) this.#watchSilence();
  }

  async #sendNext(): Promise<void> {
    const batch = this.#pending.splice(0, this.#nextSize());
    this.#inFlight++;
    try {
      await this.#options.send(batch);
    } catch (error) {
      for (const pending of batch) pending.reject(error);
    } finally {
      this.#inFlight--;
      this.#answered++;
      this.#flush();
    }
  }

  /** Parts what is pending over the batches that may be under way, so that store and process work at the same time. */
  #nextSize(): number {
    const { most, inFlightMost } = this.#options;
    const parts = Math.max(1, inFlightMost - this.#inFlight);
    return Math.min(most, Math.max(worthParting, Math.ceil(this.#pending.length / parts)));
  }

  /** Calls that wait for others to be answered go without that when no answer has come for a while. */
  #watchSilence(): void {
    if (this.#silence !== undefined) return;
    const answered = this.#answered;
    this.#silence = setTimeout(() => {
      this.#silence = undefined;
      const silent = this.#answered === answered;
      while (silent && this.#pending.length > 0) void this.#sendNext();
      if (this.#pending.length > 0) this.#watchSilence();
    }, silenceMs).unref();
  }
}
