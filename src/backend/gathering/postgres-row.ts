import type { JobJson } from 'bullmq';

/** A row of BullMQ's `job` table as PostgreSQL writes it in JSON. */
export interface JobRow {
  readonly id: string;
  readonly name: string;
  readonly data: unknown;
  readonly opts: JobJson['opts'] | null;
  readonly progress: JobJson['progress'] | null;
  readonly attempts_made: number;
  readonly attempts_started: number;
  readonly finished_at_ms: number | null;
  readonly processed_at_ms: number | null;
  readonly added_at_ms: number;
  readonly delay_ms: number | null;
  readonly priority: number | null;
  readonly failed_reason: string | null;
  readonly stacktrace: unknown;
  readonly return_value: unknown;
  readonly parent_queue: string | null;
  readonly parent_id: string | null;
  readonly parent_key: string | null;
  readonly scheduler_id: string | null;
  readonly dedup_id: string | null;
  readonly deferred_failure: string | null;
  readonly processed_by: string | null;
  readonly stalled_count: number;
}

/** What BullMQ makes of a row (`rowToJobJson` in its `postgres-queue-backend`, which it keeps to itself). */
export function jobJsonOf(row: JobRow) {
  const { parent_id: parentId } = row;
  return {
    id: row.id,
    name: row.name,
    data: JSON.stringify(row.data ?? {}),
    opts: row.opts ?? {},
    progress: row.progress ?? 0,
    attemptsMade: row.attempts_made,
    attemptsStarted: row.attempts_started,
    finishedOn: row.finished_at_ms ?? undefined,
    processedOn: row.processed_at_ms ?? undefined,
    timestamp: row.added_at_ms,
    delay: row.delay_ms ?? undefined,
    priority: row.priority ?? undefined,
    failedReason: row.failed_reason ?? undefined,
    stacktrace: JSON.stringify(row.stacktrace ?? []),
    returnvalue: JSON.stringify(row.return_value ?? null),
    parent: parentId === null ? undefined : { id: parentId, queueKey: row.parent_queue ?? '' },
    parentKey: row.parent_key ?? undefined,
    repeatJobKey: row.scheduler_id ?? undefined,
    deduplicationId: row.dedup_id ?? undefined,
    deferredFailure: row.deferred_failure ?? undefined,
    processedBy: row.processed_by ?? undefined,
    stalledCounter: row.stalled_count,
  };
}
