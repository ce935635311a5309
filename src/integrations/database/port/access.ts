import type { Role, SignInWay } from '../../../access/roles.ts';

/** An API token without the token itself, which nobody but its owner has. */
export interface ApiToken {
  /** The token's `jti`. */
  readonly id: string;
  readonly subject: string;
  readonly role: string;
  readonly createdBy: string;
  readonly createdAt: Date;
  readonly expiresAt: Date;
  readonly revokedBy: string | undefined;
  readonly revokedAt: Date | undefined;
  /** Where the list goes on after this one. */
  readonly cursor: string;
}

export interface ApiTokenRows {
  create(token: {
    readonly id: string;
    readonly subject: string;
    readonly role: Role;
    readonly createdBy: string;
    readonly expiresAt: Date;
  }): Promise<ApiToken>;
  /** The newest first, at most `limit`. */
  list(
    filter: { readonly subject?: string | undefined; readonly before?: string | undefined },
    limit: number,
  ): Promise<readonly ApiToken[]>;
  /** Gives the token as it is then; again changes nothing. `undefined` when there is none of that id. */
  revoke(id: string, revokedBy: string): Promise<ApiToken | undefined>;
}

export interface SessionRows {
  open(session: {
    readonly id: string;
    readonly subject: string;
    readonly via: SignInWay;
    readonly expiresAt: Date;
  }): Promise<void>;
  close(id: string): Promise<void>;
  /** Ends all sessions of a person; gives how many there were. */
  closeAll(subject: string, via: SignInWay): Promise<number>;
}

/** The ids of tokens and sessions that were ended before their time. */
export interface Revocations {
  /** Those of `since` (ms since 1970, by the database's clock) and later, with the time until which each matters. */
  since(since: number): Promise<{
    readonly at: number;
    readonly ids: readonly { readonly id: string; readonly until: number }[];
  }>;
}

/** A hash of whom tries are counted for, and how many there may be in a window. */
export interface TryKey {
  readonly key: string;
  readonly most: number;
}

export interface SignInTries {
  /** Counts a try under each key, all or none. 0, or the seconds after which there may be another. */
  take(keys: readonly TryKey[], windowSeconds: number): Promise<number>;
  /** The try was good: it does not count. */
  forget(keys: readonly TryKey[]): Promise<void>;
}

/** What all processes of the API must agree on. */
export interface AccessTables {
  readonly tokens: ApiTokenRows;
  readonly sessions: SessionRows;
  readonly revocations: Revocations;
  readonly tries: SignInTries;
}
