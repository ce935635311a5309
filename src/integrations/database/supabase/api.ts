import { createClient } from '@supabase/supabase-js';
import { foundNobody } from '../away.ts';
import type { Row } from '../postgres/connection.ts';
import { failure, nobodyCode, notOurs, strangerCode } from './failure.ts';

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

/**
 * The most rows of an answer that must be whole: those of mails that are claimed or settled together, and of reports that
 * are looked after. Pages are read on until one is empty, so they may be cut.
 */
export const leastRowsAtOnce = 100;

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
 * Calls throw MillraceError DATABASE_UNAVAILABLE when no answer came, or none of PostgREST's, with `retryAfterMs` when the
 * statement cannot have run; and DATABASE_REFUSED when the key or a right is missing.
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
  const response = await reach(input, init);
  const json = response.headers.get('content-type')?.includes('json') === true;
  // A write that asked for no rows has no body, but it has the count.
  if (response.status === 200 && !json && !response.headers.has('content-range')) return stranger();
  if (response.status !== 404) return response;
  const body = await response.text();
  if (!json || !body.startsWith('{') || !body.includes('"code"')) return stranger();
  return new Response(body, { status: 404, headers: response.headers });
}

/** supabase-js gives a failed connection's code in a text for people alone. */
async function reach(...request: Parameters<typeof fetch>): Promise<Response> {
  try {
    return await fetch(...request);
  } catch (error) {
    if (!(error instanceof Error && foundNobody(error.cause))) throw error;
    return Response.json({ code: nobodyCode, message: '' }, { status: 503 });
  }
}

function stranger(): Response {
  return Response.json({ code: strangerCode, message: '' }, { status: 502 });
}

async function checked(query: PromiseLike<Answer>, signal?: AbortSignal): Promise<Answer> {
  const answer = await query;
  if (answer.error === null) return answer;
  signal?.throwIfAborted();
  throw failure(answer.status, answer.error);
}
