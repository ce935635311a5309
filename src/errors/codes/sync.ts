import { type ErrorEntry, entry } from './entry.ts';

/** SAM.gov. */
export const sync = {
  SYNC_UNAUTHORIZED: entry(502, false, 'SAM.gov refuses the key: rotate SAM_GOV_API_KEY.'),
  SYNC_RATE_LIMITED: entry(429, true, 'The quota of SAM.gov is used up; the sync goes on when it returns.'),
  SYNC_REJECTED: entry(502, false, 'SAM.gov refuses the request as malformed.'),
  SYNC_UNAVAILABLE: entry(502, true, 'SAM.gov is away, broken, or answers what cannot be read.'),
  SYNC_NOT_CONFIGURED: entry(422, false, 'SAM_GOV_API_KEY is not set.'),
  SYNC_WAITING: entry(409, true, 'SAM.gov prepares the extract that was asked for; the sync looks again.'),
  SYNC_BUSY: entry(409, true, 'Another sync of the same kind is running; this one waits for it.'),
} as const satisfies Record<string, ErrorEntry>;
