import { MillraceError } from '../../errors/catalogue.ts';

interface Pending<Item, Answer> {
  readonly item: Item;
  resolve(answer: Answer): void;
  reject(error: unknown): void;
}

export interface GatherOptions {
  /** Items in one call. */
  readonly most?: number;
  /** Calls at once: while they run, the next is gathered. */
  readonly inFlight?: number;
  /** How far apart calls begin at least, in ms, unless one would be full. */
  readonly everyMs?: number;
}

/**
 * Makes one call of those that are asked for at the same moment: a statement and a commit for many rows instead of one
 * for each. It takes what has gathered in the current turn, while calls were under way, or since the last call when that
 * began less than `everyMs` ago; so an item alone is as quick as ever, and a stream of items goes in few calls. An item
 * that makes its call fail fails alone: the others are asked again.
 * @param many answers each item in its place.
 */
export function gather<Item, Answer>(
  many: (items: readonly Item[]) => Promise<readonly Answer[]>,
  { most = 100, inFlight = 2, everyMs = 0 }: GatherOptions = {},
): (item: Item) => Promise<Answer> {
  const waiting: Pending<Item, Answer>[] = [];
  let running = 0;
  let scheduled = false;
  let earliest = 0;
  let timer: NodeJS.Timeout | undefined;

  async function call(batch: readonly Pending<Item, Answer>[]): Promise<void> {
    try {
      const answers = await many(batch.map(({ item }) => item));
      for (const [index, { resolve, reject }] of batch.entries()) {
        const answer = answers[index];
        if (answer === undefined) reject(new Error('The database answered fewer rows than were asked for.'));
        else resolve(answer);
      }
    } catch (error) {
      if (batch.length === 1 || isAway(error)) for (const { reject } of batch) reject(error);
      else for (const one of batch) await call([one]);
    }
  }

  function flush(): void {
    scheduled = false;
    clearTimeout(timer);
    timer = undefined;
    while (waiting.length > 0 && running < inFlight) {
      const early = waiting.length < most ? earliest - performance.now() : 0;
      if (early > 0) {
        timer = setTimeout(flush, early);
        return;
      }
      earliest = performance.now() + everyMs;
      running += 1;
      void call(waiting.splice(0, most)).then(() => {
        running -= 1;
        flush();
      });
    }
  }

  return (item) =>
    new Promise((resolve, reject) => {
      waiting.push({ item, resolve, reject });
      if (scheduled || running >= inFlight || (timer !== undefined && waiting.length < most)) return;
      scheduled = true;
      // After the caller's own turn, so that what is asked for together is seen together.
      queueMicrotask(flush);
    });
}

/** The fault of no single item. */
function isAway(error: unknown): boolean {
  return (
    error instanceof MillraceError &&
    (error.code === 'DATABASE_UNAVAILABLE' || error.code === 'DATABASE_REFUSED')
  );
}
