import type { JobDefinition } from '../../queues/index.ts';
import type { Job } from '../backend/port.ts';
import { type ErrorCode, InvalidPayloadError, listFaults, MillraceError } from '../errors/catalogue.ts';
import { classify } from '../errors/classify.ts';
import { faultsOf } from '../errors/faults.ts';
import { type Envelope, readEnvelope } from '../queue/envelope.ts';
import { AttemptLog, type AttemptLogPorts } from './attempt-log.ts';
import { type Outcome, outcomeOf, type StopReason } from './outcome.ts';
import { Progress } from './progress.ts';
import { contextOf, type FollowUpPorts, type RunnableProcessor } from './run-context.ts';
import { StopOrder } from './stop-order.ts';

/** All that is needed to run one job of a queue. */
export interface Executable {
  readonly definition: JobDefinition;
  readonly processor: RunnableProcessor;
  readonly timeoutMs: number;
  /** The services that the processor asked for, and no others. */
  readonly services: Readonly<Record<string, unknown>>;
}

export interface ExecutionPorts extends AttemptLogPorts, FollowUpPorts {}

/**
 * One attempt at one job: open the envelope, check the payload, run the processor, check the result. Each step either
 * leads to the next or to the outcome; nothing is thrown past `run`.
 */
export class Execution {
  readonly #queue: string;
  readonly #job: Job;
  readonly #executable: Executable | undefined;
  readonly #ports: ExecutionPorts;
  readonly #stop: StopOrder;
  readonly #log: AttemptLog;

  constructor(
    queue: string,
    job: Job,
    executable: Executable | undefined,
    ports: ExecutionPorts,
    graceMs?: number,
  ) {
    this.#queue = queue;
    this.#job = job;
    this.#executable = executable;
    this.#ports = ports;
    this.#stop = new StopOrder(graceMs);
    this.#log = new AttemptLog(queue, job, executable?.definition, ports);
  }

  /** When the job was added, in ms since 1970. */
  get addedAt(): number {
    return this.#job.timestamp;
  }

  /** Tells the processor to stop; the first reason counts. */
  stop(reason: StopReason, code: ErrorCode, message: string): void {
    this.#stop.give(reason, code, message);
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
      const stopped = this.#stop.given;
      // After a stop, what the processor threw is an echo of the signal; the reason of the stop is what happened.
      const failure = this.#log.clean(classify(stopped === undefined ? error : stopped.error));
      const attempts = { made: this.#job.attemptsMade, max: this.#job.opts.attempts ?? 1 };
      return outcomeOf(failure, stopped?.reason, attempts);
    } finally {
      await progress.close();
      await this.#log.close();
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
    { meta }: Envelope,
    payload: { readonly type: string; readonly data: unknown },
    progress: Progress,
  ): Promise<unknown> {
    const timer = setTimeout(() => {
      this.stop('timeout', 'JOB_TIMEOUT', `The job ran longer than ${timeoutMs} ms.`);
    }, timeoutMs);
    const context = contextOf({
      queue: this.#queue,
      job: this.#job,
      meta,
      payload,
      progress,
      services,
      ports: this.#ports,
      log: () => this.#log.opened(meta.correlationId),
      signal: () => this.#stop.signal,
    });
    try {
      return await this.#stop.heeding(() => processor.run(context));
    } finally {
      clearTimeout(timer);
    }
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
}
