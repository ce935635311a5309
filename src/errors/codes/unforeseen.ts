import { type ErrorEntry, entry } from './entry.ts';

/** What no subject of its own has. */
export const unforeseen = {
  ABORTED: entry(500, true, 'The work was told to stop.'),
  NETWORK: entry(502, true, 'A connection failed below any protocol of ours.'),
  UNKNOWN: entry(500, true, 'Something that nobody foresaw; the stack says where.'),
} as const satisfies Record<string, ErrorEntry>;
