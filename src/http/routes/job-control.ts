import { z } from 'zod';
import { findKnownJob, ownPayload, rerunnable } from '../../job-index/known-job.ts';
import type { JobSearch } from '../../job-index/search.ts';
import type { JobControl } from '../../queue/job-control.ts';
import type { QueueManager } from '../../queue/queue-manager.ts';
import { rerun } from '../../queue/rerun.ts';
import { readableJob, shownTo } from '../own-jobs.ts';
import { type Route, reply, route } from '../route.ts';
import { addedJob, idempotencyHeader, job, jobAddress, runAgainRequest } from '../schemas/jobs.ts';

const tag = 'Jobs';
const errors = ['JOB_NOT_FOUND', 'JOB_STATE_CONFLICT', 'UNKNOWN_QUEUE', 'QUEUE_UNAVAILABLE'] as const;
const objectOf = ({ queue, job: id }: z.output<typeof jobAddress>) => `job:${queue}/${id}`;

export interface JobControlServices {
  readonly queues: QueueManager;
  readonly jobs: JobControl;
  readonly jobSearch: JobSearch;
}

/** What operators do to one job. */
export function jobControlRoutes({ queues, jobs, jobSearch }: JobControlServices): Route[] {
  const cancel = route({
    method: 'post',
    path: '/jobs/{queue}/{job}/cancel',
    tag,
    permission: 'jobs.change',
    summary: 'Cancel a job',
    description:
      'A waiting or delayed job is taken out of its queue and answered with 200. The signal of one that runs is aborted within a second or so, in whichever process it runs: 202, and the job ends as `cancelled` once its processor has heeded the signal, or has been given up on. Again is harmless.',
    params: jobAddress,
    answers: { 200: z.object({ job }), 202: z.object({ job }) },
    errors,
    audit: { action: 'job.cancel', object: objectOf },
    async handle({ params, principal, note }) {
      const cancelled = await jobs.cancel(params.queue, params.job, principal.subject);
      note({ running: cancelled.cancelling });
      const data = { job: shownTo(principal, cancelled.job) };
      return cancelled.cancelling ? reply(202, data) : reply(200, data);
    },
  });

  const retry = route({
    method: 'post',
    path: '/jobs/{queue}/{job}/retry',
    tag,
    permission: 'jobs.change',
    summary: 'Retry a failed job',
    description:
      'Also one that was cancelled while it ran. It gets one more attempt, or what is left of its attempts. Its dead letter is closed by that.',
    params: jobAddress,
    answers: { 202: z.object({ job }) },
    errors,
    audit: { action: 'job.retry', object: objectOf },
    async handle({ params, principal }) {
      const retried = await jobs.retry(params.queue, params.job, principal.subject);
      return reply(202, { job: shownTo(principal, retried) });
    },
  });

  const promote = route({
    method: 'post',
    path: '/jobs/{queue}/{job}/promote',
    tag,
    permission: 'jobs.change',
    summary: 'Let a delayed job run now',
    params: jobAddress,
    answers: { 202: z.object({ job }) },
    errors,
    audit: { action: 'job.promote', object: objectOf },
    async handle({ params, principal }) {
      return reply(202, { job: shownTo(principal, await jobs.promote(params.queue, params.job)) });
    },
  });

  const runAgain = route({
    method: 'post',
    path: '/jobs/{queue}/{job}/run-again',
    tag,
    permission: 'jobs.change',
    summary: 'Run a job again as a new one',
    description:
      'With its payload edited or not, whatever became of it. The new job is linked to it (`rerunOf` in `GET /api/jobs`) and shares its correlation id. In an edited payload what was shown as `[masked]` and is left so keeps its value; where the queue has forgotten the job, the payload has to be given whole. The same `Idempotency-Key` is the same job: 200.',
    params: jobAddress,
    headers: idempotencyHeader,
    body: runAgainRequest.optional(),
    answers: { 202: z.object({ job: addedJob }), 200: z.object({ job: addedJob }) },
    errors: [
      'JOB_NOT_FOUND',
      'UNKNOWN_QUEUE',
      'UNKNOWN_JOB',
      'JOB_UNAVAILABLE',
      'INVALID_PAYLOAD',
      'TOO_LARGE',
      'IDEMPOTENCY_CONFLICT',
      'QUEUE_UNAVAILABLE',
      'DATABASE_UNAVAILABLE',
    ],
    audit: { action: 'job.rerun', object: objectOf },
    async handle({ params, headers, body, principal, note }) {
      const known = await findKnownJob({ jobs, jobSearch }, params.queue, params.job);
      const edited = body?.payload;
      if (edited !== undefined) note({ edited: true });
      const added = await rerun(queues, rerunnable(known), edited ?? ownPayload(known), {
        by: principal.subject,
        idempotencyKey: headers['Idempotency-Key'],
      });
      note({ job: added.id });
      const { id, queue, name, created } = added;
      const state = created ? 'waiting' : ((await queues.job(queue, id))?.state ?? 'unknown');
      const data = { job: { id, queue, name, state } };
      return created ? reply(202, data) : reply(200, data);
    },
  });

  const reveal = route({
    method: 'post',
    path: '/jobs/{queue}/{job}/reveal',
    tag,
    permission: 'jobs.reveal',
    summary: 'Look at a job in clear',
    description:
      'As `GET /api/jobs/{queue}/{job}`, with nothing masked. For admins; who looked at which job stands in the audit log.',
    params: jobAddress,
    answers: { 200: z.object({ job }) },
    errors: ['JOB_NOT_FOUND', 'UNKNOWN_QUEUE', 'QUEUE_UNAVAILABLE'],
    audit: { action: 'job.reveal', object: objectOf },
    async handle({ params, principal }) {
      return reply(200, { job: await readableJob(jobs, principal, params.queue, params.job) });
    },
  });

  return [cancel, retry, promote, runAgain, reveal];
}
