import { defineSamGovSync } from '../../processors/sync/sam-gov-sync.ts';
import type { Payload, Result } from '../../queues/index.ts';
import { MillraceError } from '../../src/errors/catalogue.ts';
import type { Database } from '../../src/integrations/database/port.ts';
import type { SamGov } from '../../src/integrations/sam-gov/port.ts';
import { type EventMap, Events } from '../../src/observability/events.ts';
import type { World } from './world.ts';

export type SyncResult = Result<'sync', 'sam-gov-sync'>;

export interface SyncJob {
  readonly database: Database;
  readonly samGov: SamGov | undefined;
  readonly key?: string;
  readonly payload?: Payload<'sync', 'sam-gov-sync'>;
  readonly pageSize?: number;
  readonly dailyLimit?: number;
  readonly entityReach?: number;
  readonly turnMs?: number;
  readonly now?: () => Date;
  readonly signal?: AbortSignal;
  readonly onProgress?: (percent: number, message: string | undefined) => void;
  readonly onPage?: (event: EventMap['sync.page']) => void;
}

/** Runs the processor once, as the runtime would, without a queue around it. */
export async function runSync(job: SyncJob): Promise<SyncResult> {
  const { pageSize = 10, now = () => new Date() } = job;
  const payload = job.payload ?? { type: 'sam-gov-opportunities', data: { fullSync: true } };
  const events = new Events();
  if (job.onPage !== undefined) events.on('sync.page', job.onPage);
  const log = { debug: ignore, info: ignore, warn: ignore, error: ignore };
  const key = job.key ?? 'job-1';
  const settings = {
    appUrl: 'http://localhost:3000',
    mailFrom: 'millrace@mail.example',
    samGovDailyLimit: job.dailyLimit ?? 1_000,
    debugScoring: false,
  };
  const options = {
    pageSize,
    now,
    ...(job.entityReach === undefined ? {} : { entityReach: job.entityReach }),
    ...(job.turnMs === undefined ? {} : { turnMs: job.turnMs }),
  };
  return defineSamGovSync(options).run({
    job: {
      id: key,
      queue: 'sync',
      name: 'sam-gov-sync',
      attempt: 1,
      maxAttempts: 3,
      key,
      correlationId: key,
    },
    type: payload.type,
    data: payload.data,
    payload,
    log,
    signal: job.signal ?? new AbortController().signal,
    progress: (percent, message) => job.onProgress?.(percent, message),
    addJob: () => Promise.reject(new Error('A sync adds no jobs.')),
    addJobs: () => Promise.reject(new Error('A sync adds no jobs.')),
    services: { database: job.database, samGov: job.samGov, events, settings },
  });
}

/** Runs it again as often as it waits for SAM.gov's extract, without the waiting. */
export async function runSyncThrough(job: SyncJob): Promise<SyncResult> {
  for (;;) {
    try {
      return await runSync(job);
    } catch (error) {
      if (!(error instanceof MillraceError && error.code === 'SYNC_WAITING')) throw error;
    }
  }
}

/** What a sync failed with. */
export async function failureOf(work: Promise<unknown>): Promise<MillraceError> {
  const thrown = await work.then(
    () => new Error('It succeeded.'),
    (error: unknown) => error,
  );
  if (!(thrown instanceof MillraceError)) throw thrown;
  return thrown;
}

/** The rows of each table in the order of its key, without what differs from one sync to the next: times and counted ids. */
export function storedRows({ pool }: World, keys: Readonly<Record<string, string>>): Promise<unknown[][]> {
  const stored = Object.entries(keys).map(async ([table, key]) => {
    const { rows } = await pool.query(
      `select to_jsonb(t) - 'first_seen_at' - 'updated_at' - 'created_at' - 'id' as row from ${table} t order by ${key}`,
    );
    return rows;
  });
  return Promise.all(stored);
}

function ignore(): void {
  // The log is not looked at here.
}
