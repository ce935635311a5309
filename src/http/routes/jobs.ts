import { z } from 'zod';
import { MillraceError } from '../../errors/catalogue.ts';
import type { JobControl } from '../../queue/job-control.ts';
import { refuseOtherWork } from '../../queue/keyed-jobs.ts';
import type { QueueManager } from '../../queue/queue-manager.ts';
import type { NamedThings } from '../named-things.ts';
import { mayReadJobOf, readableJob, shownTo } from '../own-jobs.ts';
import { type Route, reply, route } from '../route.ts';
import { jobKinds } from '../schemas/job-kinds.ts';
import {
  addedJob,
  bulkRequest,
  idempotencyHeader,
  job,
  jobAddress,
  jobRequest,
  jobTarget,
} from '../schemas/jobs.ts';

const tag = 'Jobs';
/** A thousand jobs of 16 kB; whoever has more to say says it in more requests. */
const bulkLimit = '16mb';

export interface JobRoutesOptions {
  readonly queues: QueueManager;
  readonly namedThings: NamedThings;
  readonly jobs: JobControl;
}

const addErrors = [
  'INVALID_PAYLOAD',
  'INVALID_OPTIONS',
  'TOO_LARGE',
  'UNKNOWN_QUEUE',
  'UNKNOWN_JOB',
  'JOB_UNAVAILABLE',
  'IDEMPOTENCY_CONFLICT',
  'QUEUE_UNAVAILABLE',
  'DATABASE_UNAVAILABLE',
] as const;

/** Jobs in, and a look at one. */
export function jobRoutes({ queues, namedThings, jobs }: JobRoutesOptions): Route[] {
  const add = route({
    method: 'post',
    path: '/jobs/{queue}/{job}',
    tag,
    permission: 'jobs.add',
    summary: 'Add a job',
    description:
      'Answers when the queue has the job. The same idempotency key again, by header or option, is the same job for as long as the queue keeps it, and is answered with 200. What a payload names of producers (documents, stories, reports, conversions, attachments) a producer may name when it may see it; else it is answered as if it were not there.',
    params: jobTarget,
    headers: idempotencyHeader,
    body: jobRequest,
    answers: { 202: z.object({ job: addedJob }), 200: z.object({ job: addedJob }) },
    errors: addErrors,
    kinds: jobKinds(),
    audit: { action: 'job.add', object: ({ queue }) => `queue:${queue}` },
    async handle({ params, headers, body, principal, correlationId, note }) {
      const { payload, options = {} } = body;
      const key = agreed(headers['Idempotency-Key'], options.idempotencyKey);
      const terms = {
        correlationId,
        ...options,
        ...(key === undefined ? {} : { idempotencyKey: key }),
        addedBy: principal.subject,
      };
      const check = namedThings.checkFor(principal);
      const added = await queues.addUntyped(params.queue, params.job, payload, terms, check);
      if (!added.created && !mayReadJobOf(principal, added.addedBy)) throw keyOfAnother();
      note({ job: added.id, name: added.name });
      const mayBeAnother = !added.created || options.deduplicate !== undefined;
      const state = mayBeAnother
        ? ((await queues.job(params.queue, added.id))?.state ?? 'unknown')
        : options.delay === undefined || options.delay === 0
          ? 'waiting'
          : 'delayed';
      const data = { job: { id: added.id, queue: added.queue, name: added.name, state } };
      return added.created ? reply(202, data) : reply(200, data);
    },
  });

  const addBulk = route({
    method: 'post',
    path: '/jobs/{queue}/{job}/bulk',
    tag,
    permission: 'jobs.add',
    summary: 'Add up to 1,000 jobs, all or none',
    description:
      'Paths of faults begin with the index of the job. An `Idempotency-Key` header gives each job without a key of its own one that is made of it and the index, so that the same request again adds nothing. 200 when every job was there before.',
    params: jobTarget,
    headers: idempotencyHeader,
    body: bulkRequest,
    bodyLimit: bulkLimit,
    answers: { 202: bulkAnswer, 200: bulkAnswer },
    errors: addErrors,
    audit: { action: 'job.add', object: ({ queue }) => `queue:${queue}` },
    async handle({ params, headers, body, principal, correlationId, note }) {
      const batchKey = headers['Idempotency-Key'];
      const wanted = body.jobs.map(({ payload, options = {} }, index) => {
        const idempotencyKey = options.idempotencyKey ?? keyInBatch(batchKey, index);
        return {
          name: params.job,
          payload,
          options: {
            correlationId,
            ...options,
            ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
            addedBy: principal.subject,
          },
        };
      });
      await refuseOtherWork(queues, params.queue, wanted, (addedBy) => mayReadJobOf(principal, addedBy));
      const added = await queues.addManyUntyped(params.queue, wanted, namedThings.checkFor(principal));
      note({ name: params.job, jobs: added.length });
      const data = {
        jobs: added.map(({ id, created }) => ({ id, queue: params.queue, name: params.job, created })),
      };
      return added.some(({ created }) => created) ? reply(202, data) : reply(200, data);
    },
  });

  const show = route({
    method: 'get',
    path: '/jobs/{queue}/{job}',
    tag,
    permission: 'jobs.read-own',
    summary: 'Look at a job',
    description:
      'State, progress, attempts, result, failure, times and logs. Producers see the jobs that they have added. What is sensitive is masked, except in the own jobs of a producer; an admin sees it by revealing the job.',
    params: jobAddress,
    answers: { 200: z.object({ job }) },
    errors: ['JOB_NOT_FOUND', 'UNKNOWN_QUEUE', 'QUEUE_UNAVAILABLE'],
    async handle({ params, principal }) {
      const found = await readableJob(jobs, principal, params.queue, params.job);
      return reply(200, { job: shownTo(principal, found) });
    },
  });

  return [addBulk, add, show];
}

const bulkAnswer = z.object({
  jobs: z.array(
    addedJob.omit({ state: true }).extend({
      created: z
        .boolean()
        .describe('`false` when its idempotency key had been used before: this is the job of then'),
    }),
  ),
});

/** Names one job of a batch; no key that a caller would choose looks so. */
function keyInBatch(batchKey: string | undefined, index: number): string | undefined {
  return batchKey === undefined ? undefined : `${batchKey}~${index}`;
}

function keyOfAnother(): MillraceError {
  return new MillraceError(
    'IDEMPOTENCY_CONFLICT',
    'The idempotency key was used before by another caller. Use a key of your own.',
  );
}

/** The key may come by header or by option; two that differ are a mistake. */
function agreed(header: string | undefined, option: string | undefined): string | undefined {
  if (header === undefined || option === undefined || header === option) return header ?? option;
  throw new MillraceError(
    'INVALID_REQUEST',
    'The header Idempotency-Key and options.idempotencyKey differ. Send one of them.',
  );
}
