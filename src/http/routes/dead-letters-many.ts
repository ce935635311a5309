import { z } from 'zod';
import type { AuditAction } from '../../access/audit-actions.ts';
import type {
  AuditDetail,
  DeadLetterFilter,
  DeadLetterOperationKind,
} from '../../integrations/database/port.ts';
import type { DeadLetterControl } from '../../queue/dead-letter-control.ts';
import { type Route, reply, route } from '../route.ts';
import {
  discardManyRequest,
  operation,
  operationAddress,
  preview,
  replayManyRequest,
} from '../schemas/dead-letters.ts';
import { idempotencyHeader } from '../schemas/jobs.ts';
import { pageLimit } from '../schemas/paging.ts';
import { viewLetter } from './dead-letters.ts';

const tag = 'Dead letters';

/** Many dead letters at once: tried dry, then worked off in the background, watched and stopped. */
export function deadLetterBulkRoutes(letters: DeadLetterControl): Route[] {
  const look = async (filter: DeadLetterFilter) => {
    const { samples, ...seen } = await letters.inBulk.preview(filter);
    return reply(200, { preview: { ...seen, samples: samples.map(viewLetter) } });
  };

  const replay = route({
    method: 'post',
    path: '/dead-letters/replay',
    tag,
    permission: 'dead-letters.change',
    summary: 'Replay all dead letters that fit a filter',
    description:
      'A dry run unless told otherwise: 200 with how many there are, their causes and some samples. With `dryRun: false` 202 and an operation, which goes on in the background at its pace, in another process if its own dies. Letters that come after it has begun are left alone, so that what dies again is not replayed for ever. The same `Idempotency-Key` is the same operation.',
    headers: idempotencyHeader,
    body: replayManyRequest,
    answers: { 200: z.object({ preview }), 202: z.object({ replay: operation }) },
    errors: ['DATABASE_UNAVAILABLE'],
    audit: { action: 'dead-letter.replay', object: () => 'dead-letters:filter' },
    async handle({ body: { filter, dryRun, perSecond }, headers, principal, note }) {
      note({ ...detailOf(filter), dryRun, perSecond });
      if (dryRun) return look(filter);
      const wanted = { kind: 'replay', filter, perSecond, requestedBy: principal.subject } as const;
      const started = await letters.inBulk.start(
        { ...wanted, reason: undefined },
        headers['Idempotency-Key'],
      );
      note({ replay: started.id, total: started.total });
      return reply(202, { replay: started });
    },
  });

  const discard = route({
    method: 'post',
    path: '/dead-letters/discard',
    tag,
    permission: 'dead-letters.change',
    summary: 'Discard all dead letters that fit a filter',
    description: 'A dry run unless told otherwise, as a replay of many.',
    headers: idempotencyHeader,
    body: discardManyRequest,
    answers: { 200: z.object({ preview }), 202: z.object({ discard: operation }) },
    errors: ['DATABASE_UNAVAILABLE'],
    audit: { action: 'dead-letter.discard', object: () => 'dead-letters:filter' },
    async handle({ body: { filter, dryRun, reason }, headers, principal, note }) {
      note({ ...detailOf(filter), dryRun, reason });
      if (dryRun) return look(filter);
      const wanted = {
        kind: 'discard',
        filter,
        perSecond: discardPace,
        requestedBy: principal.subject,
      } as const;
      const started = await letters.inBulk.start({ ...wanted, reason }, headers['Idempotency-Key']);
      note({ discard: started.id, total: started.total });
      return reply(202, { discard: started });
    },
  });

  const list = route({
    method: 'get',
    path: '/dead-letters/replays',
    tag,
    permission: 'dead-letters.read',
    summary: 'List replays and discards of many, the newest first',
    query: z.strictObject({ limit: pageLimit }),
    answers: { 200: z.object({ operations: z.array(operation) }) },
    errors: ['DATABASE_UNAVAILABLE'],
    async handle({ query: { limit } }) {
      return reply(200, { operations: await letters.inBulk.list(limit) });
    },
  });

  // Before those that take what follows for a letter's id.
  return [
    list,
    ...operationRoutes('replay', letters),
    ...operationRoutes('discard', letters),
    replay,
    discard,
  ];
}

/** Discards touch nothing but our own table. */
const discardPace = 200;

function operationRoutes(kind: DeadLetterOperationKind, letters: DeadLetterControl): Route[] {
  const path = `/dead-letters/${kind}s/{operation}`;
  const answers = { 200: z.object({ [kind]: operation }) };
  const errors = ['DEAD_LETTER_OPERATION_NOT_FOUND', 'DATABASE_UNAVAILABLE'] as const;
  const action: AuditAction = kind === 'replay' ? 'dead-letter.replay' : 'dead-letter.discard';
  const show = route({
    method: 'get',
    path,
    tag,
    permission: 'dead-letters.read',
    summary: `See how far a ${kind} of many has come`,
    params: operationAddress,
    answers,
    errors,
    async handle({ params }) {
      return reply(200, { [kind]: await letters.inBulk.find(kind, params.operation) });
    },
  });
  const stop = route({
    method: 'post',
    path: `${path}/stop`,
    tag,
    permission: 'dead-letters.change',
    summary: `Stop a ${kind} of many`,
    description: 'Within a second or so. What was done stays done. Again is harmless.',
    params: operationAddress,
    answers,
    errors,
    audit: { action, object: ({ operation: id }) => `dead-letters:${kind}/${id}` },
    async handle({ params, note }) {
      note({ stop: true });
      return reply(200, { [kind]: await letters.inBulk.stop(kind, params.operation) });
    },
  });
  return [show, stop];
}

/** The filter as the audit log has it. */
function detailOf(filter: DeadLetterFilter): AuditDetail {
  const known = Object.entries(filter).filter(([, value]) => value !== undefined);
  return Object.fromEntries(
    known.map(([name, value]) => [name, value instanceof Date ? value.toISOString() : String(value)]),
  );
}
