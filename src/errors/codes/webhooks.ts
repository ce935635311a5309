import { type ErrorEntry, entry } from './entry.ts';

/** Webhooks that are sent. */
export const webhooks = {
  WEBHOOK_NOT_CONFIGURED: entry(
    422,
    false,
    'A webhook was asked for, but WEBHOOK_SECRET is not set to sign it with.',
  ),
  WEBHOOK_REFUSED: entry(
    422,
    false,
    'The address of a webhook is not public, redirects, or says that it wants no more (410).',
  ),
  WEBHOOK_UNAVAILABLE: entry(502, true, 'A webhook was not taken: no answer, or none of success.'),
} as const satisfies Record<string, ErrorEntry>;
