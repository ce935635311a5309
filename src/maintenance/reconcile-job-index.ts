import type { JobQueue } from '../backend/port.ts';
import type {
  IndexedState,
  JobCancellations,
  JobIdentity,
  JobIndex,
  JobSight,
} from '../integrations/database/port.ts';
import type { MaskPayload } from '../job-index/recorder.ts';
import { cancellation, sightOf } from '../job-index/sight.ts';
import type { Events } from '../observability/events.ts';
import { createComparison, type List, lastMove, lists } from './compare-with-job-index.ts';

export interface JobIndexReconcilerOptions {
  readonly queues: readonly string[];
  queueOf(name: string): JobQueue;
  readonly index: JobIndex;
  readonly cancellations: Pick<JobCancellations, 'find'>;
  readonly mask: MaskPayload;
  readonly events: Events;
  readonly clock?: () => number;
  /** What has happened this lately, or so soon before the oldest sight that waits to be written, may still be on its way; in ms. */
  readonly graceMs?: number;
}

const defaultGraceMs = 15_000;
/**
 * Jobs that are looked at in one step, how much further the next begins, and the most steps that one list of a queue gets in
 * a round. Steps overlap, since BullMQ on PostgreSQL orders jobs that ended in the same millisecond anew for each page: one
 * at the seam of two could be in neither.
 */
const page = 200;
const stride = page / 2;
const mostSteps = 20;
/** Rows of the index that are looked up in their queues in a round, for each group of states. */
const mostRows = 500;
const lookUpsAtOnce = 25;

/** Few run and many wait: each group has its turn, so that a backlog does not hide what died while it ran. */
const groups: readonly (readonly IndexedState[])[] = [['active'], ['waiting', 'delayed']];

type RowMark = { readonly addedAt: Date; readonly seq: string } | undefined;

/**
 * Mends the index after what it missed: a process that was killed with sights unwritten, a database that was away for too
 * long, jobs that others put into a queue or took out of it. Each round has two halves, both bounded:
 *
 * - rows of jobs that should have moved on are looked up in their queues, some further each round; a job that its queue no
 *   longer knows was cancelled, or becomes `unknown`;
 * - each list of each queue is compared with the index, from its newest job on for as long as there are gaps, and a page
 *   further down that goes on from round to round, so that in time the whole list is compared.
 *
 * @returns how many rows a round has mended.
 */
export function createJobIndexReconciler(options: JobIndexReconcilerOptions): () => Promise<number> {
  const {
    queues,
    queueOf,
    index,
    cancellations,
    mask,
    events,
    clock = Date.now,
    graceMs = defaultGraceMs,
  } = options;
  /** All that was seen before has been written, or is lost. */
  let settledAt = 0;
  const marks = new Map<number, RowMark>();
  const sweeps = new Map<string, number>();

  const compare = createComparison({ index, mask });
  const tell = (rows: number): number => {
    if (rows > 0) events.emit('job_index.rows', { outcome: 'mended', rows });
    return rows;
  };
  const record = async (sights: readonly JobSight[]): Promise<number> => {
    const refused = await index.record(sights);
    return tell(sights.length - refused.length);
  };

  const lookUp = async (
    row: JobIdentity & { readonly name: string; readonly state: string },
  ): Promise<JobSight | undefined> => {
    const { queue, jobId, addedAt, name } = row;
    const seenAt = new Date(settledAt);
    const state = await queueOf(queue).getJobState(jobId);
    const job = await queueOf(queue).getJob(jobId);
    if (job?.timestamp !== addedAt.getTime()) {
      const gone = { queue, jobId, addedAt, name, stateAt: seenAt };
      // Whoever took it out of its queue may have died before that was written down here.
      const cancelled = await cancellations.find(queue, jobId);
      return cancelled?.addedAt.getTime() === addedAt.getTime()
        ? { ...gone, state: 'cancelled', finishedAt: cancelled.at, error: cancellation }
        : { ...gone, state: 'unknown' };
    }
    const sight = sightOf(queue, state, job, seenAt, mask);
    return sight.state === row.state || sight.state === 'unknown' ? undefined : sight;
  };

  const mendRows = async (group: number): Promise<number> => {
    const before = new Date(settledAt);
    const rows = await index.unsettled(groups[group] ?? [], before, marks.get(group), mostRows);
    marks.set(group, rows.length < mostRows ? undefined : rows.at(-1));
    const sights: JobSight[] = [];
    const known = rows.filter(({ queue }) => queues.includes(queue));
    for (let from = 0; from < known.length; from += lookUpsAtOnce) {
      const found = await Promise.all(known.slice(from, from + lookUpsAtOnce).map(lookUp));
      sights.push(...found.filter((sight) => sight !== undefined));
    }
    return record(sights);
  };

  /** Compares one page of a list; answers how many jobs it had, and how many of them the index did not know so. */
  const mendPage = async (queue: string, list: List, from: number) => {
    const seenAt = new Date(settledAt);
    const jobs = await queueOf(queue).getJobs([list], from, from + page - 1, false);
    const settled = jobs.filter((job) => lastMove(job) <= settledAt);
    const mended = await compare({ queue, list, jobs: settled, seenAt: () => seenAt });
    return { jobs: jobs.length, mended: tell(mended) };
  };

  const mendList = async (queue: string, list: List): Promise<number> => {
    let mended = 0;
    for (let step = 0; step < mostSteps; step++) {
      const found = await mendPage(queue, list, step * stride);
      mended += found.mended;
      if (found.jobs < page) return mended;
      if (found.mended === 0) break;
    }
    const key = `${queue}/${list}`;
    const from = sweeps.get(key) ?? stride;
    const further = await mendPage(queue, list, from);
    sweeps.set(key, further.jobs < page ? stride : from + stride);
    return mended + further.mended;
  };

  return async () => {
    const unwritten = await index.unwrittenSince();
    settledAt = Math.min(clock(), unwritten?.getTime() ?? Number.POSITIVE_INFINITY) - graceMs;
    let mended = 0;
    for (const group of groups.keys()) mended += await mendRows(group);
    for (const queue of queues) for (const list of lists) mended += await mendList(queue, list);
    return mended;
  };
}
