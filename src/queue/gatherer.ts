/** One add that is waiting for its turn. */
interface Pending<Item, Added> {
  readonly item: Item;
  resolve(added: Added): void;
  reject(error: unknown): void;
}

export interface Adders<Item, Added> {
  one(item: Item): Promise<Added>;
  /** All or none, in order. */
  many(items: readonly Item[]): Promise<readonly Added[]>;
}

/** Below this number single adds are faster: BullMQ's bulk add makes two temporary tables a call. */
const fewest = 8;
const most = 500;
/** Two bulk calls keep the database busy while the next is being made up; more bring nothing. */
const inFlightMost = 2;

/**
 * Gathers the adds that are pending at the same moment into one bulk call, where each add alone would be a commit of its
 * own. It never waits for more to come: it takes what has gathered in the current turn, or while earlier calls ran.
 */
export class Gatherer<Item, Added> {
  readonly #adders: Adders<Item, Added>;
  #pending: Pending<Item, Added>[] = [];
  #inFlight = 0;
  #scheduled = false;

  constructor(adders: Adders<Item, Added>) {
    this.#adders = adders;
  }

  /** Resolves when the item has been added, alone or with others; rejects when it was not. */
  add(item: Item): Promise<Added> {
    return new Promise((resolve, reject) => {
      this.#pending.push({ item, resolve, reject });
      if (this.#scheduled || this.#inFlight >= inFlightMost) return;
      this.#scheduled = true;
      // A microtask runs after the caller's own turn, so that a loop of adds is seen as a whole.
      queueMicrotask(() => {
        this.#scheduled = false;
        this.#flush();
      });
    });
  }

  #flush(): void {
    while (this.#pending.length > 0 && this.#inFlight < inFlightMost) {
      if (this.#pending.length < fewest) {
        const few = this.#pending.splice(0);
        for (const pending of few) void this.#single(pending);
      } else {
        void this.#bulk(this.#pending.splice(0, most));
      }
    }
  }

  async #single({ item, resolve, reject }: Pending<Item, Added>): Promise<void> {
    try {
      resolve(await this.#adders.one(item));
    } catch (error) {
      reject(error);
    }
  }

  async #bulk(batch: readonly Pending<Item, Added>[]): Promise<void> {
    this.#inFlight++;
    try {
      const added = await this.#adders.many(batch.map((pending) => pending.item));
      for (const [index, pending] of batch.entries()) {
        const result = added[index];
        if (result === undefined) pending.reject(new Error('The store answered fewer jobs than were added.'));
        else pending.resolve(result);
      }
    } catch (error) {
      for (const pending of batch) pending.reject(error);
    } finally {
      this.#inFlight--;
      this.#flush();
    }
  }
}
