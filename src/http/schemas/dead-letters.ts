import { z } from 'zod';
import { count, jobId, queueName, time } from './fields.ts';
import { pageLimit } from './paging.ts';

const causeId = z
  .string()
  .regex(/^[0-9a-f]{16}$/, 'must be the id of a cause, as the groups show it')
  .describe('The group that it belongs to');
const state = z.enum(['open', 'replayed', 'discarded']).meta({ id: 'DeadLetterState' });
const word = z.string().min(1).max(200);
const when = z.coerce.date({ error: 'must be a time, such as 2026-11-25T03:00:00Z' });

/** What letters are chosen by, in a query or a body. */
const choice = {
  queue: queueName.optional(),
  job: word.optional().describe("The job's name"),
  code: word.optional().describe('The code of the error, such as MAIL_UNAVAILABLE'),
  cause: causeId.optional(),
  jobId: jobId.optional(),
  from: when.optional().describe('Failed at this time or later'),
  until: when.optional().describe('Failed before this time'),
  words: z
    .string()
    .max(200)
    .regex(/[\p{L}\p{N}]/u, 'must hold a letter or digit')
    .optional()
    .describe('Words of the message, all of them, each of which may be the beginning of one'),
};

const shownState = z
  .enum(['open', 'replayed', 'discarded', 'all'])
  .default('open')
  .describe('`open` when absent');

export const letterQuery = z.strictObject({
  ...choice,
  state: shownState,
  cursor: z
    .string()
    .regex(/^\d{1,15}\.\d{1,18}$/, 'must be the nextCursor of the page before')
    .optional()
    .describe('The `nextCursor` of the page before'),
  limit: pageLimit,
});

export const groupQuery = z.strictObject({ ...choice, state: shownState, limit: pageLimit });

/** A filter that chooses among open letters. */
const letterFilter = z.strictObject(choice).meta({ id: 'DeadLetterFilter' });

export const letterAddress = z.object({ letter: jobId.describe("The letter's id") });
export const operationAddress = z.object({
  operation: z
    .string()
    .regex(/^[A-Za-z0-9_-]{1,64}$/, 'is no id of an operation')
    .describe('Its id'),
});

const reason = z.string().trim().min(1).max(500).describe('Why; it stands in the letter and the audit log');
export const discardQuery = z.strictObject({ reason });

const perSecond = z.number().min(0.1).max(500).default(10).describe('The pace: how many letters a second');
const dryRun = z
  .boolean()
  .default(true)
  .describe('Only says what would be done. Say `false` to have it done');

export const replayRequest = z.strictObject({
  payload: z.unknown().optional().describe('Runs with this, `{ type, data }`, in the place of its own'),
});
export const replayManyRequest = z.strictObject({ filter: letterFilter, dryRun, perSecond });
export const discardManyRequest = z.strictObject({ filter: letterFilter, dryRun, reason });

/** A dead letter as lists show it. */
const letterFields = {
  id: z.string(),
  queue: queueName,
  job: z.string(),
  jobId: z.string().describe('The job that died'),
  state,
  cause: causeId,
  code: z.string(),
  message: z.string().describe('The error; lists cut it at 2,000 characters'),
  attempts: count,
  addedAt: time.describe('When the job was added'),
  failedAt: time,
  correlationId: z.string().optional(),
  addedBy: z.string().optional().describe('Who added the job; absent when the platform did'),
  closedAt: time.optional(),
  closedBy: z.string().optional(),
  reason: z.string().optional().describe('Why it was discarded'),
  replayJob: z
    .string()
    .optional()
    .describe('The job that ran in its place: its own again, or a new one where the queue had forgotten it'),
  operation: z.string().optional().describe('The replay or discard of many that closed it'),
};

export const deadLetterSummary = z.object(letterFields).meta({ id: 'DeadLetterSummary' });

export const deadLetter = z
  .object({
    ...letterFields,
    payload: z.unknown().describe('What it died with, `{ type, data }`'),
    stack: z.string().optional(),
    details: z
      .array(z.object({ path: z.string(), message: z.string() }))
      .optional()
      .describe('The wrong fields, where the error names them'),
  })
  .meta({ id: 'DeadLetter' });

export const deadLetterGroup = z
  .object({
    cause: causeId,
    queue: queueName,
    job: z.string(),
    code: z.string(),
    message: z.string().describe('What their messages have in common'),
    count,
    firstAt: time,
    lastAt: time,
  })
  .meta({ id: 'DeadLetterGroup' });

export const preview = z
  .object({
    total: count,
    groups: z.array(deadLetterGroup).describe('The twenty causes of most letters'),
    samples: z.array(deadLetterSummary).describe('The ten newest'),
  })
  .meta({ id: 'DeadLetterPreview' });

export const operation = z
  .object({
    id: z.string(),
    kind: z.enum(['replay', 'discard']),
    state: z.enum(['running', 'stopped', 'done']),
    filter: z.object({ ...choice, from: time.optional(), until: time.optional(), state: state.optional() }),
    perSecond: z.number(),
    reason: z.string().optional(),
    requestedBy: z.string(),
    total: count.describe('Letters that were open when it began; those that came later are left alone'),
    done: count,
    failed: count.describe('Letters that it could not deal with; they stay open'),
    fault: z.string().optional().describe('Why it could not deal with the last of them'),
    createdAt: time,
    endedAt: time.optional(),
  })
  .meta({ id: 'DeadLetterOperation' });
