import { type ErrorEntry, entry } from './entry.ts';

/** The platform’s start. */
export const platform = {
  CONFIG_INVALID: entry(
    500,
    false,
    'A variable of the environment is missing or wrong; the message names each.',
  ),
  PREFLIGHT_FAILED: entry(500, false, 'Something the platform needs at its start is missing or unfit.'),
} as const satisfies Record<string, ErrorEntry>;
