/** What one call of a language model may cost at most. */
export interface TokenReservation {
  /** A UUID of this call alone. */
  readonly id: string;
  readonly tokens: number;
  /** For all calls of the day (UTC); without one the call is counted and never refused. */
  readonly limit: number | undefined;
  /** After so long without a settlement its end counts as lost, and the reservation as used. */
  readonly holdSeconds: number;
}

/** Where a day stands, by the database's clock. */
export interface TokenDay {
  readonly used: number;
  /** What calls under way may still use. */
  readonly reserved: number;
  /** The smallest call of the day that the limit had no room for. */
  readonly smallestRefused: number | undefined;
  readonly resetsAt: Date;
  /** Until `resetsAt`. */
  readonly waitMs: number;
}

/** What language models may use in a day, over all processes. */
export interface ModelBudget {
  /**
   * `busy`: there would be room but for calls under way, which may give some back. The day is as it was before this
   * reservation.
   */
  reserve(
    reservation: TokenReservation,
  ): Promise<TokenDay & { readonly outcome: 'granted' | 'busy' | 'used-up' }>;
  /** Replaces a reservation by what its call did cost. Twice is harmless. */
  settle(
    id: string,
    usage: { readonly model: string; readonly input: number; readonly output: number },
  ): Promise<void>;
  /** Gives back what was reserved for a call that cost nothing. */
  release(id: string): Promise<void>;
  today(): Promise<TokenDay>;
}
