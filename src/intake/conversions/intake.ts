import { classify } from '../../errors/classify.ts';
import type { ClaimedConversion, Conversions } from '../../integrations/database/port.ts';
import type { Service } from '../../lifecycle/service.ts';
import type { Events } from '../../observability/events.ts';
import type { Logger } from '../../observability/logger.ts';
import type { JobControl } from '../../queue/job-control.ts';
import type { QueueManager } from '../../queue/queue-manager.ts';
import { type ClaimJobs, createClaimJobs } from './claim-jobs.ts';

export interface ConversionIntakeOptions {
  readonly conversions: Conversions;
  readonly queues: QueueManager;
  readonly jobs: JobControl;
  readonly events: Events;
  readonly log: Logger;
  /** Whose name stands in the leases. */
  readonly worker: string;
  readonly leaseSeconds: number;
  /** How often it looks when nobody tells it to, in ms. */
  readonly pollMs: number;
  /** How many rows it holds at most: those that its workers run, and a few that wait for them. */
  readonly capacity: number;
  /** After so many runs that were lost with their worker a row is given up. */
  readonly mostLost?: number;
}

/** Rows are claimed where they can soon be worked; the rest wait where any worker can see them. */
const defaultMostLost = 5;

/**
 * Claims conversions, oldest first, and makes jobs of them. Woken by the database where it tells of new rows, by jobs that
 * end, and every `pollMs` in any case. It renews the leases of what it holds, gives a lost job back to its queue (the
 * queue's store forgot it), and settles the row of a job that failed outside its processor. What it held when it died is
 * claimed again by whoever finds the lease run out.
 */
export function createConversionIntake(options: ConversionIntakeOptions): Service {
  const { conversions, events, log, capacity, worker, leaseSeconds } = options;
  const jobs = createClaimJobs(options.queues, options.jobs);
  /** Claims whose rows have not ended yet, by their job's key. */
  const held = new Map<string, ClaimedConversion>();
  let started = false;
  let timer: NodeJS.Timeout | undefined;
  let listening: { close(): Promise<void> } | undefined;
  let working: Promise<void> | undefined;
  let again: 'claim' | 'all' | undefined;

  async function claimMore(): Promise<void> {
    while (started && held.size < capacity) {
      const limit = capacity - held.size;
      const claimed = await conversions.claim({
        worker,
        seconds: leaseSeconds,
        limit,
        mostLost: options.mostLost ?? defaultMostLost,
      });
      if (claimed.length === 0) return;
      await add(claimed);
      if (claimed.length < limit) return;
    }
  }

  async function add(claimed: readonly ClaimedConversion[]): Promise<void> {
    try {
      await jobs.add(claimed);
      for (const claim of claimed) held.set(claim.jobKey, claim);
    } catch (error) {
      // The queue is away: the rows wait where others can claim them. If this fails too, their leases run out.
      await conversions.release(claimed.map(({ jobKey }) => jobKey));
      throw error;
    }
  }

  /** Keeps what still stands; puts right what the queue lost or gave up. */
  async function lookAfter(): Promise<void> {
    const keys = [...held.keys()];
    if (keys.length === 0) return;
    const standing = new Set(await conversions.renew(keys, leaseSeconds));
    for (const key of keys) {
      const claim = held.get(key);
      if (claim === undefined) continue;
      if (!standing.has(key)) held.delete(key);
      else await putRight(claim, jobs);
    }
  }

  async function putRight(claim: ClaimedConversion, from: ClaimJobs): Promise<void> {
    const { id, jobKey } = claim;
    const state = await from.stateOf(jobKey);
    if (state.kind === 'there') return;
    if (state.kind === 'missing') {
      log.warn({ conversionId: id, jobId: jobKey }, 'The queue lost a conversion’s job; it is added again.');
      await from.add([claim]);
      return;
    }
    // Its processor would have settled the row: it never ran to its end, or could not write.
    await conversions.abandon(id, jobKey, {
      code: 'UNKNOWN',
      message: state.failure ?? 'The job ended without an outcome.',
    });
    held.delete(jobKey);
  }

  async function work(): Promise<void> {
    try {
      while (started && again !== undefined) {
        const what = again;
        again = undefined;
        if (what === 'all') await lookAfter();
        await claimMore();
      }
    } catch (error) {
      const { code, message } = classify(error);
      log.warn({ code, reason: message }, 'Conversions could not be claimed; the next look tries again.');
    } finally {
      // Here, and not once the promise is heard of: a look that came in between would be forgotten.
      working = undefined;
    }
  }

  function look(what: 'claim' | 'all'): void {
    if (!started) return;
    again = again === 'all' ? 'all' : what;
    working ??= work();
  }

  const ended = (jobKey: string) => {
    if (held.delete(jobKey)) look('claim');
  };
  const plan = () => {
    timer = setInterval(() => look('all'), options.pollMs);
    timer.unref();
  };
  events.on('job.completed', ({ jobId }) => ended(jobId));
  // Its row should have failed with it; if that could not be written, it is done now.
  for (const name of ['job.dead_lettered', 'job.cancelled'] as const) {
    events.on(name, ({ jobId }) => {
      if (held.has(jobId)) look('all');
    });
  }

  return {
    name: 'conversion intake',
    async start() {
      if (started) return;
      started = true;
      plan();
      listening = conversions.listen?.((news) => {
        if (news.kind === 'waiting') look('claim');
        else ended(news.jobKey);
      });
      look('all');
    },
    async stop() {
      started = false;
      clearInterval(timer);
      const open = listening;
      listening = undefined;
      await Promise.all([working, open?.close()]);
    },
  };
}
