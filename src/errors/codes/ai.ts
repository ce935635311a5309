import { type ErrorEntry, entry } from './entry.ts';

/** OpenAI. */
export const ai = {
  AI_UNAUTHORIZED: entry(502, false, 'OpenAI refuses the key, or the account has no quota left.'),
  AI_RATE_LIMITED: entry(429, true, 'OpenAI asks us to wait.'),
  AI_REJECTED: entry(502, false, 'OpenAI refuses the request as malformed.'),
  AI_INVALID_OUTPUT: entry(502, true, 'The model refused, was cut short, or left the schema.'),
  AI_UNAVAILABLE: entry(502, true, 'OpenAI is away, broken or too slow.'),
  AI_BUDGET_USED_UP: entry(
    429,
    true,
    'OPENAI_DAILY_TOKEN_LIMIT has no room for the call: the job waits, for calls under way or for the next day (UTC).',
  ),
  AI_BUDGET_TOO_SMALL: entry(
    422,
    false,
    'One call may need more than OPENAI_DAILY_TOKEN_LIMIT: raise it, then replay the job.',
  ),
} as const satisfies Record<string, ErrorEntry>;
