import { z } from 'zod';
import type {
  DeadLetterFilter,
  DeadLetterRecord,
  OpenedDeadLetter,
} from '../../integrations/database/port.ts';
import type { DeadLetterControl } from '../../queue/dead-letter-control.ts';
import { jobMask, maskFaults } from '../../queue/masking/index.ts';
import { type Route, reply, route } from '../route.ts';
import {
  deadLetter,
  deadLetterGroup,
  deadLetterSummary,
  discardQuery,
  groupQuery,
  letterAddress,
  letterQuery,
  replayRequest,
} from '../schemas/dead-letters.ts';
import { nextCursor } from '../schemas/paging.ts';

const tag = 'Dead letters';
const objectOf = ({ letter }: z.output<typeof letterAddress>) => `dead-letter:${letter}`;
const errors = [
  'DEAD_LETTER_NOT_FOUND',
  'DEAD_LETTER_CLOSED',
  'DEAD_LETTER_BUSY',
  'DATABASE_UNAVAILABLE',
] as const;

/** Dead letters one by one: listed, opened, replayed, discarded. */
export function deadLetterRoutes(letters: DeadLetterControl): Route[] {
  const list = route({
    method: 'get',
    path: '/dead-letters',
    tag,
    permission: 'dead-letters.read',
    summary: 'List dead letters, those that failed last first',
    query: letterQuery,
    answers: { 200: z.object({ deadLetters: z.array(deadLetterSummary), nextCursor }) },
    errors: ['DATABASE_UNAVAILABLE'],
    async handle({ query: { cursor, limit, ...filter } }) {
      const found = await letters.list(filterOf(filter), cursor, limit + 1);
      const shown = found.slice(0, limit);
      const next = found.length > limit ? (shown.at(-1)?.cursor ?? null) : null;
      return reply(200, { deadLetters: shown.map(viewLetter), nextCursor: next });
    },
  });

  const groups = route({
    method: 'get',
    path: '/dead-letters/groups',
    tag,
    permission: 'dead-letters.read',
    summary: 'List the causes of dead letters, those of most letters first',
    description:
      'Letters have one cause when queue, job, error code and message are the same; numbers, ids, addresses and quotations in the message do not count.',
    query: groupQuery,
    answers: { 200: z.object({ groups: z.array(deadLetterGroup) }) },
    errors: ['DATABASE_UNAVAILABLE'],
    async handle({ query: { limit, ...filter } }) {
      return reply(200, { groups: await letters.groups(filterOf(filter), limit) });
    },
  });

  const show = route({
    method: 'get',
    path: '/dead-letters/{letter}',
    tag,
    permission: 'dead-letters.read',
    summary: 'Open a dead letter',
    params: letterAddress,
    answers: { 200: z.object({ deadLetter }) },
    errors: ['DEAD_LETTER_NOT_FOUND', 'DATABASE_UNAVAILABLE'],
    async handle({ params }) {
      return reply(200, { deadLetter: viewOpened(await letters.find(params.letter)) });
    },
  });

  const replay = route({
    method: 'post',
    path: '/dead-letters/{letter}/replay',
    tag,
    permission: 'dead-letters.change',
    summary: 'Replay a dead letter',
    description:
      'Its job goes again, with its id, key and correlation id, and with its attempts counted anew. In an edited payload what was shown as `[masked]` and is left so keeps its value. Where the queue has forgotten the job a new one takes its place; `replayOf` of the job names the letter.',
    params: letterAddress,
    body: replayRequest.optional(),
    answers: { 202: z.object({ deadLetter, job: z.object({ queue: z.string(), id: z.string() }) }) },
    errors: [...errors, 'INVALID_PAYLOAD', 'UNKNOWN_QUEUE', 'UNKNOWN_JOB', 'QUEUE_UNAVAILABLE'],
    audit: { action: 'dead-letter.replay', object: objectOf },
    async handle({ params, body, principal, note }) {
      const { payload } = body ?? {};
      const edited = payload === undefined ? {} : { payload };
      if (payload !== undefined) note({ edited: true });
      const job = await letters.replay(params.letter, { by: principal.subject, ...edited });
      note({ job: `${job.queue}/${job.id}` });
      return reply(202, { deadLetter: viewOpened(await letters.find(params.letter)), job });
    },
  });

  const discard = route({
    method: 'delete',
    path: '/dead-letters/{letter}',
    tag,
    permission: 'dead-letters.change',
    summary: 'Discard a dead letter',
    description: 'It stays to be looked at, as discarded, for 90 days. Its job is left as it is.',
    params: letterAddress,
    query: discardQuery,
    answers: { 200: z.object({ deadLetter }) },
    errors,
    audit: { action: 'dead-letter.discard', object: objectOf },
    async handle({ params, query: { reason }, principal, note }) {
      note({ reason });
      await letters.discard(params.letter, { by: principal.subject, reason });
      return reply(200, { deadLetter: viewOpened(await letters.find(params.letter)) });
    },
  });

  const reveal = route({
    method: 'post',
    path: '/dead-letters/{letter}/reveal',
    tag,
    permission: 'jobs.reveal',
    summary: 'See a dead letter in clear',
    description: 'With the payload that is masked elsewhere. Each time is in the audit log.',
    params: letterAddress,
    answers: { 200: z.object({ deadLetter }) },
    errors: ['DEAD_LETTER_NOT_FOUND', 'DATABASE_UNAVAILABLE'],
    audit: { action: 'dead-letter.reveal', object: objectOf },
    async handle({ params }) {
      return reply(200, { deadLetter: viewInClear(await letters.find(params.letter)) });
    },
  });

  return [list, groups, show, replay, discard, reveal];
}

/** `all` is every state. */
function filterOf({
  state,
  ...filter
}: Omit<DeadLetterFilter, 'state'> & {
  readonly state: 'open' | 'replayed' | 'discarded' | 'all';
}): DeadLetterFilter {
  return state === 'all' ? filter : { ...filter, state };
}

export function viewLetter({ cursor: _, ...letter }: DeadLetterRecord) {
  return letter;
}

function viewInClear({ content, ...letter }: OpenedDeadLetter) {
  const { payload, stack, details } = content;
  return { ...viewLetter(letter), payload, stack, details };
}

function viewOpened({ content, ...letter }: OpenedDeadLetter) {
  const { payload, text } = jobMask({ queue: letter.queue, name: letter.job, payload: content.payload });
  return {
    ...viewLetter(letter),
    payload,
    stack: content.stack === undefined ? undefined : text(content.stack),
    details: content.details === undefined ? undefined : maskFaults(content.details, text),
  };
}
