import { type ErrorEntry, entry } from './entry.ts';

/** Files and documents. */
export const documents = {
  STORAGE_FAILED: entry(500, true, 'The file storage did not take or give a file.'),
  BROWSER_FAILED: entry(
    500,
    true,
    'Chromium did not start, died, hung or took too much memory while it printed; the next attempt gets a fresh one.',
  ),
  RENDER_FAILED: entry(500, false, 'A document could not be laid out from this data.'),
} as const satisfies Record<string, ErrorEntry>;
