import type { Classified } from '../errors/classify.ts';

/** How an attempt can end. This set is closed: whatever a processor does, one of these is what happened. */
export type Outcome =
  /** Done; the result has been checked. */
  | { readonly kind: 'completed'; readonly result: unknown }
  /** Failed, and there are attempts left: BullMQ's backoff applies. */
  | { readonly kind: 'retried'; readonly failure: Classified }
  /** Delayed since a provider asked for it; no attempt is counted. */
  | { readonly kind: 'waiting'; readonly delayMs: number; readonly failure: Classified }
  /** Handed back to the queue since this worker is stopping; no attempt is counted. */
  | { readonly kind: 'returned'; readonly failure: Classified }
  /** Another worker has the job by now: nothing may be recorded from here. */
  | { readonly kind: 'lost'; readonly failure: Classified }
  /** A person or a service took it back: it ends here, and no dead letter is kept. */
  | { readonly kind: 'cancelled'; readonly failure: Classified }
  /** Failed for good. */
  | { readonly kind: 'dead-lettered'; readonly failure: Classified };

/** Why a running job was told to stop. */
export type StopReason = 'timeout' | 'shutdown' | 'lost' | 'cancelled';

export interface AttemptCount {
  /** Attempts that have failed before this one. */
  readonly made: number;
  readonly max: number;
}

/** Decides what a failure leads to. Pure: where the error is understood it says whether it may be retried. */
export function outcomeOf(
  failure: Classified,
  stopped: StopReason | undefined,
  attempts: AttemptCount,
): Outcome {
  if (stopped === 'lost') return { kind: 'lost', failure };
  if (stopped === 'cancelled') return { kind: 'cancelled', failure };
  if (stopped === 'shutdown') return { kind: 'returned', failure };
  if (failure.retryAfterMs !== undefined) return { kind: 'waiting', delayMs: failure.retryAfterMs, failure };
  if (failure.retryable && attempts.made + 1 < attempts.max) return { kind: 'retried', failure };
  return { kind: 'dead-lettered', failure };
}
