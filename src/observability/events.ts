import type { ErrorCode } from '../errors/catalogue.ts';
import { messageOf } from '../errors/classify.ts';
import type { Envelope } from '../queue/envelope.ts';

/** What a job's events have in common. */
interface JobEvent {
  readonly queue: string;
  readonly job: string;
  readonly jobId: string;
  readonly correlationId: string;
  /** Counted from 1. */
  readonly attempt: number;
  /** Tells the job from an earlier one of its id; without it the job index takes no notice. */
  readonly addedAt?: Date;
}

interface Failure {
  readonly code: ErrorCode;
  readonly message: string;
  readonly stack: string | undefined;
}

/**
 * Everything that happens, as a published catalogue: logs, metrics and Sentry all listen to these and to nothing else.
 * Durations are in seconds, as Prometheus wants them.
 */
export interface EventMap {
  /** The store has it. Of adds with `deduplicate` nothing is told: they may have made no job. */
  'job.added': Omit<JobEvent, 'attempt' | 'addedAt'> & {
    readonly addedAt: Date;
    /** When a delayed job may be taken. */
    readonly dueAt: Date | undefined;
    readonly priority?: number | undefined;
    readonly maxAttempts: number | undefined;
    readonly envelope: Envelope;
    /** About how much memory the payload takes. */
    readonly bytes: number;
  };
  'job.started': JobEvent & { readonly waitSeconds: number };
  'job.completed': JobEvent & { readonly seconds: number };
  'job.retried': JobEvent & { readonly seconds: number; readonly failure: Failure };
  /** Delayed or handed back, with no attempt counted. */
  'job.waiting': JobEvent & { readonly seconds: number; readonly delayMs: number; readonly failure: Failure };
  /** The dead letter has been written; the failure is recorded right after. */
  'job.dead_lettered': JobEvent & {
    readonly seconds: number;
    readonly failure: Failure;
    readonly deadLetterId: string;
  };
  /** Taken back by a person or a service; `seconds` is 0 for a job that was not running. */
  'job.cancelled': JobEvent & {
    readonly seconds: number;
    /** What its queue had of it, where it was taken out there. */
    readonly envelope?: Envelope | undefined;
  };
  /** A person let a failed job go once more, or a delayed one go now. */
  'job.requeued': JobEvent & { readonly at: Date };
  /**
   * Rows of the job index: `stashed` were put down to be written later, `left` are to be read from their queue later, `mended`
   * are those that the reconciler had to write, `dropped` those that it has yet to.
   */
  'job_index.rows': {
    readonly outcome: 'written' | 'stashed' | 'left' | 'dropped' | 'mended' | 'forgotten';
    readonly rows: number;
  };
  'mail.settled': { readonly provider: string; readonly template: string; readonly status: string };
  'sync.page': {
    readonly source: string;
    readonly inserted: number;
    readonly updated: number;
    readonly unchanged: number;
    readonly rejected: number;
  };
  'document.generated': {
    readonly kind: string;
    readonly format: string;
    readonly renderer: string;
    readonly bytes: number;
  };
  /** A call of a language model, whatever came of its answer. */
  'cer.rendered': { readonly renderer: string; readonly seconds: number };
  'ai.used': {
    readonly model: string;
    readonly inputTokens: number;
    readonly outputTokens: number;
    /** Absent where the model has no price. */
    readonly dollars: { readonly input: number; readonly output: number } | undefined;
  };
  /** A worker process has ended and is started again. */
  'worker.ended': { readonly worker: number; readonly reason: 'died' | 'memory' | 'silent' | 'not-started' };
  'schedule.tick': {
    readonly schedule: string;
    readonly outcome: 'enqueued' | 'duplicate' | 'caught_up' | 'failed';
  };
}

type Listener<K extends keyof EventMap> = (event: EventMap[K]) => void;
type Listeners = { [K in keyof EventMap]?: Listener<K>[] };

/**
 * Hands events to their listeners, in order and at once. A listener must not throw; when one does, the job and the other
 * listeners go on, and the process warns.
 */
export class Events {
  readonly #listeners: Listeners = {};

  on<K extends keyof EventMap>(name: K, listener: Listener<K>): void {
    const list: Listener<K>[] = this.#listeners[name] ?? [];
    list.push(listener);
    // The list was read from, and goes back to, the same key, which TypeScript cannot follow through a union of keys.
    Object.assign(this.#listeners, { [name]: list });
  }

  emit<K extends keyof EventMap>(name: K, event: EventMap[K]): void {
    const list = this.#listeners[name];
    if (list === undefined) return;
    for (const listener of list) {
      try {
        listener(event);
      } catch (error) {
        process.emitWarning(`A listener of ${name} failed: ${messageOf(error)}`);
      }
    }
  }
}
