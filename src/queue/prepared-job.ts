import { randomUUID } from 'node:crypto';
import type { JobsOptions } from 'bullmq';
import { type JobDefinition, type QueueName, queues } from '../../queues/index.ts';
import { MillraceError } from '../errors/catalogue.ts';
import { activeTraceId } from '../observability/active-trace.ts';
import { definitionOf } from './definitions.ts';
import type { Envelope, EnvelopeMeta } from './envelope.ts';
import { jobIdOf } from './idempotency.ts';
import type { AddOptions } from './options.ts';
import { parsePayload } from './payload.ts';

/** A job as the store is to take it. `bytes` is the size of its payload. */
export interface PreparedJob {
  readonly name: string;
  readonly data: Envelope;
  readonly opts: JobsOptions;
  readonly bytes: number;
}

/** What holds for jobs that do not say otherwise, and which are not to be had. */
export interface JobRules {
  /** Jobs that are defined but that nothing does yet. */
  readonly pending: { readonly [Q in QueueName]?: readonly string[] };
  readonly maxAttempts: number;
  readonly backoffMs: number;
}

/** Spreads retries over the last quarter of their pause, so that jobs that failed together do not come back together. */
const jitter = 0.25;

/**
 * Checks a job and gives it its key, its correlation id and the defaults of its queue.
 * @throws InvalidPayloadError naming the path of each wrong field; MillraceError TOO_LARGE, UNKNOWN_JOB, JOB_UNAVAILABLE.
 */
export function prepareJob(
  rules: JobRules,
  queue: QueueName,
  name: string,
  payload: unknown,
  options: AddOptions,
): PreparedJob {
  const definition = definitionOf(queue, name);
  if (rules.pending[queue]?.includes(name) === true) {
    throw new MillraceError(
      'JOB_UNAVAILABLE',
      `${queue}/${name} is defined, but this version does not process it yet.`,
    );
  }
  const {
    payload: { type, data },
    bytes,
  } = parsePayload(queue, name, definition, payload);
  const { idempotencyKey } = options;
  const jobId =
    options.jobId ?? (idempotencyKey === undefined ? undefined : jobIdOf(queue, name, idempotencyKey));
  return {
    name,
    data: { type, data, meta: metaOf(queue, options, jobId) },
    opts: storeOptions(rules, queue, definition, options, jobId),
    bytes,
  };
}

function metaOf(queue: QueueName, options: AddOptions, jobId: string | undefined): EnvelopeMeta {
  const traceId = activeTraceId();
  return {
    key: options.key ?? (jobId === undefined ? randomUUID() : `${queue}.${jobId}`),
    correlationId: options.correlationId ?? randomUUID(),
    ...(jobId === undefined ? {} : { nonce: randomUUID() }),
    ...(options.addedBy === undefined ? {} : { addedBy: options.addedBy }),
    ...(options.tenant === undefined ? {} : { tenant: options.tenant }),
    ...(options.parent === undefined ? {} : { parent: options.parent }),
    ...(options.rerunOf === undefined ? {} : { rerunOf: options.rerunOf }),
    ...(traceId === undefined ? {} : { traceId }),
    ...(options.replay === undefined
      ? {}
      : { replay: { letter: options.replay, at: Date.now(), count: 1, after: 0 } }),
  };
}

function storeOptions(
  rules: JobRules,
  queue: QueueName,
  definition: JobDefinition,
  { attempts, delay, priority, deduplicate }: AddOptions,
  jobId: string | undefined,
): JobsOptions {
  const defaults = { ...queues[queue].defaults, ...definition.defaults };
  return {
    attempts: attempts ?? defaults.attempts ?? rules.maxAttempts,
    backoff: { type: 'exponential', delay: defaults.backoffMs ?? rules.backoffMs, jitter },
    ...(jobId === undefined ? {} : { jobId }),
    ...(delay === undefined ? {} : { delay }),
    ...(priority === undefined ? {} : { priority }),
    ...(deduplicate === undefined ? {} : { deduplication: { id: deduplicate.id, keepLastIfActive: true } }),
  };
}
