import type { JobDefinition } from '../../queues/index.ts';
import type { Job } from '../backend/port.ts';
import { type ErrorCode, InvalidPayloadError, listFaults, MillraceError } from '../errors/catalogue.ts';
import { type Classified, classify } from '../errors/classify.ts';
import { faultsOf } from '../errors/faults.ts';
import type { Redact } from '../observability/redaction.ts';
import { type Envelope, readEnvelope } from '../queue/envelope.ts';
import { type MaskText, maskFaults, textMaskOf } from '../queue/masking/index.ts';
import type { FollowUpOptions, JobLog } from './context.ts';
import { JobLines } from './job-lines.ts';
import { maskedLog } from './masked-log.ts';
import { type Outcome, outcomeOf, type StopReason } from './outcome.ts';
import { Progress } from './progress.ts';

/** A processor as the runtime sees it: the types were checked where it was declared. */
export interface RunnableProcessor {
  /** Names of the services that it asked for. */
  readonly services: readonly string[];
  run(context: RunContext): Promise<unknown>;
}

/** What every processor's context has, before its types are narrowed to one job. */
export interface RunContext {
  readonly job: {
    readonly id: string;
    readonly queue: string;
    readonly name: string;
    readonly attempt: number;
    readonly maxAttempts: number;
    readonly key: string;
    readonly correlationId: string;
    readonly addedAt?: Date;
  };
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

/** How a port of ours is told to add a follow-up job. */
export interface AddFollowUpOptions {
  readonly correlationId: string;
  readonly addedBy?: string;
  readonly tenant?: string;
  readonly parent?: string;
  readonly idempotencyKey?: string;
  readonly delay?: number;
  readonly key?: string;
}

/** All that is needed to run one job of a queue. */
export interface Executable {
  readonly definition: JobDefinition;
  readonly processor: RunnableProcessor;
  readonly timeoutMs: number;
  /** The services that the processor asked for, and no others. */
  readonly services: Readonly<Record<string, unknown>>;
}

export interface ExecutionPorts {
  readonly redact: Redact;
  logOf(bindings: Record<string, unknown>): JobLog;
  /** Keeps a line of a job's log with the job; absent, such lines go to the process's log alone. */
  keepLine?(queue: string, jobId: string, line: string): Promise<unknown>;
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

/** How long a processor may take to heed its signal before its job is given up on. */
const defaultGraceMs = 5_000;

/**
 * One attempt at one job: open the envelope, check the payload, run the processor, check the result. Each step either
 * leads to the next or to the outcome; nothing is thrown past `run`.
 */
export class Execution {
  readonly #queue: string;
  readonly #job: Job;
  readonly #executable: Executable | undefined;
  readonly #ports: ExecutionPorts;
  readonly #graceMs: number;
  #stopped: { readonly reason: StopReason; readonly error: MillraceError } | undefined;
  #onStop: (() => void) | undefined;
  // Made when a processor first asks for its signal: for many jobs it would cost more than all their other steps.
  #controller: AbortController | undefined;
  #log: JobLog | undefined;
  #mask: MaskText | undefined;
  #lines: JobLines | undefined;

  constructor(
    queue: string,
    job: Job,
    executable: Executable | undefined,
    ports: ExecutionPorts,
    graceMs = defaultGraceMs,
  ) {
    this.#queue = queue;
    this.#job = job;
    this.#executable = executable;
    this.#ports = ports;
    this.#graceMs = graceMs;
  }

  /** When the job was added, in ms since 1970. */
  get addedAt(): number {
    return this.#job.timestamp;
  }

  /** Tells the processor to stop; the first reason counts. */
  stop(reason: StopReason, code: ErrorCode, message: string): void {
    if (this.#stopped !== undefined) return;
    const error = new MillraceError(code, message);
    this.#stopped = { reason, error };
    this.#controller?.abort(error);
    this.#onStop?.();
  }

  async run(): Promise<Outcome> {
    const progress = new Progress(this.#job);
    try {
      const executable = this.#known();
      const envelope = this.#open();
      const payload = this.#validPayload(executable, envelope);
      const result = await this.#process(executable, envelope, payload, progress);
      return { kind: 'completed', result: this.#validResult(executable, result) };
    } catch (error) {
      const attempts = { made: this.#job.attemptsMade, max: this.#job.opts.attempts ?? 1 };
      return outcomeOf(this.#clean(this.#causeOf(error)), this.#stopped?.reason, attempts);
    } finally {
      await progress.close();
      await this.#lines?.close();
    }
  }

  #known(): Executable {
    if (this.#executable !== undefined) return this.#executable;
    throw new MillraceError(
      'UNKNOWN_JOB',
      `Nothing processes ${this.#queue}/${this.#job.name} in this version.`,
    );
  }

  #open(): Envelope {
    const envelope = readEnvelope(this.#job.data);
    if (envelope !== undefined) return envelope;
    const faults = [{ path: '(root)', message: 'must be { type, data } as addJob writes it' }];
    throw new InvalidPayloadError(this.#queue, this.#job.name, faults);
  }

  /** Checked again when taken: an older version may have written what no longer fits, and no retry mends that. */
  #validPayload(
    { definition }: Executable,
    { type, data }: Envelope,
  ): { readonly type: string; readonly data: unknown } {
    const parsed = definition.payload.safeParse({ type, data });
    if (!parsed.success)
      throw new InvalidPayloadError(this.#queue, this.#job.name, faultsOf(parsed.error.issues));
    const payload = parsed.data;
    return typeof payload === 'object' && payload !== null && 'data' in payload
      ? { type, data: payload.data }
      : { type, data };
  }

  async #process(
    { processor, services, timeoutMs }: Executable,
    envelope: Envelope,
    payload: { readonly type: string; readonly data: unknown },
    progress: Progress,
  ): Promise<unknown> {
    const timer = setTimeout(() => {
      this.stop('timeout', 'JOB_TIMEOUT', `The job ran longer than ${timeoutMs} ms.`);
    }, timeoutMs);
    try {
      if (this.#stopped !== undefined) throw this.#stopped.error;
      return await this.#heeding(processor.run(this.#context(envelope, payload, progress, services)));
    } finally {
      clearTimeout(timer);
    }
  }

  /** Waits for `work`, but after a stop only as long as the grace: a processor that ignores it must not hold its slot. */
  #heeding(work: Promise<unknown>): Promise<unknown> {
    return new Promise((resolve, reject) => {
      let grace: NodeJS.Timeout | undefined;
      this.#onStop = () => {
        grace = setTimeout(() => reject(this.#stopped?.error), this.#graceMs);
      };
      const ended = () => {
        this.#onStop = undefined;
        clearTimeout(grace);
      };
      work.finally(ended).then(resolve, reject);
    });
  }

  #signal(): AbortSignal {
    if (this.#controller === undefined) {
      this.#controller = new AbortController();
      if (this.#stopped !== undefined) this.#controller.abort(this.#stopped.error);
    }
    return this.#controller.signal;
  }

  #context(
    envelope: Envelope,
    payload: { readonly type: string; readonly data: unknown },
    progress: Progress,
    services: Readonly<Record<string, unknown>>,
  ): RunContext {
    const execution = this;
    const job = this.#job;
    const { key, correlationId, addedBy, tenant } = envelope.meta;
    const origin = {
      correlationId,
      parent: `${this.#queue}/${job.id}`,
      ...(addedBy === undefined ? {} : { addedBy }),
      ...(tenant === undefined ? {} : { tenant }),
    };
    return {
      job: {
        id: job.id ?? '',
        queue: this.#queue,
        name: job.name,
        attempt: job.attemptsMade + 1,
        maxAttempts: job.opts.attempts ?? 1,
        key,
        correlationId,
        addedAt: new Date(job.timestamp),
      },
      type: payload.type,
      data: payload.data,
      payload,
      // Made when first used: most jobs log nothing of their own, and a child logger costs as much as a small job.
      get log() {
        return execution.#logger(correlationId);
      },
      get signal() {
        return execution.#signal();
      },
      progress: (percent, message) => progress.report(percent, message),
      addJob: (queue, name, data, options = {}) =>
        this.#ports.addJob(queue, name, data, followUp(origin, options)),
      addJobs: (queue, jobs) =>
        this.#ports.addJobs(
          queue,
          jobs.map(({ name, payload: data, options = {} }) => ({
            name,
            payload: data,
            options: followUp(origin, options),
          })),
        ),
      services,
    };
  }

  #logger(correlationId: string): JobLog {
    if (this.#log !== undefined) return this.#log;
    const { keepLine, logOf, redact } = this.#ports;
    const queue = this.#queue;
    const jobId = this.#job.id ?? '';
    const attempt = this.#job.attemptsMade + 1;
    this.#log = logOf({ queue, job: this.#job.name, jobId, attempt, correlationId });
    if (keepLine !== undefined) {
      this.#lines = new JobLines((line) => keepLine(queue, jobId, redact(line)));
      this.#log = this.#lines.beside(this.#log);
    }
    this.#log = maskedLog(this.#log, () => this.#masking());
    return this.#log;
  }

  /** Made when there is something to be masked: most jobs neither fail nor log. */
  #masking(): MaskText {
    this.#mask ??= textMaskOf(this.#executable?.definition, this.#job.data);
    return this.#mask;
  }

  /** A result that is not as promised is a defect of the processor: its effects are done, so it is not run again. */
  #validResult({ definition }: Executable, result: unknown): unknown {
    const parsed = definition.result.safeParse(result);
    if (parsed.success) return parsed.data;
    const faults = faultsOf(parsed.error.issues);
    throw new MillraceError(
      'INVALID_RESULT',
      `The result of ${this.#queue}/${this.#job.name} is not as promised. ${listFaults(faults)}`,
      {
        details: faults,
      },
    );
  }

  /** After a stop, what the processor threw is an echo of the signal; the reason of the stop is what happened. */
  #causeOf(error: unknown): unknown {
    return this.#stopped === undefined ? error : this.#stopped.error;
  }

  /** What is recorded of a failure goes to places where the payload does not: it quotes neither secrets nor people. */
  #clean(error: unknown): Classified {
    const failure = classify(error);
    const mask = this.#masking();
    const clean = (text: string) => mask(this.#ports.redact(text));
    return {
      ...failure,
      message: clean(failure.message),
      stack: failure.stack === undefined ? undefined : clean(failure.stack),
      details: failure.details === undefined ? undefined : maskFaults(failure.details, mask),
    };
  }
}

/** What follows from a job belongs to whoever added the job, and to its tenant. */
function followUp(
  origin: Pick<AddFollowUpOptions, 'correlationId' | 'addedBy' | 'tenant' | 'parent'>,
  { idempotencyKey, delayMs, key }: FollowUpOptions,
): AddFollowUpOptions {
  return {
    ...origin,
    ...(idempotencyKey === undefined ? {} : { idempotencyKey }),
    ...(delayMs === undefined ? {} : { delay: delayMs }),
    ...(key === undefined ? {} : { key }),
  };
}
