import { type ErrorEntry, entry } from './entry.ts';

/** Schedules. */
export const schedules = {
  SCHEDULE_NOT_FOUND: entry(404, false, 'No schedule has that name; the message lists those there are.'),
  SCHEDULE_NOT_CONFIGURED: entry(
    409,
    false,
    'The schedule is off in config/schedules.ts, so it cannot be resumed.',
  ),
} as const satisfies Record<string, ErrorEntry>;
