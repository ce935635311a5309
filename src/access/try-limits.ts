import { RateLimitedError } from '../errors/catalogue.ts';
import type { SignInTries, TryKey } from '../integrations/database/port.ts';

const windowSeconds = 15 * 60;
/** Failed tries in a window: of one user from one address; from one address; of one user from everywhere. */
const most = { both: 10, address: 50, user: 100 } as const;

/** Where a try comes from and whom it is for. */
export interface SignInTry {
  /** A network of IPv6 counts as one address. */
  readonly address: string;
  /** As it was given; empty for ways of signing in that name nobody. */
  readonly user: string;
}

/**
 * Limits failed tries to sign in, over all processes. What is kept are hashes, since people type passwords into the field
 * for the user. The limit of a user from everywhere is wide: it stops a guess from many addresses, and whoever is shut out
 * by it still gets in by token or identity provider.
 */
export class TryLimits {
  readonly #rows: SignInTries;
  readonly #hash: (text: string) => string;

  /** @param hash keyed, the same in all processes. */
  constructor(rows: SignInTries, hash: (text: string) => string) {
    this.#rows = rows;
    this.#hash = hash;
  }

  /** Counts a try before it is made. @throws RateLimitedError when there were too many. */
  async take(attempt: SignInTry): Promise<void> {
    const seconds = await this.#rows.take(this.#keys(attempt), windowSeconds);
    if (seconds === 0) return;
    throw new RateLimitedError(
      'RATE_LIMITED',
      `Too many failed tries to sign in: come back in ${Math.ceil(seconds / 60)} minutes.`,
      seconds * 1_000,
    );
  }

  /** The try was good, so it does not count. */
  async forget(attempt: SignInTry): Promise<void> {
    await this.#rows.forget(this.#keys(attempt));
  }

  #keys({ address, user }: SignInTry): TryKey[] {
    const name = user.trim().toLowerCase();
    const keys: TryKey[] = [
      { key: this.#hash(`both\n${address}\n${name}`), most: most.both },
      { key: this.#hash(`address\n${address}`), most: most.address },
    ];
    // Tries by token name nobody; tokens cannot be guessed anyway.
    return name === '' ? keys : [...keys, { key: this.#hash(`user\n${name}`), most: most.user }];
  }
}
