import type { IndexedJob, IndexedState, JobFilter, JobIndex, JobSight, JobTry } from '../port.ts';
import type { Row } from '../postgres/connection.ts';
import { number, numberOrNone, records, text, textOrNone, time, timeOrNone } from '../postgres/rows.ts';
import type { CallFunction } from './call.ts';
import { columnsOf, parted, rowOf } from './job-sights.ts';
import { rowOrNone } from './rows.ts';

/** The index of jobs. Sights are merged in the database, since they come from many processes and in any order. */
export function createJobIndex(call: CallFunction): JobIndex {
  return {
    record: (sights) =>
      refusedOf(sights, async (some) => {
        const { plain, odd } = parted(some);
        if (plain.length > 0) await call('write_jobs', { p_jobs: columnsOf(plain) });
        if (odd.length > 0) await call('record_jobs', { p_jobs: odd.map(rowOf) });
      }),
    stash: (sights) =>
      refusedOf(sights, async (some) => {
        const { plain, odd } = parted(some);
        if (plain.length > 0) await call('stash_jobs', { p_jobs: columnsOf(plain), p_sights: plain.length });
        if (odd.length > 0) await call('record_jobs', { p_jobs: odd.map(rowOf) });
      }),
    async stashAges() {
      const row = rowOrNone(await call('job_stash_ages'));
      return row === undefined
        ? undefined
        : { oldestMs: number(row, 'oldest_ms'), latestMs: number(row, 'latest_ms') };
    },
    async unstash() {
      const row = rowOrNone(await call('unstash_jobs'));
      return row === undefined
        ? { sights: 0, waitedMs: 0 }
        : { sights: number(row, 'sights'), waitedMs: number(row, 'waited_ms') };
    },
    async leave(queues) {
      const left = queues.map(({ queue, forMs, sorted }) => ({ queue, for_ms: forMs, sorted }));
      await call('leave_jobs', { p_queues: left });
    },
    async claimLeft({ busy, lateMs, deferredMs, holdMs }) {
      const terms = { p_busy: busy, p_late_ms: lateMs, p_deferred_ms: deferredMs, p_hold_ms: holdMs };
      const row = rowOrNone(await call('claim_left_jobs', terms));
      if (row === undefined) return undefined;
      return {
        queue: text(row, 'queue'),
        sorted: row.sorted === true,
        sinceMs: number(row, 'since_ms'),
        latest: text(row, 'latest'),
        busy: row.busy === true,
      };
    },
    async holdLeft(queue, holdMs, lateMs) {
      return (
        (await call('hold_left_jobs', { p_queue: queue, p_hold_ms: holdMs, p_late_ms: lateMs })) === true
      );
    },
    async releaseLeft(queue, latest) {
      await call('release_left_jobs', { p_queue: queue, p_latest: latest ?? null });
    },
    async unwrittenSince() {
      return timeOrNone({ since: await call('jobs_unwritten_since') }, 'since');
    },
    async search(filter, limit) {
      const { words, ...rest } = filter;
      const jobs = await call('search_jobs', {
        p_filter: filterOf(rest),
        p_words: words ?? null,
        p_limit: limit,
      });
      return records({ jobs }, 'jobs').map(readJob);
    },
    async find(queue, jobId) {
      const row = rowOrNone(await call('indexed_job', { p_queue: queue, p_job_id: jobId }));
      if (row === undefined) return undefined;
      const tries = row.tries === null ? [] : records(row, 'tries').map(readTry);
      return { ...readJob(row), tries, payload: row.payload ?? undefined };
    },
    async gaps(jobs) {
      if (jobs.length === 0) return [];
      const shown = jobs.map(({ queue, jobId, addedAt, state, attempts }, n) => ({
        n,
        queue,
        job_id: jobId,
        added_at: addedAt,
        state,
        attempts,
      }));
      const numbers = await call('job_index_gaps', { p_jobs: shown });
      return Array.isArray(numbers) ? numbers.map(Number) : [];
    },
    async unsettled(states, before, after, limit) {
      const jobs = await call('unsettled_jobs', {
        p_states: `{${states.join(',')}}`,
        p_before: before,
        p_after_at: after?.addedAt ?? null,
        p_after_seq: after?.seq ?? null,
        p_limit: limit,
      });
      return records({ jobs }, 'jobs').map((row) => ({ ...identityOf(row), state: text(row, 'state') }));
    },
    async forget(olderThanDays, limit) {
      const forgotten = await call('forget_jobs', { p_days: olderThanDays, p_limit: limit });
      return number({ forgotten }, 'forgotten');
    },
  };
}

/** Writes all but those that the database refuses, which it finds by halves, and answers with them. */
async function refusedOf(
  sights: readonly JobSight[],
  write: (sights: readonly JobSight[]) => Promise<void>,
): Promise<readonly JobSight[]> {
  try {
    await write(sights);
    return [];
  } catch (error) {
    if (!isOfContent(error)) throw error;
    if (sights.length === 1) return sights;
    const half = Math.ceil(sights.length / 2);
    return [
      ...(await refusedOf(sights.slice(0, half), write)),
      ...(await refusedOf(sights.slice(half), write)),
    ];
  }
}

/** SQLSTATE classes of values that do not fit: data, constraints, limits of the server (PostgreSQL, appendix A). */
function isOfContent(error: unknown): boolean {
  return error instanceof Error && 'code' in error && /^(22|23|54)...$/.test(String(error.code));
}

function filterOf({ correlationId, rerunOf, errorCode, before, ...filter }: JobFilter) {
  return {
    ...filter,
    correlation_id: correlationId,
    rerun_of: rerunOf,
    error_code: errorCode,
    before_at: before?.addedAt,
    before_seq: before?.seq,
  };
}

function identityOf(row: Row) {
  return {
    queue: text(row, 'queue'),
    jobId: text(row, 'job_id'),
    addedAt: time(row, 'added_at'),
    seq: String(number(row, 'seq')),
    name: text(row, 'name'),
  };
}

function readJob(row: Row): IndexedJob {
  const code = textOrNone(row, 'error_code');
  return {
    ...identityOf(row),
    correlationId: textOrNone(row, 'correlation_id') || undefined,
    tenant: textOrNone(row, 'tenant'),
    owner: textOrNone(row, 'owner'),
    parent: textOrNone(row, 'parent'),
    rerunOf: textOrNone(row, 'rerun_of'),
    traceId: textOrNone(row, 'trace_id'),
    state: states.find((state) => state === row.state) ?? 'unknown',
    attempts: number(row, 'attempts'),
    maxAttempts: numberOrNone(row, 'max_attempts'),
    dueAt: timeOrNone(row, 'due_at'),
    startedAt: timeOrNone(row, 'started_at'),
    finishedAt: timeOrNone(row, 'finished_at'),
    waitMs: numberOrNone(row, 'wait_ms'),
    durationMs: numberOrNone(row, 'duration_ms'),
    error: code === undefined ? undefined : { code, message: textOrNone(row, 'error_message') ?? '' },
  };
}

const states: readonly IndexedState[] = [
  'waiting',
  'active',
  'delayed',
  'completed',
  'failed',
  'cancelled',
  'unknown',
];
const outcomes: readonly JobTry['outcome'][] = ['retried', 'waiting', 'failed', 'cancelled'];

function readTry(row: Row): JobTry {
  return {
    at: time(row, 'at'),
    attempt: number(row, 'attempt'),
    seconds: number(row, 'seconds'),
    outcome: outcomes.find((outcome) => outcome === row.outcome) ?? 'failed',
    code: text(row, 'code'),
    message: text(row, 'message'),
  };
}
