import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { RateLimitedError } from '../../src/errors/catalogue.ts';
import type { SyncCounts, SyncLease, SyncReject } from '../../src/integrations/database/port.ts';
import type { SamGov } from '../../src/integrations/sam-gov/port.ts';
import type { JobContext } from '../../src/worker/context.ts';
import type { Services } from '../define.ts';
import { checkpointOf, type Place, percentOf, withCounts } from './place.ts';
import type { PageReading } from './read-page.ts';
import type { SyncRequest, SyncSource } from './source.ts';
import { dayOf, untilUtcMidnight } from './sync-range.ts';

/** Longer than any request takes with its pause, so that only a dead worker's lease ends by itself. */
const leaseSeconds = 180;
const renewEveryMs = 60_000;
const busyRetryMs = 30_000;
/** Longer than a waiting sync takes to look again, so that it has its turn. */
const makeRoomMs = 60_000;

type Needs = 'database' | 'samGov' | 'events' | 'settings';
export type SyncContext = JobContext<'sync', 'sam-gov-sync', Pick<Services, Needs>>;

export interface SyncTurnOptions<Row> {
  readonly source: SyncSource<Row>;
  readonly request: SyncRequest;
  readonly samGov: SamGov;
  readonly now: () => Date;
  /** How long it syncs before it makes room for others, in ms. */
  readonly turnMs: number;
}

/**
 * The means of one attempt of a sync: the lease that only one sync of a kind has, the requests of the day's budget, and
 * the writing of rows together with the place after them, which only who has the lease can do: an attempt that is not
 * dead yet cannot write beside its successor.
 */
export class SyncTurn<Row> {
  readonly context: SyncContext;
  readonly options: SyncTurnOptions<Row>;
  readonly #lease: SyncLease;
  readonly #began: number;
  #percent = 0;

  constructor(context: SyncContext, options: SyncTurnOptions<Row>) {
    this.context = context;
    this.options = options;
    this.#lease = { kind: options.source.kind, jobKey: context.job.key, token: randomUUID() };
    this.#began = options.now().getTime();
  }

  get today(): string {
    return dayOf(this.options.now());
  }

  async take(): Promise<void> {
    const { syncs } = this.context.services.database;
    if (!(await syncs.takeLease(this.#lease, leaseSeconds))) throw this.#busy();
  }

  async renew(): Promise<void> {
    const { syncs } = this.context.services.database;
    if (!(await syncs.renewLease(this.#lease, leaseSeconds))) throw this.#busy();
  }

  /** Keeps the lease through something that takes long; what it is told to stop by ends with the lease too. */
  async keepThrough<T>(work: (signal: AbortSignal) => Promise<T>): Promise<T> {
    const lost = new AbortController();
    const timer = setInterval(() => {
      this.renew().catch((error: unknown) => lost.abort(error));
    }, renewEveryMs);
    try {
      return await work(AbortSignal.any([this.context.signal, lost.signal]));
    } finally {
      clearInterval(timer);
    }
  }

  /** A lease that cannot be given back ends by itself; the job's own outcome matters more. */
  async release(): Promise<void> {
    const { services, log } = this.context;
    try {
      await services.database.syncs.releaseLease(this.#lease);
    } catch {
      log.warn({ leaseSeconds }, 'The lease of the sync was not released; it ends by itself.');
    }
  }

  /** Once it has synced for long enough, others have their turn; this one goes on where it stopped. */
  makeRoom(): void {
    const { now, turnMs } = this.options;
    this.context.signal.throwIfAborted();
    if (now().getTime() - this.#began < turnMs) return;
    throw new RateLimitedError(
      'SYNC_BUSY',
      `This sync of ${this.#lease.kind} is a long one: it makes room for others and goes on where it stopped in ${makeRoomMs / 1_000} s. Nothing needs to be done.`,
      makeRoomMs,
    );
  }

  /** Takes a request from the day's budget, which all processes and kinds share, and waits for its turn in the pace. */
  async spendRequest(): Promise<void> {
    const { settings, database } = this.context.services;
    const { samGov } = this.options;
    const now = this.options.now();
    const limit = settings.samGovDailyLimit;
    const spent = await database.syncs.spendRequest({
      key: samGov.name,
      day: dayOf(now),
      limit,
      intervalMs: samGov.minIntervalMs,
    });
    if (spent === undefined) {
      throw new RateLimitedError(
        'SYNC_RATE_LIMITED',
        `The ${limit} requests to SAM.gov of this day (UTC) are used up; the sync goes on after midnight. SAM_GOV_DAILY_LIMIT sets how many there are.`,
        untilUtcMidnight(now),
      );
    }
    if (spent.waitMs > 0) await this.#wait(spent.waitMs);
    await this.renew();
  }

  /** Writes the place alone. */
  async savePlace(place: Place): Promise<Place> {
    await this.#save([], [], place);
    return place;
  }

  /** Writes what was read with the place after it. */
  async saveReading(reading: PageReading<Row>, next: Place): Promise<Place> {
    const { services, log } = this.context;
    const counts = await this.#save(reading.rows, reading.rejects, next);
    const rejected = reading.rejects.length;
    services.events.emit('sync.page', { source: this.options.source.kind, ...counts, rejected });
    if (rejected > 0)
      log.warn({ reasons: reading.skippedReasons }, 'Records were put aside in sync_rejects.');
    return withCounts(next, counts);
  }

  async #save(rows: readonly Row[], rejects: readonly SyncReject[], place: Place): Promise<SyncCounts> {
    const { source } = this.options;
    const checkpoint = checkpointOf(place, source.kind, this.context.job.key);
    const counts = await source.save(rows, rejects, checkpoint, this.#lease);
    if (counts === undefined) throw this.#busy();
    return counts;
  }

  /** Halving a window makes the number of pages better known: what was shown is not taken back. */
  tell(place: Place, message = messageOf(place, this.options.source.noun), pageSize?: number): void {
    const { source, request } = this.options;
    this.#percent = Math.max(this.#percent, percentOf(place, pageSize ?? source.pageSize, request));
    this.context.progress(this.#percent, message);
  }

  async #wait(ms: number): Promise<void> {
    const { signal } = this.context;
    try {
      await pause(ms, undefined, { signal });
    } catch (error) {
      // Why the job was stopped, not that its pause was.
      signal.throwIfAborted();
      throw error;
    }
  }

  #busy(): RateLimitedError {
    return new RateLimitedError(
      'SYNC_BUSY',
      `Another sync of ${this.#lease.kind} is running; this one looks again in ${busyRetryMs / 1_000} s. Nothing needs to be done.`,
      busyRetryMs,
    );
  }
}

function messageOf({ totals }: Place, noun: string): string {
  const { pages, fetched, inserted, updated, skipped } = totals;
  return `${pages} pages, ${fetched} ${noun}: ${inserted} new, ${updated} changed, ${skipped} put aside`;
}
