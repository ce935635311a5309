import type { JobCancellations, JobIdentity } from '../integrations/database/port.ts';

export interface CancellationDutyOptions {
  readonly cancellations: Pick<JobCancellations, 'pending'>;
  /** The jobs that run in this process, by queue. */
  active(): ReadonlyMap<string, number>;
  /** Aborts the signal of a job that runs here; `false` when it does not. */
  cancel(job: JobIdentity & { readonly by: string }): boolean;
  /** Brings to an end what does not run here: takes the job out, or sees that it is over. */
  settle(job: JobIdentity & { readonly by: string }): Promise<void>;
}

/** A process that runs nothing looks this much less often: only what fell back into its queue may need it. */
const idleRounds = 10;

/**
 * Makes the duty of stopping jobs that are to be cancelled. Each round asks the table once, however many jobs run; most
 * rounds of most processes find it empty.
 * @returns how many cancellations were pending.
 */
export function createCancellationDuty(options: CancellationDutyOptions): () => Promise<number> {
  let quiet = idleRounds;
  return async () => {
    const busy = [...options.active().values()].some((count) => count > 0);
    quiet += 1;
    if (!busy && quiet < idleRounds) return 0;
    const pending = await options.cancellations.pending();
    quiet = pending.length > 0 ? idleRounds : 0;
    const faults: unknown[] = [];
    for (const job of pending) {
      // One that cannot be settled now must not hold up the others.
      if (!options.cancel(job)) await options.settle(job).catch((error: unknown) => faults.push(error));
    }
    if (faults.length > 0) throw faults[0];
    return pending.length;
  };
}
