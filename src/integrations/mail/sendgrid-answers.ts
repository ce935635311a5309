import { MillraceError, RateLimitedError } from '../../errors/catalogue.ts';

/** What SendGrid answered, as far as we read it. */
export interface Answer {
  readonly status: number;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: unknown;
}

const longestText = 1_000;

/** Used when `X-RateLimit-Reset` is absent; SendGrid counts most of its limits by the minute. */
const defaultWaitMs = 60_000;
const shortestWaitMs = 1_000;
/** A wrong clock or header must not park a mail for days. */
const longestWaitMs = 60 * 60_000;

/**
 * What an answer other than 2xx means. Status codes decide, never texts; `errors[].message` and `field` are
 * passed on for the person who must act (SendGrid's "Mail Send Errors").
 */
export function refusal(answer: Answer): MillraceError {
  const said = describe(answer.body);
  const { status } = answer;
  if (status === 429) {
    const waitMs = waitOf(answer.headers, Date.now());
    return new RateLimitedError('MAIL_RATE_LIMITED', `SendGrid asks us to wait (429): ${said}`, waitMs);
  }
  if (status === 401) {
    return new MillraceError(
      'MAIL_UNAUTHORIZED',
      `SendGrid refuses us (401): ${said} Check SENDGRID_API_KEY, and that the account has credits left; then replay the job.`,
    );
  }
  // 408 comes from proxies in between, and 3xx from something that is not SendGrid's API at all.
  if (status >= 500 || status === 408 || status < 400) {
    return new MillraceError('MAIL_UNAVAILABLE', `SendGrid is out of order (${status}): ${said}`);
  }
  return new MillraceError(
    'MAIL_REJECTED',
    `SendGrid refuses this mail (${status}): ${said}${advice(status)}`,
  );
}

function advice(status: number): string {
  if (status === 403)
    return ' Check that the sender in EMAIL_FROM is verified and that the key may send mail.';
  if (status === 413) return ' The mail is above 30 MB: send a link instead of an attachment.';
  if (status === 404 || status === 405) return ' Check SENDGRID_BASE_URL.';
  return '';
}

/** Each error as `field: message`; the start of the text when it is not SendGrid's JSON. */
function describe(body: unknown): string {
  const errors = isRecord(body) && Array.isArray(body.errors) ? body.errors.filter(isRecord) : [];
  const lines = errors.map(({ field, message }) => {
    const text = typeof message === 'string' ? message : 'no message.';
    return typeof field === 'string' && field !== '' ? `${field}: ${text}` : text;
  });
  if (lines.length > 0) return shorten(lines.join('; '));
  if (typeof body === 'string' && body.trim() !== '') return shorten(body);
  return 'no reason given.';
}

function shorten(text: string): string {
  const line = text
    .toWellFormed()
    .replace(/[\p{Cc}\s]+/gu, ' ')
    .trim();
  return line.length > longestText ? `${line.slice(0, longestText)}…` : line;
}

/**
 * How long to wait, in ms, by `X-RateLimit-Reset` (unix seconds). It is counted from the answer's own `Date`, so that
 * our clock being wrong does not matter.
 */
export function waitOf(headers: Answer['headers'], nowMs: number): number {
  const given = headers['x-ratelimit-reset'];
  const resetMs = Number(typeof given === 'string' && given.trim() !== '' ? given : Number.NaN) * 1_000;
  if (!Number.isFinite(resetMs)) return defaultWaitMs;
  const theirs = typeof headers.date === 'string' ? Date.parse(headers.date) : Number.NaN;
  const waitMs = resetMs - (Number.isNaN(theirs) ? nowMs : theirs);
  return Math.min(longestWaitMs, Math.max(shortestWaitMs, waitMs));
}

/** Whether a value from outside has fields to look at. */
export function isRecord(value: unknown): value is Record<string, unknown> {
  return typeof value === 'object' && value !== null;
}
