import { createClient } from '@supabase/supabase-js';
import { MillraceError } from '../../../errors/catalogue.ts';
import type { Row } from '../postgres/connection.ts';

export interface SupabaseOptions {
  /** The project's address, such as `https://abc.supabase.co`. */
  readonly url: string;
  readonly serviceRoleKey: string;
  /** How long one request may take, in ms. */
  readonly timeoutMs?: number;
}

/** A long batch of a sync takes seconds; what takes longer than this is taken for lost. */
const defaultTimeoutMs = 30_000;

/** What supabase-js answers; it gives errors back and throws none. */
export interface Answer {
  readonly data: unknown;
  readonly error: { readonly message: string; readonly code?: string } | null;
  readonly status: number;
  readonly count: number | null;
}

/** No answer has more rows: Supabase cuts a longer one without a word, unless its settings say otherwise. */
const mostRowsAtOnce = 1_000;

/** A page's length, if it is one that comes whole; a page that was cut would be taken for the last. */
export function limited(limit: number): number {
  if (limit <= mostRowsAtOnce) return limit;
  throw new Error(`A page has at most ${mostRowsAtOnce} rows on Supabase; asked for ${limit}.`);
}

export type Client = ReturnType<typeof openClient>;

/** What the domains run on: the tables and the functions of the project, with every outcome checked. */
export interface Api {
  readonly tables: Client;
  /** The rows that a query on a table gives. */
  rows(query: PromiseLike<Answer>): Promise<readonly Row[]>;
  /** For requests with `count: 'exact'`: how many rows were written, or are there. */
  counted(query: PromiseLike<Answer>): Promise<number>;
  /** What a function answers; `null` where its SQL type allows it. */
  call(name: string, args?: Readonly<Record<string, unknown>>, signal?: AbortSignal): Promise<unknown>;
  /** What a function answers that gives rows. At most a thousand come: Supabase cuts a longer answer without a word. */
  callRows(name: string, args?: Readonly<Record<string, unknown>>): Promise<readonly Row[]>;
}

/**
 * Opens the project's API with the key of the service. Nothing is asked before the first call.
 * Calls throw MillraceError DATABASE_UNAVAILABLE when no answer came, or none of PostgREST's, and
 * DATABASE_REFUSED when the key or a right is missing.
 */
export function openApi(options: SupabaseOptions): Api {
  const tables = openClient(options);
  const rows = async (query: PromiseLike<Answer>) => {
    const { data } = await checked(query);
    if (!Array.isArray(data)) throw notOurs();
    return data.map(rowOf);
  };
  return {
    tables,
    rows,
    async counted(query) {
      const { count } = await checked(query);
      // An answer without a count is not PostgREST's: supabase-js takes an empty 404 for a success.
      if (count === null) throw notOurs();
      return count;
    },
    async call(name, args = {}, signal) {
      const query = tables.rpc(name, { ...args });
      const { data, status } = await checked(
        signal === undefined ? query : query.abortSignal(signal),
        signal,
      );
      if (status !== 200 && status !== 204) throw notOurs();
      return data;
    },
    callRows: (name, args = {}) => rows(tables.rpc(name, { ...args })),
  };
}

/** A row of JSON; anything else among rows is not an answer of ours. */
export function rowOf(value: unknown): Row {
  if (typeof value !== 'object' || value === null) throw notOurs();
  return Object.fromEntries(Object.entries(value));
}

function openClient({ url, serviceRoleKey, timeoutMs = defaultTimeoutMs }: SupabaseOptions) {
  return createClient(url, serviceRoleKey, {
    // Jobs are tried again as a whole; the library's own three tries would only make each of them slower.
    db: { timeout: timeoutMs, retry: false },
    auth: { persistSession: false, autoRefreshToken: false, detectSessionInUrl: false },
    global: { fetch: refuseStrangers },
  });
}

/**
 * supabase-js takes a 404 without a body, or with a list in it, for a success, and a page of HTML for an empty answer.
 * PostgREST answers in JSON, and its own 404 is an object with a code, so anything else comes from a wrong address.
 */
async function refuseStrangers(...[input, init]: Parameters<typeof fetch>): Promise<Response> {
  const response = await fetch(input, init);
  const json = response.headers.get('content-type')?.includes('json') === true;
  // A write that asked for no rows has no body, but it has the count.
  if (response.status === 200 && !json && !response.headers.has('content-range')) return stranger();
  if (response.status !== 404) return response;
  const body = await response.text();
  if (!json || !body.startsWith('{') || !body.includes('"code"')) return stranger();
  return new Response(body, { status: 404, headers: response.headers });
}

function stranger(): Response {
  return Response.json({ code: strangerCode, message: '' }, { status: 502 });
}

const strangerCode = 'no PostgREST';

async function checked(query: PromiseLike<Answer>, signal?: AbortSignal): Promise<Answer> {
  const answer = await query;
  if (answer.error === null) return answer;
  signal?.throwIfAborted();
  throw failure(answer.status, answer.error);
}

/** PostgreSQL's classes that pass by themselves, and PostgREST's codes for having no database. */
const passing = /^(08...|40...|53...|57...|PGRST00[0-3])$/;
const unauthorized = /^(PGRST30[0-9]|42501|28...)$/;
const absent = /^(42P01|42703|42883|PGRST20[0-9])$/;
const sqlState = /^[0-9A-Z]{5}$/;

/**
 * The other side's `details` and message may hold values of rows, so the message here has the code alone; whoever needs
 * more finds it in the project's own log.
 */
function failure(status: number, error: { readonly code?: string }): Error {
  const code = error.code ?? '';
  if (code === strangerCode) return notOurs();
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
  if (!fromStatement && (status === 0 || status === 429 || status >= 500 || passing.test(code))) {
    return new MillraceError(
      'DATABASE_UNAVAILABLE',
      `Supabase does not answer${said(status, code)}. Check SUPABASE_URL and the project's state.`,
    );
  }
  if (code === '') return notOurs();
  return Object.assign(new Error(`Supabase refuses a statement${said(status, code)}.`), { code });
}

function said(status: number, code: string): string {
  const parts = [...(status === 0 ? [] : [`HTTP ${status}`]), ...(code === '' ? [] : [code])];
  return parts.length === 0 ? '' : ` (${parts.join(', ')})`;
}

function notOurs(): MillraceError {
  return new MillraceError(
    'DATABASE_UNAVAILABLE',
    'What answers at SUPABASE_URL is not the API of a Supabase project. Check the address.',
  );
}
