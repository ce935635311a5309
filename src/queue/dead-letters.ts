import type { Job, JobQueue } from '../backend/port.ts';
import type { Classified } from '../errors/classify.ts';
import type { DeadLetterRecords } from '../integrations/database/port.ts';
import { deadLetterIdOf, type KeptDeadLetter, letterOf, readLetter, recordOf } from './dead-letter.ts';

/** Where a queue's dead letters lie. */
export function deadLetterQueueOf(queue: string): string {
  return `${queue}-dead-letter`;
}

export interface DeadLetterRegister {
  readonly records: DeadLetterRecords;
  /** Hears that a letter is in its queue but not in the records yet; `takeIn` brings it there. */
  onError(error: unknown): void;
}

/**
 * Keeps the jobs that have failed for good. A dead letter is written BEFORE the failure is recorded, under an id that
 * follows from the job and its attempts: a crash between the two makes the job run again and fail again, and the second
 * letter has the id of the first.
 *
 * It is written twice: into the queue of dead letters, which is the same store as the job's and so there whenever the job
 * could fail at all; then into the records, where people find it. What does not get there, since the database is away or
 * the process dies in between, `takeIn` brings there later.
 */
export class DeadLetters {
  readonly #queueOf: (name: string) => JobQueue;
  readonly #register: DeadLetterRegister | undefined;

  constructor(queueOf: (name: string) => JobQueue, register?: DeadLetterRegister) {
    this.#queueOf = queueOf;
    this.#register = register;
  }

  /** Writes the letter unless it is there already; `created` tells which. */
  async put(
    queue: string,
    job: Job,
    attempts: number,
    error: Classified,
  ): Promise<{ id: string; created: boolean }> {
    const id = deadLetterIdOf(job, attempts);
    const letters = this.#queueOf(deadLetterQueueOf(queue));
    if ((await letters.getJob(id)) !== undefined) return { id, created: false };
    const letter = letterOf(queue, job, attempts, error);
    await letters.add(job.name, letter, { jobId: id });
    try {
      await this.#register?.records.keep([recordOf({ ...letter, id })]);
    } catch (fault) {
      this.#register?.onError(fault);
    }
    return { id, created: true };
  }

  /** The newest letters first. */
  async list(queue: string, limit = 100): Promise<KeptDeadLetter[]> {
    return (await this.#page(queue, 0, limit)).flatMap(({ letter }) =>
      letter === undefined ? [] : [letter],
    );
  }

  /**
   * Brings into the records what a queue of dead letters has and they do not, and removes from the queue what is closed.
   * @param most how many of the newest are looked at.
   */
  async takeIn(queue: string, most = Number.POSITIVE_INFINITY): Promise<void> {
    for (let start = 0; start < most; start += pageSize) {
      const page = await this.#page(queue, start, pageSize);
      const letters = page.flatMap(({ letter }) => (letter === undefined ? [] : [recordOf(letter)]));
      const closed = letters.length === 0 ? [] : await this.#register?.records.keep(letters);
      for (const id of closed ?? []) await this.remove(queue, id);
      if (page.length < pageSize) return;
      // Those that follow have moved up by as many.
      start -= closed?.length ?? 0;
    }
  }

  /** Takes a letter that is closed out of its queue. */
  async remove(queue: string, id: string): Promise<void> {
    await this.#queueOf(deadLetterQueueOf(queue)).remove(id);
  }

  async #page(queue: string, start: number, size: number): Promise<{ letter: KeptDeadLetter | undefined }[]> {
    const letters = this.#queueOf(deadLetterQueueOf(queue));
    const jobs = await letters.getJobs(['waiting'], start, start + size - 1, false);
    return jobs.map((job) => ({ letter: readLetter(job) }));
  }
}

/** Letters that are read at once. */
const pageSize = 500;
