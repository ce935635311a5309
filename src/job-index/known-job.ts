import { InvalidPayloadError, MillraceError } from '../errors/catalogue.ts';
import type { JobHistory } from '../integrations/database/port.ts';
import type { JobControl } from '../queue/job-control.ts';
import type { JobView } from '../queue/job-view.ts';
import type { RerunJob } from '../queue/rerun.ts';
import type { JobSearch } from './search.ts';

/** What is known of a job: by its queue, by the index, or by both. */
export interface KnownJob {
  readonly queue: string;
  readonly id: string;
  readonly name: string;
  readonly live: JobView | undefined;
  readonly history: JobHistory | undefined;
}

/** @throws MillraceError JOB_NOT_FOUND when neither knows it; UNKNOWN_QUEUE */
export async function findKnownJob(
  { jobs, jobSearch }: { readonly jobs: JobControl; readonly jobSearch: JobSearch },
  queue: string,
  id: string,
): Promise<KnownJob> {
  const [live, history] = await Promise.all([jobs.find(queue, id), jobSearch.find(queue, id)]);
  const name = live?.name ?? history?.name;
  if (name !== undefined) return { queue, id, name, live, history };
  throw new MillraceError(
    'JOB_NOT_FOUND',
    `Queue ${queue} has no job "${id}": it never was, or its time has passed.`,
  );
}

/** The job as a new run is made from it: its payload in clear where the queue has it. */
export function rerunnable({ queue, id, name, live, history }: KnownJob): RerunJob {
  return {
    queue,
    id,
    name,
    payload: live?.payload ?? history?.payload,
    correlationId: live?.correlationId ?? history?.correlationId,
    tenant: live?.tenant ?? history?.tenant,
  };
}

/**
 * The payload of a run that nobody has edited.
 * @throws InvalidPayloadError when only the index knows it, which masks and cuts: no job may run with that.
 */
export function ownPayload({ queue, name, live }: KnownJob): unknown {
  if (live !== undefined) return live.payload;
  const message =
    'has to be given: the queue has forgotten the job, and what is still known of it is masked and cut';
  throw new InvalidPayloadError(queue, name, [{ path: '', message }]);
}
