import type {
  DeadLetterContent,
  DeadLetterFilter,
  DeadLetterOperation,
  DeadLetterRecord,
  DeadLetterRecords,
} from '../port.ts';
import type { Row } from '../postgres/connection.ts';
import { number, record, records, text, textOrNone, time, timeOrNone, truth } from '../postgres/rows.ts';
import type { CallFunction } from './call.ts';
import { rowOrNone } from './rows.ts';

/** The dead letters of all queues. */
export function createDeadLetterRecords(call: CallFunction): DeadLetterRecords {
  return {
    async keep(letters) {
      return texts(await call('keep_dead_letters', { p_letters: letters }));
    },
    async list(filter, before, limit) {
      const [at, seq] = before === undefined ? [] : before.split('.');
      const page = await call('dead_letter_page', {
        p_filter: filter,
        p_before: at === undefined ? null : new Date(Number(at)),
        p_before_seq: seq ?? null,
        p_limit: limit,
      });
      return records({ page }, 'page').map(readLetter);
    },
    async groups(filter, limit) {
      const groups = await call('dead_letter_groups', { p_filter: filter, p_limit: limit });
      return records({ groups }, 'groups').map((row) => ({
        cause: text(row, 'cause'),
        queue: text(row, 'queue'),
        job: text(row, 'job'),
        code: text(row, 'code'),
        message: text(row, 'message'),
        count: number(row, 'count'),
        firstAt: time(row, 'first_at'),
        lastAt: time(row, 'last_at'),
      }));
    },
    async count(filter) {
      return number({ count: await call('count_dead_letters', { p_filter: filter }) }, 'count');
    },
    async find(id) {
      const row = rowOrNone(await call('find_dead_letter', { p_id: id }));
      return row === undefined
        ? undefined
        : { ...readLetter(row), content: readContent(record(row, 'content')) };
    },
    async claim(id, owner, seconds) {
      const claimed = await call('claim_dead_letter', { p_id: id, p_owner: owner, p_seconds: seconds });
      return truth({ claimed }, 'claimed');
    },
    async release(id, owner) {
      await call('release_dead_letter', { p_id: id, p_owner: owner });
    },
    async close({ id, owner, state, by, reason, replayJob, operation }) {
      const closed = await call('close_dead_letter', {
        p_id: id,
        p_owner: owner,
        p_state: state,
        p_by: by,
        p_reason: reason ?? null,
        p_job: replayJob ?? null,
        p_operation: operation ?? null,
      });
      return truth({ closed }, 'closed');
    },
    async abandoned(limit) {
      return texts(await call('abandoned_dead_letters', { p_limit: limit }));
    },
    async forget(closedBefore, limit) {
      const gone = await call('forget_dead_letters', { p_before: closedBefore, p_limit: limit });
      return number({ gone }, 'gone');
    },
    operations: createOperations(call),
  };
}

function createOperations(call: CallFunction): DeadLetterRecords['operations'] {
  return {
    async start({ id, kind, filter, perSecond, reason, requestedBy }) {
      const answer = await call('start_dead_letter_operation', {
        p_id: id,
        p_kind: kind,
        p_filter: filter,
        p_per_second: perSecond,
        p_reason: reason ?? null,
        p_by: requestedBy,
      });
      const row = rowOrNone(answer);
      if (row === undefined) throw new Error('start_dead_letter_operation answered nothing.');
      return readOperation(row);
    },
    async find(kind, id) {
      const row = rowOrNone(await call('find_dead_letter_operation', { p_id: id, p_kind: kind }));
      return row === undefined ? undefined : readOperation(row);
    },
    async list(limit) {
      const rows = await call('dead_letter_operation_list', { p_limit: limit });
      return records({ rows }, 'rows').map(readOperation);
    },
    async stop(kind, id) {
      const row = rowOrNone(await call('stop_dead_letter_operation', { p_id: id, p_kind: kind }));
      return row === undefined ? undefined : readOperation(row);
    },
    async claim(owner, seconds) {
      const answer = await call('claim_dead_letter_operation', { p_owner: owner, p_seconds: seconds });
      const row = rowOrNone(answer);
      return row === undefined ? undefined : readOperation(row);
    },
    async next(id, limit) {
      const rows = await call('next_dead_letters', { p_id: id, p_limit: limit });
      return records({ rows }, 'rows').map((row) => ({ id: text(row, 'id'), seq: text(row, 'seq') }));
    },
    async note({ id, owner, seq, failed = 0, fault, ended = false, seconds }) {
      const goesOn = await call('note_dead_letter_operation', {
        p_id: id,
        p_owner: owner,
        p_position: seq,
        p_failed: failed,
        p_fault: fault ?? null,
        p_ended: ended,
        p_seconds: seconds,
      });
      return truth({ goesOn }, 'goesOn');
    },
  };
}

function texts(value: unknown): string[] {
  if (Array.isArray(value) && value.every((item) => typeof item === 'string')) return value;
  throw new Error('A function answered something else than a list of texts.');
}

function readLetter(row: Row): DeadLetterRecord {
  const failedAt = time(row, 'failed_at');
  return {
    id: text(row, 'id'),
    queue: text(row, 'queue'),
    job: text(row, 'job'),
    jobId: text(row, 'job_id'),
    cause: text(row, 'cause'),
    code: text(row, 'code'),
    message: text(row, 'message'),
    attempts: number(row, 'attempts'),
    addedAt: time(row, 'added_at'),
    failedAt,
    correlationId: textOrNone(row, 'correlation_id'),
    addedBy: textOrNone(row, 'added_by'),
    state: stateOf(text(row, 'state')),
    closedAt: timeOrNone(row, 'closed_at'),
    closedBy: textOrNone(row, 'closed_by'),
    reason: textOrNone(row, 'reason'),
    replayJob: textOrNone(row, 'replay_job'),
    operation: textOrNone(row, 'operation'),
    cursor: `${failedAt.getTime()}.${text(row, 'seq')}`,
  };
}

function stateOf(state: string): DeadLetterRecord['state'] {
  return state === 'replayed' || state === 'discarded' ? state : 'open';
}

function readContent(row: Row): DeadLetterContent {
  const details = Array.isArray(row.details) ? records(row, 'details') : undefined;
  return {
    payload: row.payload,
    key: textOrNone(row, 'key'),
    stack: textOrNone(row, 'stack'),
    details: details?.map((fault) => ({ path: text(fault, 'path'), message: text(fault, 'message') })),
  };
}

function readOperation(row: Row): DeadLetterOperation {
  const state = text(row, 'state');
  return {
    id: text(row, 'id'),
    kind: text(row, 'kind') === 'discard' ? 'discard' : 'replay',
    filter: readFilter(record(row, 'filter')),
    perSecond: number(row, 'per_second'),
    reason: textOrNone(row, 'reason'),
    requestedBy: text(row, 'requested_by'),
    state: state === 'done' || state === 'stopped' ? state : 'running',
    total: number(row, 'total'),
    done: number(row, 'done'),
    failed: number(row, 'failed'),
    fault: textOrNone(row, 'fault'),
    createdAt: time(row, 'created_at'),
    endedAt: timeOrNone(row, 'ended_at'),
  };
}

function readFilter(row: Row): DeadLetterFilter {
  const state = textOrNone(row, 'state');
  return {
    queue: textOrNone(row, 'queue'),
    job: textOrNone(row, 'job'),
    code: textOrNone(row, 'code'),
    cause: textOrNone(row, 'cause'),
    jobId: textOrNone(row, 'jobId'),
    words: textOrNone(row, 'words'),
    from: timeOrNone(row, 'from'),
    until: timeOrNone(row, 'until'),
    ...(state === undefined ? {} : { state: stateOf(state) }),
  };
}
