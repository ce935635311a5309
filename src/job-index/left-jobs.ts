import { isQueueName, queues } from '../../queues/index.ts';
import type { LeftJobs } from '../integrations/database/port.ts';

/** What is left to be read from a queue may have to wait until the queue has time. */
const leastKeptMs = 3_600_000;

/** Whether a queue keeps its jobs for so long after their end that they can be read from it later. */
export function keepsItsJobs(queue: string): boolean {
  if (!isQueueName(queue)) return false;
  const { ageMs = Number.POSITIVE_INFINITY, count } = queues[queue].defaults.keepCompleted;
  return count === undefined && ageMs >= leastKeptMs;
}

interface Left {
  readonly since: number;
  jobs: number;
  sorted: boolean;
}

/** Counts, queue by queue, jobs of which nothing was noted, until somebody writes down that they are to be read there. */
export class LeftBehind {
  readonly #queues = new Map<string, Left>();

  /** @param now in ms since 1970. @param sorted whether they wait elsewhere than at the end of their queue. */
  add(queue: string, now: number, jobs: number, sorted: boolean): void {
    const left = this.#queues.get(queue);
    if (left === undefined) this.#queues.set(queue, { since: now, jobs, sorted });
    else {
      left.jobs += jobs;
      if (sorted) left.sorted = true;
    }
  }

  /** Whether jobs of a queue were left since they were last taken out. */
  has(queue: string): boolean {
    return this.#queues.has(queue);
  }

  /** Takes out what was counted. */
  take(now: number): readonly LeftJobs[] {
    const left = [...this.#queues].map(([queue, { since, jobs, sorted }]) => ({
      queue,
      jobs,
      sorted,
      forMs: Math.max(0, now - since),
    }));
    this.#queues.clear();
    return left;
  }

  /** Puts back what was taken out and could not be written. */
  restore(queues: readonly LeftJobs[], now: number): void {
    for (const { queue, jobs, sorted, forMs } of queues) {
      const later = this.#queues.get(queue);
      this.#queues.set(queue, {
        since: now - forMs,
        jobs: jobs + (later?.jobs ?? 0),
        sorted: sorted || later?.sorted === true,
      });
    }
  }
}
