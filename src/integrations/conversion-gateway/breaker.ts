import { BrokenCircuitError, CircuitState, ConsecutiveBreaker, circuitBreaker, handleWhen } from 'cockatiel';
import { MillraceError, RateLimitedError } from '../../errors/catalogue.ts';

export interface BreakerOptions {
  /** After so many failures in a row no call is made. */
  readonly failures?: number;
  /** For how long, in ms; then one call tries. */
  readonly openMs?: number;
  /** Told when it opens and closes. */
  readonly onChange?: (state: 'open' | 'closed') => void;
}

export interface Breaker {
  /** @throws RateLimitedError while open: the job waits, and no attempt is counted. */
  call<T>(work: () => Promise<T>): Promise<T>;
}

/** Keeps jobs from a gateway that is down: they wait instead of using up their attempts. */
export function createBreaker({ failures = 5, openMs = 30_000, onChange }: BreakerOptions = {}): Breaker {
  const policy = circuitBreaker(handleWhen(isGatewayDown), {
    halfOpenAfter: openMs,
    breaker: new ConsecutiveBreaker(failures),
  });
  policy.onStateChange((state) => {
    if (state === CircuitState.Open) onChange?.('open');
    if (state === CircuitState.Closed) onChange?.('closed');
  });
  return {
    async call(work) {
      try {
        return await policy.execute(work);
      } catch (error) {
        if (!(error instanceof BrokenCircuitError)) throw error;
        throw new RateLimitedError(
          'GW_5XX',
          `The gateway failed ${failures} times in a row; it is tried again in a while, and this job waits for it.`,
          // Spread, so that those that waited do not all come back at once.
          openMs * (1 + Math.random() / 2),
          error,
        );
      }
    },
  };
}

/** What the gateway refuses for good says that it is up. */
function isGatewayDown(error: Error): boolean {
  return (
    error instanceof MillraceError &&
    error.retryAfterMs === undefined &&
    (error.code === 'GW_5XX' || error.code === 'GW_TIMEOUT')
  );
}
