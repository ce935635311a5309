import { createHash, randomBytes } from 'node:crypto';

const ttlMs = 15 * 60_000;
/** The oldest goes when more are made: nobody needs that many. */
const mostLinks = 20;

/** Secrets that sign in once, within a quarter of an hour. Only their hashes are kept, in this process alone. */
export class OneTimeLinks {
  /** Hash to the time it expires; in the order they were made. */
  readonly #links = new Map<string, number>();
  readonly #now: () => number;

  constructor(now: () => number = Date.now) {
    this.#now = now;
  }

  /** A new secret, for the end of an address. */
  create(): string {
    const secret = randomBytes(24).toString('base64url');
    this.#links.set(hash(secret), this.#now() + ttlMs);
    const [oldest] = this.#links.keys();
    if (this.#links.size > mostLinks && oldest !== undefined) this.#links.delete(oldest);
    return secret;
  }

  /** `true` once for each secret, if it comes in time. */
  redeem(secret: string): boolean {
    const key = hash(secret);
    const expiresAt = this.#links.get(key);
    this.#links.delete(key);
    return expiresAt !== undefined && this.#now() < expiresAt;
  }
}

function hash(secret: string): string {
  return createHash('sha256').update(secret).digest('base64url');
}
