import type { ParsedPayload } from '../../queues/index.ts';
import { RateLimitedError, UnrecoverableError } from '../../src/errors/catalogue.ts';
import type { SyncTotals } from '../../src/integrations/database/port.ts';
import type { SamGov } from '../../src/integrations/sam-gov/port.ts';
import type { JobContext } from '../../src/worker/context.ts';
import { defineProcessor, type Services } from '../define.ts';
import { afterPage, begin, checkpointOf, type Place, percentOf, withCounts } from './place.ts';
import { readPageOf } from './read-page.ts';
import { dayOf, untilUtcMidnight } from './sync-range.ts';

/** The name under which checkpoint, lease and rejects of this sync stand in the database. */
const opportunitiesKind = 'sam-gov-opportunities';

/** Longer than any request takes with its pause, so that only a dead worker's lease ends by itself. */
const leaseSeconds = 180;
const busyRetryMs = 30_000;

type Needs = 'database' | 'samGov' | 'events' | 'settings';
type Context = JobContext<'sync', 'sam-gov-sync', Pick<Services, Needs>>;
type Payload = ParsedPayload<'sync', 'sam-gov-sync'>;
type Request = Extract<Payload, { type: 'sam-gov-opportunities' }>['data'];

/**
 * Brings the opportunities up to date, page by page. Each page is written together with the checkpoint after it, so a
 * job that is killed, times out or waits for its quota goes on at the page where it stopped and ends with the same
 * rows and totals as if nothing had happened. What a failed request cost stands in the day's budget alone.
 */
export function defineSamGovSync(options: { pageSize?: number; now?: () => Date } = {}) {
  const pageSize = options.pageSize ?? 1_000;
  const now = options.now ?? (() => new Date());
  return defineProcessor(
    'sync',
    'sam-gov-sync',
    ['database', 'samGov', 'events', 'settings'],
    (context: Context) => {
      const { payload } = context;
      if (payload.type === 'sam-gov-entities') throw notYet();
      const { samGov } = context.services;
      if (samGov === undefined) throw notConfigured();
      return new OpportunitySync(context, payload.data, samGov, pageSize, now).run();
    },
  );
}

export const samGovSync = defineSamGovSync();

class OpportunitySync {
  readonly #context: Context;
  readonly #request: Request;
  readonly #samGov: SamGov;
  readonly #pageSize: number;
  readonly #now: () => Date;

  constructor(context: Context, request: Request, samGov: SamGov, pageSize: number, now: () => Date) {
    this.#context = context;
    this.#request = request;
    this.#samGov = samGov;
    this.#pageSize = pageSize;
    this.#now = now;
  }

  async run(): Promise<SyncTotals> {
    const { job, services } = this.#context;
    await this.#holdLease();
    try {
      const checkpoint = await services.database.opportunities.checkpoint(opportunitiesKind);
      let place = begin(checkpoint, job.key, this.#request, dayOf(this.#now()));
      while (place.window !== undefined) place = await this.#step(place);
      this.#context.progress(100, summaryOf(place.totals));
      return place.totals;
    } finally {
      await this.#releaseLease();
    }
  }

  /** One page: asked for, read, and written with the checkpoint after it. */
  async #step(place: Place): Promise<Place> {
    const { signal, services, job, log } = this.#context;
    const { window, page } = place;
    if (window === undefined) return place;
    signal.throwIfAborted();
    await this.#holdLease();
    await this.#spendRequest();
    const answer = await this.#samGov.searchOpportunities(
      { ...window, page, pageSize: this.#pageSize },
      signal,
    );
    const reading = readPageOf(answer, page, this.#pageSize);
    const next = afterPage(place, answer.totalRecords, this.#pageSize, reading, {
      requested: this.#request.dateRange !== undefined,
      today: dayOf(this.#now()),
    });
    const counts = await services.database.opportunities.savePage(
      reading.rows,
      reading.rejects,
      checkpointOf(next, opportunitiesKind, job.key),
    );
    services.events.emit('sync.page', {
      source: opportunitiesKind,
      ...counts,
      rejected: reading.rejects.length,
    });
    if (reading.rejects.length > 0) {
      log.warn({ page, reasons: reading.skippedReasons }, 'Records were put aside in sync_rejects.');
    }
    const saved = withCounts(next, counts);
    this.#context.progress(percentOf(saved, this.#pageSize), summaryOf(saved.totals));
    return saved;
  }

  async #holdLease(): Promise<void> {
    const { job, services } = this.#context;
    if (await services.database.opportunities.takeLease(opportunitiesKind, job.key, leaseSeconds)) return;
    throw new RateLimitedError(
      'SYNC_BUSY',
      `Another sync of ${opportunitiesKind} is running; this one looks again in ${busyRetryMs / 1_000} s. Nothing needs to be done.`,
      busyRetryMs,
    );
  }

  /** A lease that cannot be given back ends by itself; the job's own outcome matters more. */
  async #releaseLease(): Promise<void> {
    const { job, services, log } = this.#context;
    try {
      await services.database.opportunities.releaseLease(opportunitiesKind, job.key);
    } catch {
      log.warn({ leaseSeconds }, 'The lease of the sync was not released; it ends by itself.');
    }
  }

  async #spendRequest(): Promise<void> {
    const { settings, database } = this.#context.services;
    const now = this.#now();
    const limit = settings.samGovDailyLimit;
    const used = await database.opportunities.spendRequest(this.#samGov.name, dayOf(now), limit);
    if (used !== undefined) return;
    throw new RateLimitedError(
      'SYNC_RATE_LIMITED',
      `The ${limit} requests to SAM.gov of this day (UTC) are used up; the sync goes on after midnight. SAM_GOV_DAILY_LIMIT sets how many there are.`,
      untilUtcMidnight(now),
    );
  }
}

function summaryOf(totals: SyncTotals): string {
  return `${totals.pages} pages, ${totals.fetched} notices: ${totals.inserted} new, ${totals.updated} changed, ${totals.skipped} put aside`;
}

function notConfigured(): UnrecoverableError {
  return new UnrecoverableError(
    'No key for SAM.gov is set, so nothing can be synced. Set SAM_GOV_API_KEY (sam.gov, Account Details) and add the job again.',
    { code: 'SYNC_NOT_CONFIGURED' },
  );
}

function notYet(): UnrecoverableError {
  return new UnrecoverableError(
    'Entities of SAM.gov cannot be synced yet: their processor comes in the next version. Use type sam-gov-opportunities until then.',
    { code: 'JOB_UNAVAILABLE' },
  );
}
