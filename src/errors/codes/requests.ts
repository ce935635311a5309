import { type ErrorEntry, entry } from './entry.ts';

/** What a request asks for, and who asks. */
export const requests = {
  NOT_FOUND: entry(404, false, 'Nothing is at that address.'),
  STORY_NOT_FOUND: entry(404, false, 'No story has that id.'),
  TOKEN_NOT_FOUND: entry(404, false, 'No API token of ours has that id.'),
  DOCUMENT_NOT_FOUND: entry(404, false, 'No document has that id.'),
  CER_REPORT_NOT_FOUND: entry(404, false, 'No clinical evaluation report of yours has that id.'),
  CER_REPORT_NOT_READY: entry(
    409,
    false,
    'The report has no PDF yet, or failed; its `status` and `error` say which.',
  ),
  IDEMPOTENCY_CONFLICT: entry(422, false, 'The idempotency key was used before with another payload.'),
  UNAUTHENTICATED: entry(401, false, 'The request bears no valid token or session.'),
  OIDC_UNAVAILABLE: entry(
    503,
    true,
    'The identity provider (`OIDC_ISSUER`) does not answer, or does not know this platform; other ways to sign in go on.',
  ),
  OIDC_REFUSED: entry(
    403,
    false,
    'What came back from the identity provider must not be believed, is out of date, or was used before. Sign in again.',
  ),
  FORBIDDEN: entry(403, false, 'The token or session has not the role that this needs.'),
  RATE_LIMITED: entry(429, true, 'Too many requests; `Retry-After` says when to come back.'),
  NOT_READY: entry(
    503,
    true,
    'This process starts or stops, or something it needs is away; `/health` says what.',
  ),
  REQUEST_TIMEOUT: entry(
    503,
    true,
    'No answer was ready in time; repeat the request, with the same idempotency key if it adds something.',
  ),
} as const satisfies Record<string, ErrorEntry>;
