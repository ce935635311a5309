import { type Variable, variable, whole } from './define.ts';

/** How workers take jobs, and how often they try. */
export const workers = {
  WORKER_CONCURRENCY: variable(whole(1, 1_000).optional(), {
    derived: '`5`, for `email` `50`',
    description: 'Jobs at once for each queue',
  }),
  CONCURRENCY: variable(whole(1, 1_000), { default: '2', description: 'The `document` queue’s' }),
  WORKER_MAX_ATTEMPTS: variable(whole(1, 100), { default: '3', description: 'Default attempts' }),
  WORKER_BACKOFF_DELAY: variable(whole(0, 3_600_000), {
    default: '2000',
    description: 'First backoff in ms; it doubles: 2 s, 4 s, 8 s',
  }),
  LOCK_DURATION: variable(whole(1_000, 600_000), {
    default: '30000',
    description: 'ms that a worker may be silent before its jobs are given to another',
  }),
} as const satisfies Record<string, Variable>;
