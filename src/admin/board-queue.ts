import { AsyncLocalStorage } from 'node:async_hooks';
import { BullMQAdapter } from '@bull-board/api/bullMQAdapter';
import type { QueueAdapterOptions } from '@bull-board/api/typings/app';
import type { Job, Queue } from 'bullmq';
import type { JobControl } from '../queue/job-control.ts';

/** Who asks the board for something. The board hands nothing of a request to what does the work. */
const asking = new AsyncLocalStorage<string>();

/** Does the work of a request in somebody's name. */
export function inTheNameOf(subject: string, work: () => void): void {
  asking.run(subject, work);
}

/**
 * A queue as the board sees it. A failed job that is retried here goes the way that it goes from the API: its dead letter
 * is closed with it, and whoever watches the job hears of it.
 */
export class QueueAdapter extends BullMQAdapter {
  readonly #jobs: Pick<JobControl, 'retry'>;

  constructor(
    queue: Queue,
    { jobs, ...options }: Partial<QueueAdapterOptions> & { readonly jobs: Pick<JobControl, 'retry'> },
  ) {
    super(queue, options);
    this.#jobs = jobs;
  }

  override async getJob(id: string): Promise<Job | undefined> {
    const job = await super.getJob(id);
    return job === undefined ? undefined : this.#retriedByUs(job);
  }

  override async getJobs(...which: Parameters<BullMQAdapter['getJobs']>): Promise<Job[]> {
    const jobs = await super.getJobs(...which);
    return jobs.map((job) => this.#retriedByUs(job));
  }

  #retriedByUs(job: Job): Job {
    const retry = job.retry.bind(job);
    job.retry = async (state, options) => {
      if (state === 'completed' || job.id === undefined) return retry(state, options);
      await this.#jobs.retry(this.getName(), job.id, asking.getStore());
    };
    return job;
  }
}

/** Dead letters have no workers, which the board would warn of. */
export class DeadLetterAdapter extends BullMQAdapter {
  override async getWorkers(): Promise<null> {
    return null;
  }
}
