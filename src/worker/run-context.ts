import type { Job } from '../backend/port.ts';
import type { Envelope } from '../queue/envelope.ts';
import type { FollowUpOptions, JobInfo, JobLog } from './context.ts';
import type { Progress } from './progress.ts';

/** A processor as the runtime sees it: the types were checked where it was declared. */
export interface RunnableProcessor {
  /** Names of the services that it asked for. */
  readonly services: readonly string[];
  run(context: RunContext): Promise<unknown>;
}

/** What every processor's context has, before its types are narrowed to one job. */
export interface RunContext {
  readonly job: JobInfo;
  readonly type: string;
  readonly data: unknown;
  readonly payload: unknown;
  readonly log: JobLog;
  readonly signal: AbortSignal;
  progress(percent: number, message?: string): void;
  addJob(
    queue: string,
    name: string,
    payload: unknown,
    options?: FollowUpOptions,
  ): Promise<{ readonly id: string }>;
  addJobs(
    queue: string,
    jobs: readonly FollowUpJob[],
  ): Promise<readonly { readonly id: string; readonly created: boolean }[]>;
  readonly services: unknown;
}

interface FollowUpJob {
  readonly name: string;
  readonly payload: unknown;
  readonly options?: FollowUpOptions;
}

/** Whose a follow-up job is: whoever's the job is that it follows from. */
interface Origin {
  readonly correlationId: string;
  readonly addedBy?: string;
  readonly tenant?: string;
  readonly parent: string;
}

interface AddFollowUpOptions extends Origin {
  readonly idempotencyKey?: string;
  readonly delay?: number;
  readonly key?: string;
}

/** How follow-up jobs are added. */
export interface FollowUpPorts {
  addJob(
    queue: string,
    name: string,
    payload: unknown,
    options: AddFollowUpOptions,
  ): Promise<{ readonly id: string }>;
  addJobs(
    queue: string,
    jobs: readonly {
      readonly name: string;
      readonly payload: unknown;
      readonly options: AddFollowUpOptions;
    }[],
  ): Promise<readonly { readonly id: string; readonly created: boolean }[]>;
}

/** What a context is made of. The functions are called when a processor first asks for what they give. */
export interface ContextParts {
  readonly queue: string;
  readonly job: Job;
  readonly meta: Envelope['meta'];
  readonly payload: { readonly type: string; readonly data: unknown };
  readonly progress: Progress;
  readonly services: Readonly<Record<string, unknown>>;
  readonly ports: FollowUpPorts;
  log(): JobLog;
  signal(): AbortSignal;
}

/** What a processor is given for one attempt. */
export function contextOf(parts: ContextParts): RunContext {
  const { queue, job, payload, progress, services, ports } = parts;
  const { key, correlationId, addedBy, tenant } = parts.meta;
  const origin: Origin = {
    correlationId,
    parent: `${queue}/${job.id}`,
    ...(addedBy === undefined ? {} : { addedBy }),
    ...(tenant === undefined ? {} : { tenant }),
  };
  return {
    job: {
      id: job.id ?? '',
      queue,
      name: job.name,
      attempt: job.attemptsMade + 1,
      maxAttempts: job.opts.attempts ?? 1,
      key,
      correlationId,
      ...(addedBy === undefined ? {} : { addedBy }),
      addedAt: new Date(job.timestamp),
    },
    type: payload.type,
    data: payload.data,
    payload,
    get log() {
      return parts.log();
    },
    get signal() {
      return parts.signal();
    },
    progress: (percent, message) => progress.report(percent, message),
    addJob: (to, name, data, options = {}) => ports.addJob(to, name, data, followUp(origin, options)),
    addJobs: (to, jobs) =>
      ports.addJobs(
        to,
        jobs.map(({ name, payload: data, options = {} }) => ({
          name,
          payload: data,
          options: followUp(origin, options),
        })),
      ),
    services,
  };
}

/** What follows from a job belongs to whoever added the job, and to its tenant. */
function followUp(origin: Origin, { idempotencyKey, delayMs, key }: FollowUpOptions): AddFollowUpOptions {
  return {
    ...origin,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(delayMs === undefined ? {} : { delay: delayMs }),
    ...(key === undefined ? {} : { key }),
  };
}
