import type { Job } from '../backend/port.ts';

/** How often a job's progress is written at most, in ms: a write costs a round trip, and people do not read faster. */
const intervalMs = 250;

type Reported = Pick<Job, 'updateProgress'>;

/** Writes a job's progress: the latest one, one write at a time, none after the job has ended. */
export class Progress {
  readonly #job: Reported;
  #latest: { percent: number; message?: string } | undefined;
  #writing: Promise<void> | undefined;
  #timer: NodeJS.Timeout | undefined;
  #writtenAt = 0;
  #closed = false;

  constructor(job: Reported) {
    this.#job = job;
  }

  report(percent: number, message?: string): void {
    // A processor that was given up on may still report; its job may be another worker's by then.
    if (this.#closed) return;
    const bounded = Math.min(100, Math.max(0, Math.round(percent)));
    this.#latest = message === undefined ? { percent: bounded } : { percent: bounded, message };
    if (this.#writing !== undefined || this.#timer !== undefined) return;
    const wait = this.#writtenAt + intervalMs - Date.now();
    if (wait <= 0) this.#write();
    else this.#timer = setTimeout(() => this.#write(), wait);
  }

  /** Resolves when nothing is being written any more; what was not written yet is let go. */
  async close(): Promise<void> {
    this.#closed = true;
    this.#latest = undefined;
    clearTimeout(this.#timer);
    this.#timer = undefined;
    await this.#writing;
  }

  #write(): void {
    this.#timer = undefined;
    const latest = this.#latest;
    if (latest === undefined) return;
    this.#latest = undefined;
    this.#writtenAt = Date.now();
    this.#writing = this.#job
      .updateProgress(latest)
      // Progress is for onlookers: that it could not be written must not fail the job.
      .catch(() => undefined)
      .then(() => {
        this.#writing = undefined;
        const next = this.#latest;
        if (next !== undefined) this.report(next.percent, next.message);
      });
  }
}
