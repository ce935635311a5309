import type { IndexedState, JobSight, JobTry } from '../integrations/database/port.ts';
import type { Envelope } from '../queue/envelope.ts';

/** What every event says of its job. */
export interface Seen {
  readonly queue: string;
  readonly job: string;
  readonly jobId: string;
  readonly addedAt?: Date | undefined;
  readonly correlationId: string;
}

/**
 * What is known of a job. All fields are there from the beginning, in one order: such objects are cheap to make and to read,
 * and each job costs one.
 */
export class Held implements JobSight {
  readonly queue: string;
  readonly jobId: string;
  readonly addedAt: Date;
  readonly name: string;
  correlationId: string | undefined;
  state: IndexedState;
  stateAt: Date;
  /** Of the job before of the same id, while both are held. */
  earlier: Held | undefined;
  bytes = 0;
  /** The payload as it came, until it is taken out. */
  added: unknown;
  attempts: number | undefined;
  owner: string | undefined;
  tenant: string | undefined;
  parent: string | undefined;
  rerunOf: string | undefined;
  traceId: string | undefined;
  maxAttempts: number | undefined;
  dueAt: Date | undefined;
  startedAt: Date | undefined;
  finishedAt: Date | undefined;
  waitMs: number | undefined;
  durationMs: number | undefined;
  error: JobSight['error'];
  tries: readonly JobTry[] | undefined;
  payload: string | undefined;
  content: string | undefined;

  constructor(job: Seen, addedAt: Date, state: IndexedState, at: Date) {
    this.queue = job.queue;
    this.jobId = job.jobId;
    this.addedAt = addedAt;
    this.name = job.job;
    this.state = state;
    this.stateAt = at;
  }

  is(queue: string, addedAt: Date): boolean {
    return this.queue === queue && this.addedAt.getTime() === addedAt.getTime();
  }
}

/** Notes what a job was added with. */
export function keepEnvelope(held: Held, { type, data, meta }: Envelope): void {
  held.correlationId = meta.correlationId;
  held.owner = meta.addedBy;
  held.tenant = meta.tenant;
  held.parent = meta.parent;
  held.rerunOf = meta.rerunOf;
  held.traceId = meta.traceId;
  held.added = { type, data };
}
