import { createHash } from 'node:crypto';
import { setTimeout as pause } from 'node:timers/promises';
import type { JobControl } from './job-control.ts';
import type { JobState, JobView } from './job-view.ts';

/** What happens to a job, as one sees who watches it. Together they tell all that `JobView` does. */
export type JobChange =
  | { readonly kind: 'state'; readonly state: JobState; readonly attempts: JobView['attempts'] }
  | { readonly kind: 'progress'; readonly progress: JobView['progress'] }
  /** `index` counts the lines that are kept with the job, from 0. */
  | { readonly kind: 'log'; readonly index: number; readonly line: string }
  /** Nothing follows. The job is `undefined` when its queue has forgotten it. */
  | { readonly kind: 'end'; readonly job: JobView | undefined };

/** Up to where somebody has watched; each change has the mark that stands behind it. */
export interface WatchMark {
  /** Lines of the log so far, and a hash of the last. */
  readonly lines: number;
  readonly line: string;
  readonly state: string;
  readonly progress: string;
}

export interface MarkedChange {
  readonly change: JobChange;
  readonly mark: WatchMark;
}

/** How often a job is looked at, in ms: soon while something happens, less often while nothing does. */
const pace = { shortest: 50, longest: 1_000, growth: 1.4 } as const;
/** All watchers of a process together look no more often than this in a second, so that many of them slow each other down. */
const mostLooks = 400;

const fromTheStart: WatchMark = { lines: 0, line: '', state: '', progress: '' };

/**
 * Lets any number of callers watch jobs, in whichever process these run. A job is read again and again: every store
 * answers that alike, and lines of a log have no event that one could wait for instead. Those who watch the same job
 * share what is read.
 */
export class JobWatch {
  readonly #jobs: Pick<JobControl, 'find'>;
  readonly #reading = new Map<string, Promise<JobView | undefined>>();
  #watchers = 0;

  constructor(jobs: Pick<JobControl, 'find'>) {
    this.#jobs = jobs;
  }

  /** How many are watching now. */
  get watchers(): number {
    return this.#watchers;
  }

  /**
   * What happens to a job from now on, beginning with where it stands; with a mark, beginning with what came after it.
   * Ends after `end`, or when the signal is aborted. Errors of the store are passed on.
   */
  async *changes(
    queue: string,
    id: string,
    signal: AbortSignal,
    after: WatchMark = fromTheStart,
  ): AsyncGenerator<MarkedChange, void> {
    this.#watchers += 1;
    try {
      let mark = after;
      let wait: number = pace.shortest;
      while (!signal.aborted) {
        const job = await this.#read(queue, id);
        const before = mark;
        for (const marked of changesOf(job, mark)) {
          mark = marked.mark;
          yield marked;
          if (marked.change.kind === 'end') return;
        }
        wait = mark === before ? Math.min(pace.longest, wait * pace.growth) : pace.shortest;
        await this.#pause(wait, signal);
      }
    } finally {
      this.#watchers -= 1;
    }
  }

  async #pause(wait: number, signal: AbortSignal): Promise<void> {
    const fair = (this.#watchers * 1_000) / mostLooks;
    // The signal ends the watching, and is no fault.
    await pause(Math.max(wait, fair), undefined, { signal }).catch(() => undefined);
  }

  #read(queue: string, id: string): Promise<JobView | undefined> {
    const key = `${queue}/${id}`;
    const reading = this.#reading.get(key);
    if (reading !== undefined) return reading;
    const started = this.#jobs.find(queue, id).finally(() => this.#reading.delete(key));
    this.#reading.set(key, started);
    return started;
  }
}

/** What is new about a job since a mark; the same object as mark when nothing is. */
function* changesOf(job: JobView | undefined, after: WatchMark): Generator<MarkedChange> {
  let mark = after;
  if (job === undefined) {
    yield { change: { kind: 'end', job }, mark: { ...mark, state: 'gone' } };
    return;
  }
  for (const line of linesAfter(mark, job.logs)) {
    const index = mark.lines;
    mark = { ...mark, lines: index + 1, line: hashOf(line) };
    yield { change: { kind: 'log', index, line }, mark };
  }
  const progress = hashOf(JSON.stringify([job.progress.percent, job.progress.message ?? '']));
  if (progress !== mark.progress) {
    mark = { ...mark, progress };
    yield { change: { kind: 'progress', progress: job.progress }, mark };
  }
  const state = `${job.state}.${job.attempts.made}`;
  // A store that is moving a job may not know for a moment where it is.
  if (job.state !== 'unknown' && state !== mark.state) {
    mark = { ...mark, state };
    yield { change: { kind: 'state', state: job.state, attempts: job.attempts }, mark };
  }
  if (isOver(job.state)) yield { change: { kind: 'end', job }, mark };
}

/** The store keeps the latest lines alone, so their number does not always tell which are new. */
function linesAfter({ lines, line }: WatchMark, logs: readonly string[]): readonly string[] {
  if (lines === 0) return logs;
  const last = logs[lines - 1];
  if (last !== undefined && hashOf(last) === line) return logs.slice(lines);
  return logs.slice(logs.findLastIndex((kept) => hashOf(kept) === line) + 1);
}

/** Short, since marks travel with each event. Lines begin with their time, so that few are equal. */
function hashOf(text: string): string {
  return createHash('sha256').update(text).digest('base64url').slice(0, 8);
}

function isOver(state: JobState): boolean {
  return state === 'completed' || state === 'failed' || state === 'cancelled';
}
