import { MillraceError } from '../../../errors/catalogue.ts';
import { awayMs } from '../away.ts';

/** Stands for the code of an answer that is not PostgREST's. */
export const strangerCode = 'no PostgREST';
/** Stands for the code where no connection could be made. */
export const nobodyCode = 'nobody there';

/** PostgreSQL's classes that pass by themselves, and PostgREST's codes for having no database. */
const passing = /^(08...|40...|53...|57...|PGRST00[0-3])$/;
const unauthorized = /^(PGRST30[0-9]|42501|28...)$/;
const absent = /^(42P01|42703|42883|PGRST20[0-9])$/;
const sqlState = /^[0-9A-Z]{5}$/;
/**
 * Answers of one who has not got as far as the statement. PostgREST: no connection to the database, no picture of its
 * schema, none of its connections free (PGRST000, 002, 003; with PGRST001 it was lost in use); the database: starting or
 * stopping. The ways to PostgREST: too many requests, no server behind a gateway (503), a project that is paused (540),
 * and what Cloudflare says of a server that it could not connect to (521 to 523).
 */
const notBegun = /^(PGRST00[023]|57P03)$/;
const notReached: ReadonlySet<number> = new Set([429, 503, 521, 522, 523, 540]);

/**
 * The other side's `details` and message may hold values of rows, so the message here has the code alone; whoever needs
 * more finds it in the project's own log.
 */
export function failure(status: number, error: { readonly code?: string }): Error {
  const code = error.code ?? '';
  if (code === strangerCode) return notOurs();
  if (code === nobodyCode) return noAnswer('', true);
  if (unauthorized.test(code) || ((status === 401 || status === 403) && !sqlState.test(code))) {
    return new MillraceError(
      'DATABASE_REFUSED',
      `Supabase refuses the request${said(status, code)}. Check that SUPABASE_SERVICE_ROLE_KEY is the service key of this project and has not run out.`,
    );
  }
  if (absent.test(code)) {
    return new MillraceError(
      'DATABASE_OUTDATED',
      `Supabase does not know a table or function that Millrace needs${said(status, code)}. Run \`npm run migrate\` with the project's DATABASE_URL.`,
    );
  }
  const fromStatement = sqlState.test(code) && !passing.test(code);
  // PostgREST's 400 with an empty code is a connection to its database that was lost over the statement.
  if (status === 400 && error.code === '') return noAnswer(said(status, code), false);
  if (!fromStatement && (status === 0 || status === 429 || status >= 500 || passing.test(code)))
    return noAnswer(said(status, code), isFree(status, code));
  if (code === '') return notOurs();
  return Object.assign(new Error(`Supabase refuses a statement${said(status, code)}.`), { code });
}

function isFree(status: number, code: string): boolean {
  const begun = code === 'PGRST001' || sqlState.test(code);
  return notBegun.test(code) || (!begun && notReached.has(status));
}

/** A statement that has not begun costs a job no attempt; one that has may be what the server dies of. */
function noAnswer(answer: string, free: boolean): MillraceError {
  return new MillraceError(
    'DATABASE_UNAVAILABLE',
    `Supabase does not answer${answer}. Check SUPABASE_URL and the project's state.`,
    free ? { retryAfterMs: awayMs } : {},
  );
}

function said(status: number, code: string): string {
  const parts = [...(status === 0 ? [] : [`HTTP ${status}`]), ...(code === '' ? [] : [code])];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

export function notOurs(): MillraceError {
  return new MillraceError(
    'DATABASE_UNAVAILABLE',
    'What answers at SUPABASE_URL is not the API of a Supabase project. Check the address.',
  );
}
