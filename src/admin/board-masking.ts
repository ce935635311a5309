import type { AfterHook, BeforeHook, HookContext } from '@bull-board/api/typings/app';
import { readEnvelope } from '../queue/envelope.ts';
import { type JobMask, jobMask, masked, maskTexts } from '../queue/masking/index.ts';

type Fields = Readonly<Record<string, unknown>>;

/** What the board may be asked for: how each answer is masked. What is not here is refused, whatever a later version brings. */
const answers: Readonly<Record<string, (body: unknown, context: HookContext) => unknown>> = {
  '/api/redis/stats': asItIs,
  '/api/queues/:queueName/metrics': asItIs,
  '/api/queues/:queueName/default-job-options': asItIs,
  '/api/queues/:queueName/workers': asItIs,
  '/api/queues/:queueName/rate-limit': asItIs,
  '/api/queues/:queueName/job-data-schema': asItIs,
  // Nothing of ours is scheduled by BullMQ, and what it would repeat holds data.
  '/api/job-schedulers': (body) => ({ ...fieldsOf(body), schedulers: [] }),
  '/api/queues': (body) => ({ ...fieldsOf(body), queues: listOf(fieldsOf(body).queues).map(maskQueue) }),
  '/api/queues/:queueName/:jobId': (body, { request }) => {
    const { job, ...rest } = fieldsOf(body);
    return { ...rest, job: maskBoardJob(String(request.params.queueName), fieldsOf(job)) };
  },
  '/api/queues/:queueName/:jobId/logs': maskLogs,
  '/api/queues/:queueName/:jobId/flow': (body) => ({
    ...fieldsOf(body),
    flowRoot: maskFlow(fieldsOf(body).flowRoot),
  }),
};

/** Lets through what is known here, and changes, which `auditBoard` has looked at. */
export const refuseUnknown: BeforeHook = ({ method, route }) => {
  if (method !== 'get' || Object.hasOwn(answers, route)) return undefined;
  return { allow: false, status: 403 };
};

/** Masks all that the board tells of jobs, whoever looks: an admin reveals a job in the console, which is audited. */
export const maskAnswer: AfterHook = async (context, result) => {
  const mask = context.method === 'get' ? answers[context.route] : undefined;
  if (mask === undefined || (result.status ?? 200) >= 400) return result;
  const body: unknown = await mask(result.body, context);
  return { ...result, body: Array.isArray(body) ? body : fieldsOf(body) };
};

function asItIs(body: unknown): unknown {
  return body;
}

function maskQueue(queue: unknown): unknown {
  const { jobs, ...rest } = fieldsOf(queue);
  return { ...rest, jobs: listOf(jobs).map((job) => maskBoardJob(String(rest.name), fieldsOf(job))) };
}

/** A job as the board's `formatJob` gives it. */
function maskBoardJob(queue: string, job: Fields): Fields {
  const { data, mask } = maskData(queue, String(job.name), job.data, job.returnValue);
  const { id, name, timestamp, processedOn, finishedOn, attempts, delay, isFailed, priority } = job;
  const { attemptsStarted, stalledCounter, processedBy } = job;
  const text = (value: unknown) => maskTexts(value, mask.text);
  return {
    ...{ id, timestamp, processedOn, processedBy, finishedOn, attempts, delay, isFailed },
    ...Object.fromEntries(
      Object.entries({ priority, attemptsStarted, stalledCounter }).filter(
        ([, value]) => value !== undefined,
      ),
    ),
    name: text(name),
    data,
    returnValue: mask.result,
    progress: text(job.progress),
    failedReason: text(job.failedReason),
    stacktrace: text(job.stacktrace),
    opts: text(job.opts),
    ...(job.deferredFailure === undefined ? {} : { deferredFailure: text(job.deferredFailure) }),
  };
}

/** The data of a job, or of the dead letter of one, which holds its payload and error. */
function maskData(
  queue: string,
  name: string,
  stored: unknown,
  result: unknown,
): { readonly data: unknown; readonly mask: JobMask } {
  const letter = fieldsOf(stored);
  if (typeof letter.queue === 'string' && queue === `${letter.queue}-dead-letter`) {
    const mask = jobMask({ queue: letter.queue, name: String(letter.job), payload: letter.payload });
    const { job, jobId, key, correlationId, addedBy, attempts, error, addedAt, failedAt } = letter;
    const known = {
      queue: letter.queue,
      job,
      jobId,
      key,
      correlationId,
      addedBy,
      attempts,
      error,
      addedAt,
      failedAt,
    };
    const shown = fieldsOf(maskTexts(known, mask.text));
    return { data: { ...shown, payload: mask.payload }, mask };
  }
  const mask = jobMask({ queue, name, payload: stored, result });
  const meta = readEnvelope(stored)?.meta;
  return { data: meta === undefined ? mask.payload : { ...fieldsOf(mask.payload), meta }, mask };
}

/** Lines alone do not say what the payload hides, so the job is read for it. */
async function maskLogs(body: unknown, { request }: HookContext): Promise<unknown> {
  const { queueName, jobId } = request.params;
  const job = await request.queues.get(String(queueName))?.getJob(String(jobId));
  const { name, data } = fieldsOf(job?.toJSON());
  const { mask } = maskData(String(queueName), String(name), data, undefined);
  return maskTexts(listOf(body), mask.text);
}

/** Parents and children by name and state. */
function maskFlow(node: unknown): unknown {
  if (node === null || node === undefined) return node;
  const { progress, children, ignoredChildFailureReasons, ...rest } = fieldsOf(node);
  const percent = fieldsOf(progress).percent ?? progress;
  return {
    ...rest,
    progress: typeof percent === 'number' ? percent : 0,
    children: listOf(children).map(maskFlow),
    ...(ignoredChildFailureReasons === undefined
      ? {}
      : {
          ignoredChildFailureReasons: Object.fromEntries(
            Object.keys(fieldsOf(ignoredChildFailureReasons)).map((key) => [key, masked]),
          ),
        }),
  };
}

function fieldsOf(value: unknown): Fields {
  return typeof value === 'object' && value !== null ? { ...value } : {};
}

function listOf(value: unknown): readonly unknown[] {
  return Array.isArray(value) ? value : [];
}
