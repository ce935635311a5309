import { z } from 'zod';
import { moment } from '../../access/audit-query.ts';
import { may, type Principal } from '../../access/roles.ts';
import { MillraceError } from '../../errors/catalogue.ts';
import type { IndexedJob } from '../../integrations/database/port.ts';
import { type JobSearch, jobCursor } from '../../job-index/search.ts';
import { type Route, reply, route } from '../route.ts';
import { count, jobId, queueName, time } from '../schemas/fields.ts';
import { jobState } from '../schemas/jobs.ts';
import { nextCursor, pageLimit } from '../schemas/paging.ts';

const address = z.string().max(500);

const foundJob = z
  .object({
    id: z.string(),
    queue: z.string(),
    name: z.string(),
    state: jobState,
    attempts: z.object({ made: count, max: count.optional() }),
    correlationId: z.string().optional(),
    tenant: z.string().optional(),
    addedBy: z.string().optional().describe('Who added it; absent when the platform did'),
    parent: address.optional().describe('`<queue>/<id>` of the job that added it'),
    rerunOf: address.optional().describe('`<queue>/<id>` of the job that it is a second run of'),
    traceId: z.string().optional(),
    createdAt: time,
    dueAt: time.optional().describe('When a delayed job may be taken'),
    startedAt: time.optional().describe('When its latest attempt began'),
    finishedAt: time.optional(),
    waitMs: count.optional().describe('From when it was due to when it was first taken'),
    durationMs: count.optional().describe('How long its latest attempt ran'),
    error: z.object({ code: z.string(), message: z.string() }).optional(),
  })
  .meta({ id: 'FoundJob' });

const word = (most: number) => z.string().min(1).max(most);

const searchQuery = z.strictObject({
  q: word(300)
    .optional()
    .describe('Words of payload and failure, all of which have to be there; `acm*` is any that begins so'),
  queue: queueName.optional(),
  name: word(128).optional().describe("The job's name, such as `send-welcome`"),
  state: jobState.optional().describe('`unknown`: no longer in its queue, and nobody saw how it ended'),
  id: jobId.optional(),
  correlationId: word(128).optional(),
  tenant: word(128).optional(),
  owner: word(255).optional().describe('Who added it; producers see their own alone'),
  error: word(64).optional().describe('The code of its failure, such as `JOB_TIMEOUT`'),
  parent: address.optional().describe('`<queue>/<id>` of the job that added it'),
  rerunOf: address.optional().describe('`<queue>/<id>` of the job that it is a second run of'),
  from: moment.optional().describe('Added at this date or time or later; without a zone it is UTC'),
  to: moment.optional().describe('Added before this time'),
  cursor: jobCursor.optional().describe('The `nextCursor` of the page before'),
  limit: pageLimit,
});

/** All jobs there ever were, as far as they are kept. */
export function jobSearchRoutes(search: JobSearch): Route[] {
  const find = route({
    method: 'get',
    path: '/jobs',
    tag: 'Jobs',
    permission: 'jobs.read-own',
    summary: 'Search jobs, the newest first',
    description:
      'Over jobs that wait and run, that have ended, and that their queue has forgotten, for `JOB_HISTORY_DAYS`. What happens to a job is found a second or so later. Producers find the jobs that they have added.',
    query: searchQuery,
    answers: { 200: z.object({ jobs: z.array(foundJob), nextCursor }) },
    errors: ['JOB_INDEX_OFF', 'DATABASE_UNAVAILABLE'],
    async handle({ query: { limit, to: until, error: errorCode, owner, ...question }, principal }) {
      const asked = { ...question, until, errorCode, owner: visibleOwner(principal, owner) };
      const { jobs, next } = await search.page(asked, limit);
      return reply(200, { jobs: jobs.map(viewFound), nextCursor: next ?? null });
    },
  });
  return [find];
}

/** Whose jobs are searched: everybody's, for those who may see them. */
function visibleOwner(principal: Principal, owner: string | undefined): string | undefined {
  if (may(principal.role, 'jobs.read')) return owner;
  if (owner === undefined || owner === principal.subject) return principal.subject;
  throw new MillraceError(
    'FORBIDDEN',
    'Producers find the jobs that they have added themselves. Leave owner out.',
  );
}

function viewFound({
  jobId: id,
  addedAt: createdAt,
  owner: addedBy,
  seq: _,
  attempts,
  maxAttempts: max,
  ...job
}: IndexedJob) {
  return { ...job, id, addedBy, createdAt, attempts: { made: attempts, max } };
}
