import { MillraceError } from '../../../src/errors/catalogue.ts';
import type { ConversionRun, Conversions } from '../../../src/integrations/database/port.ts';

export interface KeptLease {
  /** Aborted with the job's own signal, and when the lease is lost. */
  readonly signal: AbortSignal;
  lost(): boolean;
  end(): void;
}

/** Renews a run's lease three times in its length, until ended. */
export function keepLease(
  conversions: Pick<Conversions, 'renewRun'>,
  run: ConversionRun,
  seconds: number,
  jobSignal: AbortSignal,
): KeptLease {
  const losing = new AbortController();
  let renewing = false;
  const renew = async () => {
    if (renewing) return;
    renewing = true;
    try {
      if (!(await conversions.renewRun(run, seconds)))
        losing.abort(new MillraceError('JOB_ABORTED', 'The conversion is another run’s by now.'));
    } catch {
      // The database is away: the next renewal may reach it before the lease runs out, and if not, the row tells.
    } finally {
      renewing = false;
    }
  };
  const timer = setInterval(renew, (seconds * 1_000) / 3);
  return {
    signal: AbortSignal.any([jobSignal, losing.signal]),
    lost: () => losing.signal.aborted,
    end: () => clearInterval(timer),
  };
}
