import { may, type Principal } from '../access/roles.ts';
import { MillraceError } from '../errors/catalogue.ts';
import type { JobControl } from '../queue/job-control.ts';
import type { JobView } from '../queue/job-view.ts';
import { maskJob } from '../queue/masking/index.ts';

/** Whether somebody may see a job that this one has added: their own, or all. */
export function mayReadJobOf({ subject, role }: Principal, addedBy: string | undefined): boolean {
  return addedBy === subject || may(role, 'jobs.read');
}

/** A service gave the payloads of its jobs itself, so it sees them in clear; everybody else sees what may be seen. */
export function seesInClear({ subject, role }: Principal, addedBy: string | undefined): boolean {
  return role === 'producer' && addedBy === subject;
}

/** A job as the caller may see it; every answer that holds one goes through here. */
export function shownTo(principal: Principal, job: JobView): JobView {
  return seesInClear(principal, job.addedBy) ? job : maskJob(job);
}

/**
 * A job that the caller may see, as it is in the queue: show it with `shownTo`. Another's job is no different from none, so that ids tell a producer nothing.
 * @throws MillraceError JOB_NOT_FOUND, UNKNOWN_QUEUE
 */
export async function readableJob(
  jobs: JobControl,
  principal: Principal,
  queue: string,
  id: string,
): Promise<JobView> {
  const job = await jobs.find(queue, id);
  if (job !== undefined && mayReadJobOf(principal, job.addedBy)) return job;
  throw new MillraceError(
    'JOB_NOT_FOUND',
    `Queue ${queue} has no job "${id}": it never was, or its retention has passed.`,
  );
}
