import { type ErrorEntry, entry } from './entry.ts';

/** Dead letters, and what is done with many of them. */
export const deadLetters = {
  DEAD_LETTER_NOT_FOUND: entry(
    404,
    false,
    'No dead letter has that id, or it was forgotten 90 days after it was closed.',
  ),
  DEAD_LETTER_CLOSED: entry(
    409,
    false,
    'The dead letter was replayed or discarded before; the message says by whom.',
  ),
  DEAD_LETTER_BUSY: entry(
    409,
    true,
    'Somebody is about to replay or discard this dead letter, or its failure is not recorded yet: look again in some seconds.',
  ),
  DEAD_LETTER_OPERATION_NOT_FOUND: entry(
    404,
    false,
    'No replay or discard of many dead letters has that id.',
  ),
} as const satisfies Record<string, ErrorEntry>;
