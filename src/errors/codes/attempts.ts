import { type ErrorEntry, entry } from './entry.ts';

/** How an attempt at a job ends before its processor does. */
export const attempts = {
  JOB_TIMEOUT: entry(500, true, 'The job ran longer than its timeout.'),
  JOB_ABORTED: entry(503, true, 'The worker was stopping, or had lost the job, before it ended.'),
  JOB_STALLED: entry(500, false, 'The job outlived its worker too often: it may be what kills it.'),
} as const satisfies Record<string, ErrorEntry>;
