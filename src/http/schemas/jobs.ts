import { z } from 'zod';
import { addOptions } from '../../queue/options.ts';
import { count, jobId, queueName, time } from './fields.ts';

export const jobState = z
  .enum(['waiting', 'active', 'delayed', 'completed', 'failed', 'cancelled', 'unknown'])
  .meta({ id: 'JobState' });

const progress = z.object({ percent: z.number().min(0).max(100), message: z.string().optional() });
const attempts = z.object({ made: count, max: count });

/** A job as the API shows it. */
export const job = z
  .object({
    id: jobId,
    queue: queueName,
    name: z.string(),
    state: jobState,
    progress,
    attempts,
    payload: z.unknown().describe('As it was given, `{ type, data }`'),
    correlationId: z.string().optional(),
    addedBy: z.string().optional().describe('Who added it; absent when the platform did'),
    tenant: z.string().optional().describe('For whom it was added'),
    replayOf: z.string().optional().describe('The dead letter that it was last replayed from'),
    result: z.unknown().optional().describe('What its processor gave, once it is completed'),
    failure: z.string().optional().describe('The last failure: a code in brackets and a message'),
    createdAt: time,
    startedAt: time.optional(),
    finishedAt: time.optional(),
    logs: z.array(z.string()).describe('What its processor has logged, the latest thousand lines'),
  })
  .meta({ id: 'Job' });

// A job's own id and key are the platform's to choose, as is what it follows from; and who adds it says the token.
export const requestOptions = addOptions
  .omit({ jobId: true, key: true, addedBy: true, parent: true, rerunOf: true, replay: true })
  .meta({ id: 'AddOptions', description: 'How the job is to be run; times in ms' });

export const jobRequest = z.strictObject({
  payload: z.unknown().describe('What the job takes; the operations that add one say it job by job'),
  options: requestOptions.optional(),
});

export const runAgainRequest = z.strictObject({
  payload: z.unknown().optional().describe('Runs with this, `{ type, data }`, in the place of its own'),
});

/** How many jobs one request may add. */
const mostJobs = 1_000;
export const bulkRequest = z.strictObject({ jobs: z.array(jobRequest).min(1).max(mostJobs) });

/** The address of a kind of job, where one is added. */
export const jobTarget = z.object({
  queue: queueName,
  job: z.string().min(1).max(128).describe("The job's name, such as `send-welcome`"),
});

/** The address of one job. */
export const jobAddress = z.object({ queue: queueName, job: jobId });

export const addedJob = z
  .object({ id: jobId, queue: queueName, name: z.string(), state: jobState })
  .meta({ id: 'AddedJob' });

export const idempotencyHeader = z.object({
  'Idempotency-Key': addOptions.shape.idempotencyKey.describe('The same key again is the same job'),
});
