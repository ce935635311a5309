import { MillraceError, RateLimitedError } from '../../errors/catalogue.ts';
import { isRecord, parseJson } from './answers.ts';
import { nextUtcMidnight, parseNextAccessTime, parseRetryAfter } from './dates.ts';

/** What the refusals of SAM.gov mean for a sync. No error names the address, since the key is in it. */

const day = 24 * 3_600_000;

/** `body` is what the answer holds, `text` the sentence in it; both without the key. */
export function refusal(response: Response, body: string, text: string, now: Date): MillraceError {
  const { status } = response;
  const said = `${status}: ${text}`;
  if (status === 429) {
    const wait = waitOf(response, body, now);
    const until = new Date(now.getTime() + wait).toISOString();
    return new RateLimitedError(
      'SYNC_RATE_LIMITED',
      `SAM.gov's quota is used up (${said}). The sync goes on at ${until}; a role on the account raises the quota.`,
      wait,
    );
  }
  // Which status a wrong key gets is not documented; its text is.
  if (status === 401 || status === 403 || (status === 400 && /\b(no|invalid) api_?key\b/i.test(text))) {
    return new MillraceError(
      'SYNC_UNAUTHORIZED',
      `SAM.gov refuses the key (${said}). Keys end after 90 days: make a new one on sam.gov and set SAM_GOV_API_KEY.`,
    );
  }
  if (status === 404) {
    return new MillraceError(
      'SYNC_REJECTED',
      `Nothing is at SAM.gov's address (${said}). Check SAM_GOV_BASE_URL.`,
    );
  }
  if (status >= 500 || status === 408 || status === 425) {
    return new MillraceError('SYNC_UNAVAILABLE', `SAM.gov is unwell (${said}). It is asked again.`);
  }
  if (status >= 400)
    return new MillraceError('SYNC_REJECTED', `SAM.gov refuses the request as malformed (${said}).`);
  return new MillraceError(
    'SYNC_UNAVAILABLE',
    `SAM.gov answers with a redirect (${status}), which is not followed since the key is in the address. Check SAM_GOV_BASE_URL.`,
  );
}

/** The wait of a 429 in ms: `nextAccessTime`, else `Retry-After`, else until the quota returns. */
function waitOf(response: Response, body: string, now: Date): number {
  const json = parseJson(body);
  const at = isRecord(json) ? parseNextAccessTime(json.nextAccessTime) : undefined;
  const wait =
    (at === undefined ? undefined : at.getTime() - now.getTime()) ??
    parseRetryAfter(response.headers.get('retry-after'), now) ??
    nextUtcMidnight(now).getTime() - now.getTime();
  // Clocks differ: never back at once, and never later than quotas can last.
  return Math.min(Math.max(wait, 1_000), 2 * day);
}

/** What kept a request from being answered: a code of the network layer, and nothing that `fetch` says besides. */
export function networkCode(error: unknown): string {
  for (let cause = error; cause instanceof Error; cause = cause.cause) {
    if ('code' in cause && typeof cause.code === 'string' && /^[A-Z][A-Z0-9_]+$/.test(cause.code))
      return cause.code;
  }
  return 'no connection';
}
