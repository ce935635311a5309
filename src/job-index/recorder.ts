import type { IndexedState, JobSight, JobTry, LeftJobs } from '../integrations/database/port.ts';
import type { EventMap, Events } from '../observability/events.ts';
import { Allowance } from './allowance.ts';
import { Held, keepEnvelope, type Seen } from './held.ts';
import { LeftBehind } from './left-jobs.ts';
import { keptPayload, wordsIn } from './payload.ts';
import { cancellation } from './sight.ts';

/** Makes of a job's data what may stand in the index: without what is sensitive. */
export type MaskPayload = (queue: string, job: string, payload: unknown) => unknown;

export interface RecorderOptions {
  readonly mask: MaskPayload;
  readonly clock?: () => number;
  /** The most jobs and bytes of payloads that are held until they are written. */
  readonly mostJobs?: number;
  readonly mostBytes?: number;
  /** Whether a queue keeps its jobs for so long that they can be read from it later; when absent, none does. */
  readonly keeps?: (queue: string) => boolean;
  /** Of such queues, how many more jobs are noted in a second, and after a rest at once. */
  readonly mostASecond?: number;
  readonly mostAtOnce?: number;
}

const defaults = {
  mostJobs: 20_000,
  mostBytes: 32 * 1024 * 1024,
  keeps: () => false,
  mostASecond: 1_000,
  mostAtOnce: 250,
} as const;

/**
 * Gathers what this process sees of jobs until it is written: what happens to one job in between becomes one row. Hears of
 * jobs in the middle of their work, so it does no more than note it: payloads are read when they are taken out.
 *
 * To note a job and write it down takes about a fifth of the time that a job takes which does nothing. So of queues that keep
 * their jobs only so many a second are noted; once there are more, of all others, until the next second, no more is known than
 * that their queue has them. Failed attempts and what people do are always noted, since no queue remembers them. What does not
 * fit is left to the queue as well, or, where that keeps nothing, dropped and counted, and the reconciler mends it.
 */
export class JobRecorder {
  readonly #options: Required<RecorderOptions>;
  /** By id; the few that share one hang together. */
  readonly #held = new Map<string, Held>();
  #size = 0;
  readonly #returned: (readonly JobSight[])[] = [];
  #bytes = 0;
  #dropped = 0;
  readonly #allowance: Allowance;
  readonly #left = new LeftBehind();
  /** Since jobs were last left for the first time, until none were for a while. */
  #leaving = false;
  #onLeft: () => void = () => undefined;
  #many = Number.POSITIVE_INFINITY;
  #onMany: () => void = () => undefined;

  constructor(events: Events, { clock = Date.now, ...options }: RecorderOptions) {
    this.#options = { ...defaults, ...options, clock };
    this.#allowance = new Allowance(this.#options.mostASecond, this.#options.mostAtOnce);
    events.on('job.added', (job) => this.#added(job));
    events.on('job.started', (job) => {
      if (this.#leaves(job, 'start')) return;
      const at = this.#now();
      const held = this.#see(job, 'active', at, job.attempt - 1);
      if (held === undefined) return;
      held.startedAt = at;
      held.waitMs ??= Math.round(job.waitSeconds * 1_000);
    });
    events.on('job.completed', (job) => {
      if (this.#leaves(job, 'end')) return;
      const held = this.#ended(job, 'completed', job.attempt);
      if (held !== undefined) held.error = undefined;
    });
    events.on('job.retried', (job) => this.#failed(job, 'delayed', 'retried', job.attempt));
    events.on('job.waiting', (job) =>
      this.#failed(job, job.delayMs > 0 ? 'delayed' : 'waiting', 'waiting', job.attempt - 1),
    );
    events.on('job.dead_lettered', (job) => this.#failed(job, 'failed', 'failed', job.attempt));
    events.on('job.cancelled', (job) => {
      const attempts = job.seconds > 0 ? job.attempt : job.attempt - 1;
      const held = this.#failed({ ...job, failure: cancellation }, 'cancelled', 'cancelled', attempts);
      // Its queue has it no more, and nobody may have noted its add.
      if (held !== undefined && job.envelope !== undefined) keepEnvelope(held, job.envelope);
    });
    events.on('job.requeued', (job) => this.#see(job, 'waiting', job.at, undefined));
  }

  /** Jobs of which something is to be written. */
  get size(): number {
    return this.#size;
  }

  /** How many sights were let go since the process began: of jobs that did not fit. */
  get dropped(): number {
    return this.#dropped;
  }

  /** Calls each time that so many jobs are held; one that is to be called is enough. */
  whenMany(jobs: number, call: () => void): void {
    this.#many = jobs;
    this.#onMany = call;
  }

  /** Calls when jobs are left after a time in which none were: a process that dies right after would take the fact with it. */
  whenLeft(call: () => void): void {
    this.#onLeft = call;
  }

  /** Takes out what is known of at most so many jobs, each once, those first that have waited longest. */
  drain(limit: number): readonly JobSight[] {
    const returned = this.#returned.shift();
    if (returned !== undefined) {
      this.#size -= returned.length;
      return returned;
    }
    const drained: Held[] = [];
    for (const [id, held] of this.#held) {
      if (drained.length >= limit) break;
      this.#held.delete(id);
      for (let each: Held | undefined = held; each !== undefined; each = each.earlier) drained.push(each);
    }
    for (const held of drained) {
      this.#bytes -= held.bytes;
      if (held.added !== undefined) this.#keepPayload(held);
    }
    this.#size -= drained.length;
    return drained;
  }

  /** Takes out of which queues jobs were left to be read there. */
  takeLeft(): readonly LeftJobs[] {
    const left = this.#left.take(this.#options.clock());
    if (left.length === 0) this.#leaving = false;
    return left;
  }

  /** Gives back what `takeLeft` had taken out and could not be written. */
  restoreLeft(queues: readonly LeftJobs[]): void {
    this.#left.restore(queues, this.#options.clock());
  }

  /** Gives back what `drain` had taken out and could not be written; it is taken out again as it is. */
  restore(sights: readonly JobSight[]): void {
    if (sights.length === 0) return;
    this.#returned.push(sights);
    this.#size += sights.length;
  }

  #added(job: EventMap['job.added']): void {
    const { envelope, bytes, dueAt, maxAttempts } = job;
    const waits = dueAt !== undefined && dueAt > job.addedAt;
    if (this.#leaves(job, waits || job.priority !== undefined ? 'sorted add' : 'add')) return;
    const held = this.#see(job, waits ? 'delayed' : 'waiting', job.addedAt, undefined, bytes);
    if (held === undefined) return;
    held.maxAttempts = maxAttempts;
    held.dueAt = dueAt;
    keepEnvelope(held, envelope);
  }

  /**
   * Whether a job of which nothing is held is left to its queue. Costs no more than a look: it is what happens to each of many.
   * @param what a job that waits among delayed or prioritized ones was a `sorted add`.
   */
  #leaves({ queue, jobId, addedAt }: Seen, what: 'add' | 'sorted add' | 'start' | 'end'): boolean {
    const { keeps, clock, mostJobs } = this.#options;
    if (addedAt === undefined || this.#held.has(jobId) || !keeps(queue)) return false;
    const now = clock();
    // Of a job whose beginning may have been left its queue knows more: until that is written down, all others are left as well.
    if (!this.#left.has(queue) && this.#size < mostJobs && this.#allowance.take(now)) return false;
    this.#left.add(queue, now, what === 'start' ? 0 : 1, what === 'sorted add');
    if (!this.#leaving) {
      this.#leaving = true;
      this.#onLeft();
    }
    return true;
  }

  #failed(
    job: Ending & { readonly failure: { readonly code: string; readonly message: string } },
    state: IndexedState,
    outcome: JobTry['outcome'],
    attempts: number,
  ): Held | undefined {
    const held = this.#ended(job, state, attempts);
    if (held === undefined) return undefined;
    const { code } = job.failure;
    const message = job.failure.message.slice(0, mostMessage).replaceAll('\0', ' ').toWellFormed();
    held.error = { code, message };
    held.content = [held.content ?? '', wordsIn(message)].join(' ').slice(-2 * mostMessage);
    // What did not run is no attempt.
    if (job.seconds === 0 && outcome === 'cancelled') return held;
    const at = new Date(this.#now().getTime() - Math.round(job.seconds * 1_000));
    held.tries = [
      ...(held.tries ?? []),
      { at, attempt: job.attempt, seconds: job.seconds, outcome, code, message },
    ];
    return held;
  }

  #ended(job: Ending, state: IndexedState, attempts: number): Held | undefined {
    const at = this.#now();
    const held = this.#see(job, state, at, attempts);
    if (held === undefined) return undefined;
    held.durationMs = Math.round(job.seconds * 1_000);
    held.finishedAt = settled.has(state) ? at : undefined;
    return held;
  }

  /** Notes a state; a later one replaces an earlier. `undefined` when there is no room, or nobody knows which job it is. */
  #see(job: Seen, state: IndexedState, at: Date, attempts: number | undefined, bytes = 0): Held | undefined {
    const { queue, jobId, addedAt } = job;
    if (addedAt === undefined) return undefined;
    const first = this.#held.get(jobId);
    let held = first;
    while (held !== undefined && !held.is(queue, addedAt)) held = held.earlier;
    if (held === undefined) {
      if (!this.#hasRoom(bytes)) return undefined;
      held = new Held(job, addedAt, state, at);
      if (job.correlationId !== '') held.correlationId = job.correlationId;
      held.earlier = first;
      this.#held.set(jobId, held);
      this.#size += 1;
      if (this.#size === this.#many) this.#onMany();
    } else if (at >= held.stateAt) {
      held.state = state;
      held.stateAt = at;
      held.finishedAt = undefined;
    }
    held.bytes += bytes;
    this.#bytes += bytes;
    if (attempts !== undefined) held.attempts = Math.max(attempts, held.attempts ?? 0);
    return held;
  }

  #hasRoom(bytes: number): boolean {
    const { mostJobs, mostBytes } = this.#options;
    if (this.size < mostJobs && this.#bytes + bytes <= mostBytes) return true;
    this.#dropped += 1;
    return false;
  }

  #keepPayload(held: Held): void {
    const { payload, content } = keptPayload(this.#options.mask(held.queue, held.name, held.added));
    held.added = undefined;
    held.payload = payload;
    held.content = held.content === undefined ? content : `${content} ${held.content}`;
  }

  #now(): Date {
    return new Date(this.#options.clock());
  }
}

const mostMessage = 1_000;
const settled: ReadonlySet<IndexedState> = new Set<IndexedState>(['completed', 'failed', 'cancelled']);

interface Ending extends Seen {
  readonly attempt: number;
  readonly seconds: number;
}
