import type { Job, JobQueue } from '../backend/port.ts';
import { type List, lastMove } from './compare-with-job-index.ts';

/**
 * Jobs of one page. Pages overlap, since BullMQ on PostgreSQL orders jobs that ended in the same millisecond anew for each
 * page: one at the seam of two could be in neither.
 */
const page = 300;
const overlap = 100;
/** Clocks of several machines differ. */
const skewMs = 5_000;

type Reader = Pick<JobQueue, 'getJobs' | 'getJobCounts'>;

/**
 * Reads the jobs that came to a list since a time, whoever adds to the list or takes from it meanwhile. Of lists that are
 * in no order of time all are read.
 * @param since in ms since 1970.
 * @returns whether all were read: not when a list grows faster at one end than it is read from there.
 */
export async function* jobsSince(
  queue: Reader,
  list: List,
  since: number,
): AsyncGenerator<readonly Job[], boolean> {
  if (list === 'completed' || list === 'failed') return yield* endedSince(queue, list, since);
  return yield* newestFirst(queue, list, list === 'waiting' || list === 'active' ? since : 0);
}

/** Jobs are taken from one end of such a list and added at the other: counted from there, none is passed over. */
async function* newestFirst(
  queue: Reader,
  list: List,
  since: number,
): AsyncGenerator<readonly Job[], boolean> {
  const length = await lengthOf(queue, list);
  for (let from = 0; from <= length + page; from += page - overlap) {
    const jobs = await queue.getJobs([list], from, from + page - 1, false);
    yield jobs;
    if (jobs.length <= overlap || jobs.every((job) => lastMove(job) < since)) return true;
  }
  return false;
}

/** The oldest first: new ones come at the other end. What ends after the reading has begun is left to the next reading. */
async function* endedSince(
  queue: Reader,
  list: List,
  since: number,
): AsyncGenerator<readonly Job[], boolean> {
  const until = Date.now() + skewMs;
  let latest = since;
  let before: ReadonlySet<string | undefined> | undefined;
  let from = await firstSince(queue, list, since);
  for (;;) {
    let jobs = await queue.getJobs([list], from, from + page - 1, true);
    // When the queue has forgotten some of the oldest, all others have moved up.
    if (before?.has(jobs[0]?.id) === false) {
      from = await firstSince(queue, list, latest);
      jobs = await queue.getJobs([list], from, from + page - 1, true);
    }
    yield jobs;
    if (jobs.length <= overlap || (jobs[0]?.finishedOn ?? 0) > until) return true;
    latest = Math.max(latest, ...jobs.map(({ finishedOn }) => finishedOn ?? 0));
    before = new Set(jobs.map(({ id }) => id));
    from += page - overlap;
  }
}

/** The position, from the oldest on, of the first job that ended at a time or later. */
async function firstSince(queue: Reader, list: List, since: number): Promise<number> {
  let low = 0;
  let high = await lengthOf(queue, list);
  while (low < high) {
    const middle = Math.floor((low + high) / 2);
    const [job] = await queue.getJobs([list], middle, middle, true);
    if ((job?.finishedOn ?? since) < since) low = middle + 1;
    else high = middle;
  }
  return low;
}

async function lengthOf(queue: Reader, list: List): Promise<number> {
  return (await queue.getJobCounts(list))[list] ?? 0;
}
