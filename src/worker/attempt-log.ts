import type { JobDefinition } from '../../queues/index.ts';
import type { Job } from '../backend/port.ts';
import type { Classified } from '../errors/classify.ts';
import type { Redact } from '../observability/redaction.ts';
import { type MaskText, maskFaults, textMaskOf } from '../queue/masking/index.ts';
import type { JobLog } from './context.ts';
import { JobLines } from './job-lines.ts';
import { maskedLog } from './masked-log.ts';

export interface AttemptLogPorts {
  readonly redact: Redact;
  logOf(bindings: Record<string, unknown>): JobLog;
  /** Keeps a line of a job's log with the job; absent, such lines go to the process's log alone. */
  keepLine?(queue: string, jobId: string, line: string): Promise<unknown>;
}

/**
 * What an attempt says to others: its log and its failure. Both go to places where the payload does not, so they quote
 * neither secrets nor people.
 */
export class AttemptLog {
  readonly #queue: string;
  readonly #job: Job;
  readonly #definition: JobDefinition | undefined;
  readonly #ports: AttemptLogPorts;
  #log: JobLog | undefined;
  #lines: JobLines | undefined;
  #mask: MaskText | undefined;

  constructor(queue: string, job: Job, definition: JobDefinition | undefined, ports: AttemptLogPorts) {
    this.#queue = queue;
    this.#job = job;
    this.#definition = definition;
    this.#ports = ports;
  }

  /** Made when first used: most jobs log nothing of their own, and a child logger costs as much as a small job. */
  opened(correlationId: string): JobLog {
    this.#log ??= maskedLog(this.#kept(correlationId), () => this.#masking());
    return this.#log;
  }

  clean(failure: Classified): Classified {
    const mask = this.#masking();
    const clean = (text: string) => mask(this.#ports.redact(text));
    return {
      ...failure,
      message: clean(failure.message),
      stack: failure.stack === undefined ? undefined : clean(failure.stack),
      details: failure.details === undefined ? undefined : maskFaults(failure.details, mask),
    };
  }

  /** Resolves when what is kept with the job has been written or has failed to be. */
  async close(): Promise<void> {
    await this.#lines?.close();
  }

  #kept(correlationId: string): JobLog {
    const { keepLine, logOf, redact } = this.#ports;
    const queue = this.#queue;
    const { id: jobId = '', name: job, attemptsMade } = this.#job;
    const log = logOf({ queue, job, jobId, attempt: attemptsMade + 1, correlationId });
    if (keepLine === undefined) return log;
    this.#lines = new JobLines((line) => keepLine(queue, jobId, redact(line)));
    return this.#lines.beside(log);
  }

  /** Made when there is something to be masked: most jobs neither fail nor log. */
  #masking(): MaskText {
    this.#mask ??= textMaskOf(this.#definition, this.#job.data);
    return this.#mask;
  }
}
