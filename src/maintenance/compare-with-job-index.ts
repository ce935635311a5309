import type { Job } from '../backend/port.ts';
import type { JobIndex, JobSight } from '../integrations/database/port.ts';
import type { MaskPayload } from '../job-index/recorder.ts';
import { shownIn, sightOf } from '../job-index/sight.ts';

/** The lists of a queue, in the order in which jobs pass through them: what leaves one while it is read is found in a later one. */
export const lists = ['delayed', 'prioritized', 'waiting', 'active', 'failed', 'completed'] as const;
export type List = (typeof lists)[number];

/** Jobs that one list of a queue shows. `seenAt`: when each was seen there. */
export interface ShownPage {
  readonly queue: string;
  readonly list: List;
  readonly jobs: readonly Job[];
  seenAt(job: Job): Date;
}

export interface ComparisonOptions {
  readonly index: Pick<JobIndex, 'gaps' | 'record'>;
  readonly mask: MaskPayload;
}

/** Writes those of a page's jobs that the index does not know, or knows otherwise. @returns how many those were. */
export function createComparison({ index, mask }: ComparisonOptions): (page: ShownPage) => Promise<number> {
  return async ({ queue, list, jobs, seenAt }) => {
    // What others put into a queue on Redis may have an id that no text of PostgreSQL can hold.
    const known = jobs.filter(({ id }) => id?.includes('\0') === false);
    const gaps = await index.gaps(known.map((job) => shownIn(queue, list, job)));
    const sights = gaps.flatMap((at): JobSight[] => {
      const job = known[at];
      return job === undefined ? [] : [sightOf(queue, list, job, seenAt(job), mask)];
    });
    const refused = await index.record(sights);
    return sights.length - refused.length;
  };
}

/** When a job last came to where it is, as far as its queue says; in ms since 1970. */
export function lastMove({
  timestamp,
  processedOn,
  finishedOn,
}: Pick<Job, 'timestamp' | 'processedOn' | 'finishedOn'>): number {
  return Math.max(timestamp, processedOn ?? 0, finishedOn ?? 0);
}
