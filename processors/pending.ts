import type { PendingJobs } from './define.ts';

/**
 * Jobs that are defined but that nothing does yet: adding one is refused with JOB_UNAVAILABLE. When a processor
 * comes, its name leaves this list; until both are done, it does not compile.
 */
export const pending = { document: [] } as const satisfies PendingJobs;

export type Pending = typeof pending;
