import { MillraceError } from '../errors/catalogue.ts';
import type { Revocations } from '../integrations/database/port.ts';

/** Where a look overlaps the one before, in ms: what was written meanwhile may become visible late. */
const overlapMs = 60_000;
/** How old the last look may be. While the database is away nobody can revoke anything, but a process may be alone with that. */
const stalestMs = 60_000;

/**
 * The tokens and sessions that were ended before their time, as this process knows them. `refresh` is called every few
 * seconds, so that a check costs nothing and a token revoked in one process is refused in all.
 */
export class Revoked {
  readonly #rows: Revocations;
  readonly #now: () => number;
  readonly #until = new Map<string, number>();
  readonly #listeners = new Set<(id: string) => void>();
  /** By the database's clock. */
  #seenAt = 0;
  #lookedAt = Number.NEGATIVE_INFINITY;

  constructor(rows: Revocations, now: () => number = Date.now) {
    this.#rows = rows;
    this.#now = now;
  }

  /** Whether it was ended. @throws MillraceError DATABASE_UNAVAILABLE when that has not been known for a minute. */
  has(id: string): boolean {
    if (this.#now() - this.#lookedAt > stalestMs) {
      throw new MillraceError(
        'DATABASE_UNAVAILABLE',
        'The database has been away for a minute, so nobody can tell whether this token or session was revoked. Try again.',
      );
    }
    return this.#until.has(id);
  }

  /** Here and now; the other processes hear of it by their next `refresh`. */
  add(id: string, until: Date): void {
    this.#note(id, until.getTime());
  }

  /** Tells of each token and session from now on that is ended, once this process knows of it. */
  onEnd(listener: (id: string) => void): void {
    this.#listeners.add(listener);
  }

  async refresh(): Promise<void> {
    const began = this.#now();
    const { at, ids } = await this.#rows.since(Math.max(0, this.#seenAt - overlapMs));
    for (const { id, until } of ids) this.#note(id, until);
    for (const [id, until] of this.#until) if (until < began) this.#until.delete(id);
    this.#seenAt = at;
    this.#lookedAt = began;
  }

  #note(id: string, until: number): void {
    const isNew = !this.#until.has(id);
    this.#until.set(id, until);
    if (isNew) for (const listener of this.#listeners) listener(id);
  }
}
