import { randomUUID } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import { RateLimitedError } from '../../src/errors/catalogue.ts';
import type { SyncCounts, SyncLease, SyncReject, SyncTotals } from '../../src/integrations/database/port.ts';
import type { SamGov } from '../../src/integrations/sam-gov/port.ts';
import type { JobContext } from '../../src/worker/context.ts';
import type { Services } from '../define.ts';
import {
  afterNarrowing,
  afterPage,
  begin,
  checkpointOf,
  type Place,
  percentOf,
  resume,
  withCounts,
} from './place.ts';
import { readPageOf } from './read-page.ts';
import type { SyncRequest, SyncSource } from './source.ts';
import { dayOf, untilUtcMidnight } from './sync-range.ts';

/** Longer than any request takes with its pause, so that only a dead worker's lease ends by itself. */
const leaseSeconds = 180;
const busyRetryMs = 30_000;
/** Longer than a waiting sync takes to look again, so that it has its turn. */
const makeRoomMs = 60_000;

type Needs = 'database' | 'samGov' | 'events' | 'settings';
export type SyncContext = JobContext<'sync', 'sam-gov-sync', Pick<Services, Needs>>;

export interface SyncRunOptions<Row> {
  readonly source: SyncSource<Row>;
  readonly request: SyncRequest;
  readonly samGov: SamGov;
  readonly now: () => Date;
  /** How long it syncs before it makes room for others, in ms. */
  readonly turnMs: number;
}

/**
 * One attempt of a sync: page after page, each written together with the place after it and only while the lease is held,
 * so that an attempt that is not dead yet cannot write beside its successor.
 */
export class SyncRun<Row> {
  readonly #context: SyncContext;
  readonly #options: SyncRunOptions<Row>;
  readonly #lease: SyncLease;
  #percent = 0;

  constructor(context: SyncContext, options: SyncRunOptions<Row>) {
    this.#context = context;
    this.#options = options;
    this.#lease = { kind: options.source.kind, jobKey: context.job.key, token: randomUUID() };
  }

  async run(): Promise<SyncTotals> {
    const { syncs } = this.#context.services.database;
    const { now, turnMs } = this.#options;
    if (!(await syncs.takeLease(this.#lease, leaseSeconds))) throw this.#busy();
    try {
      const began = now().getTime();
      let place = await this.#begin();
      while (place.windows.length > 0) {
        if (now().getTime() - began >= turnMs) throw this.#makingRoom();
        place = await this.#step(place);
      }
      this.#tell(place);
      return place.totals;
    } finally {
      await this.#releaseLease();
    }
  }

  async #begin(): Promise<Place> {
    const { job, services } = this.#context;
    const { source, request, now } = this.#options;
    const { syncs } = services.database;
    const checkpoint = await syncs.checkpoint(source.kind, job.key);
    if (checkpoint !== undefined) return resume(checkpoint);
    const syncedThrough = await syncs.syncedThrough(source.kind);
    return begin(source.plan(request, syncedThrough, dayOf(now())), syncedThrough);
  }

  /** One page: asked for, read, and written with the checkpoint after it. */
  async #step(place: Place): Promise<Place> {
    const { signal, services, log } = this.#context;
    const { source, request, now } = this.#options;
    const { page } = place;
    const [window] = place.windows;
    if (window === undefined) return place;
    signal.throwIfAborted();
    await this.#spendRequest();
    if (!(await services.database.syncs.renewLease(this.#lease, leaseSeconds))) throw this.#busy();
    const answer = await source.fetch(window, page, signal);
    const today = dayOf(now());
    const narrower = source.narrow(window, answer.totalRecords, today);
    if (narrower !== undefined) {
      const next = afterNarrowing(place, narrower);
      await this.#save([], [], next);
      return next;
    }
    const reading = readPageOf(source, answer, page);
    const next = afterPage(place, answer.totalRecords, source.pageSize, reading, { request, today });
    const counts = await this.#save(reading.rows, reading.rejects, next);
    services.events.emit('sync.page', { source: source.kind, ...counts, rejected: reading.rejects.length });
    if (reading.rejects.length > 0) {
      log.warn({ page, reasons: reading.skippedReasons }, 'Records were put aside in sync_rejects.');
    }
    const saved = withCounts(next, counts);
    if (saved.windows.length > 0) this.#tell(saved);
    return saved;
  }

  async #save(rows: readonly Row[], rejects: readonly SyncReject[], place: Place): Promise<SyncCounts> {
    const { source } = this.#options;
    const checkpoint = checkpointOf(place, source.kind, this.#context.job.key);
    const counts = await source.save(rows, rejects, checkpoint, this.#lease);
    if (counts === undefined) throw this.#busy();
    return counts;
  }

  /** Halving a window makes the number of pages better known: what was shown is not taken back. */
  #tell(place: Place): void {
    const { source, request } = this.#options;
    this.#percent = Math.max(this.#percent, percentOf(place, source.pageSize, request));
    const { pages, fetched, inserted, updated, skipped } = place.totals;
    this.#context.progress(
      this.#percent,
      `${pages} pages, ${fetched} ${source.noun}: ${inserted} new, ${updated} changed, ${skipped} put aside`,
    );
  }

  /** A lease that cannot be given back ends by itself; the job's own outcome matters more. */
  async #releaseLease(): Promise<void> {
    const { services, log } = this.#context;
    try {
      await services.database.syncs.releaseLease(this.#lease);
    } catch {
      log.warn({ leaseSeconds }, 'The lease of the sync was not released; it ends by itself.');
    }
  }

  /** Takes a request from the day's budget, which all processes and kinds share, and waits for its turn in the pace. */
  async #spendRequest(): Promise<void> {
    const { settings, database } = this.#context.services;
    const { samGov } = this.#options;
    const now = this.#options.now();
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
  }

  async #wait(ms: number): Promise<void> {
    const { signal } = this.#context;
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

  #makingRoom(): RateLimitedError {
    return new RateLimitedError(
      'SYNC_BUSY',
      `This sync of ${this.#lease.kind} is a long one: it makes room for others and goes on where it stopped in ${makeRoomMs / 1_000} s. Nothing needs to be done.`,
      makeRoomMs,
    );
  }
}
