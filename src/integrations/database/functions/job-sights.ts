import type { JobSight } from '../port.ts';

/** As `write_jobs` reads them: between columns, and between the values of one. */
const betweenColumns = '\x1e';
const betweenValues = '\x1f';
type Value = string | number | undefined;

/** In the order of the columns of `write_jobs`. */
const columns: readonly ((sight: JobSight) => Value)[] = [
  (sight) => sight.jobId,
  (sight) => sight.queue,
  (sight) => sight.addedAt.getTime(),
  (sight) => sight.name,
  (sight) => sight.correlationId,
  (sight) => sight.tenant,
  (sight) => sight.owner,
  (sight) => sight.parent,
  (sight) => sight.rerunOf,
  (sight) => sight.traceId,
  (sight) => sight.state,
  (sight) => sight.stateAt.getTime(),
  (sight) => sight.attempts,
  (sight) => sight.maxAttempts,
  (sight) => sight.dueAt?.getTime(),
  (sight) => sight.startedAt?.getTime(),
  (sight) => sight.finishedAt?.getTime(),
  (sight) => sight.waitMs,
  (sight) => sight.durationMs,
  (sight) => sight.error?.code,
  (sight) => sight.error?.message,
  (sight) => (sight.tries === undefined ? undefined : JSON.stringify(sight.tries)),
  (sight) => sight.payload,
  (sight) => sight.content,
];

/** Sights as text, column by column: `write_jobs` says in what form. None of them may be odd. No text of PostgreSQL holds a NUL. */
export function columnsOf(sights: readonly JobSight[]): string {
  const text = columns.map((column) => sights.map(column).join(betweenValues)).join(betweenColumns);
  return text.replaceAll('\0', ' ');
}

/** Parts the sights of which a text holds a separator from all others. */
export function parted(sights: readonly JobSight[]): {
  readonly plain: readonly JobSight[];
  readonly odd: readonly JobSight[];
} {
  const odd = sights.filter(isOdd);
  return odd.length === 0 ? { plain: sights, odd } : { plain: sights.filter((sight) => !isOdd(sight)), odd };
}

/** JSON and words never hold such a character, nor do names that are ours. */
function isOdd(sight: JobSight): boolean {
  const { queue, jobId, name, correlationId, tenant, owner, parent, rerunOf, traceId, error } = sight;
  const texts = [queue, jobId, name, correlationId, tenant, owner, parent, rerunOf, traceId, error?.message];
  return texts.some((text) => text?.includes(betweenColumns) || text?.includes(betweenValues));
}

/** A sight as `record_jobs` takes it: whatever its texts hold, but for NULs. */
export function rowOf(sight: JobSight): Record<string, unknown> {
  const row = Object.entries(fieldsOf(sight));
  return Object.fromEntries(
    row.map(([name, value]) => [name, typeof value === 'string' ? value.replaceAll('\0', ' ') : value]),
  );
}

function fieldsOf(sight: JobSight) {
  const { error, jobId, addedAt, stateAt, correlationId, rerunOf, traceId, maxAttempts } = sight;
  return {
    job_id: jobId,
    queue: sight.queue,
    added_at: addedAt,
    name: sight.name,
    correlation_id: correlationId,
    tenant: sight.tenant,
    owner: sight.owner,
    parent: sight.parent,
    rerun_of: rerunOf,
    trace_id: traceId,
    state: sight.state,
    state_at: stateAt,
    attempts: sight.attempts,
    max_attempts: maxAttempts,
    due_at: sight.dueAt,
    started_at: sight.startedAt,
    finished_at: sight.finishedAt,
    wait_ms: sight.waitMs,
    duration_ms: sight.durationMs,
    error_code: error?.code,
    error_message: error?.message,
    tries: sight.tries,
    payload: sight.payload === undefined ? undefined : JSON.parse(sight.payload),
    content: sight.content,
  };
}
