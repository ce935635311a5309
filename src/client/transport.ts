import { faultsOf, isFields } from './answers.ts';
import { RefusedError, UnansweredError } from './errors.ts';

export interface TransportOptions {
  /** Of the platform, such as `https://millrace.example`. */
  readonly url: string;
  /** An API token, or what gives one anew: it is asked before each request. */
  readonly token: string | (() => string | Promise<string>);
  /** How often a call is tried in all; 5 when absent. */
  readonly tries?: number;
  /** The first pause between two tries, in ms; it doubles from then on. 250 when absent. */
  readonly pauseMs?: number;
  /** How long one try may take, in ms; 30 s when absent. */
  readonly timeoutMs?: number;
  /** Used instead of the global `fetch`. */
  readonly fetch?: typeof fetch;
}

export interface Sent {
  readonly method: 'GET' | 'POST' | 'PATCH' | 'DELETE';
  /** Below `/api`. */
  readonly path: string;
  /** Goes as JSON, but for a form, whose own type names its boundary. */
  readonly body?: unknown;
  readonly idempotencyKey?: string;
  readonly headers?: Readonly<Record<string, string>>;
  readonly signal?: AbortSignal | undefined;
  /** Whether it may be sent again when nobody knows what became of it. A `GET`, and whatever has a key, may. */
  readonly repeatable?: boolean;
}

/** What came back of a call that went well. */
export interface Received {
  readonly status: number;
  readonly data: Readonly<Record<string, unknown>>;
}

const longestPauseMs = 30_000;

/**
 * Sends requests until one is answered for good. Connections that break, 429 and 503 are tried again, after `Retry-After`
 * if there is one, with the same idempotency key: what was accepted before the line broke is not done twice.
 */
export class Transport {
  readonly #options: TransportOptions;
  readonly #base: string;

  constructor(options: TransportOptions) {
    this.#options = options;
    this.#base = `${options.url.replace(/\/+$/, '')}/api`;
  }

  /** @throws RefusedError, UnansweredError; the signal's reason. */
  async call(sent: Sent): Promise<Received> {
    return this.#often(sent, async () => {
      const response = await this.#send(sent, AbortSignal.timeout(this.#options.timeoutMs ?? 30_000));
      return read(response, await textOf(response));
    });
  }

  /** An answer whose body is read by the caller, for as long as it takes. @throws as `call`. */
  async open(sent: Sent): Promise<Response> {
    return this.#often(sent, async () => {
      const response = await this.#send(sent);
      if (!response.ok) read(response, await textOf(response));
      return response;
    });
  }

  async #often<T>(sent: Sent, attempt: () => Promise<T>): Promise<T> {
    const { tries = 5, pauseMs = 250 } = this.#options;
    for (let tried = 1; ; tried += 1) {
      sent.signal?.throwIfAborted();
      try {
        return await attempt();
      } catch (error) {
        sent.signal?.throwIfAborted();
        if (tried >= tries || !mayPass(error, sent)) throw error;
        const asked = error instanceof RefusedError ? error.retryAfterMs : undefined;
        // Whoever asks for more than we are ready to wait is told to the caller.
        if (asked !== undefined && asked > longestPauseMs) throw error;
        const growing = Math.min(pauseMs * 2 ** (tried - 1), longestPauseMs);
        await pause(Math.max(asked ?? 0, growing * (0.75 + Math.random() / 4)), sent.signal);
      }
    }
  }

  async #send(sent: Sent, limit?: AbortSignal): Promise<Response> {
    const { token, fetch: send = fetch } = this.#options;
    const signals = [sent.signal, limit].filter((signal) => signal !== undefined);
    const headers = new Headers(sent.headers);
    headers.set('Authorization', `Bearer ${typeof token === 'string' ? token : await token()}`);
    const body = sent.body instanceof FormData ? sent.body : JSON.stringify(sent.body);
    if (typeof body === 'string') headers.set('Content-Type', 'application/json');
    if (sent.idempotencyKey !== undefined) headers.set('Idempotency-Key', sent.idempotencyKey);
    try {
      return await send(`${this.#base}${sent.path}`, {
        method: sent.method,
        headers,
        ...(body === undefined ? {} : { body }),
        ...(signals.length === 0 ? {} : { signal: AbortSignal.any(signals) }),
      });
    } catch (cause) {
      throw unanswered(cause, this.#options.url);
    }
  }
}

/** The answer came, but its body may still break off. */
async function textOf(response: Response): Promise<string> {
  try {
    return await response.text();
  } catch (cause) {
    throw unanswered(cause, response.url);
  }
}

function unanswered(cause: unknown, url: string): UnansweredError {
  const timedOut = cause instanceof Error && cause.name === 'TimeoutError';
  const [code, what] = timedOut ? ['TIMEOUT', 'no answer in time'] : ['NETWORK', 'the connection failed'];
  const why = cause instanceof Error && cause.cause instanceof Error ? ` (${cause.cause.message})` : '';
  return new UnansweredError(code, `${url}: ${what}${why}.`, undefined, { cause });
}

function mayPass(error: unknown, { method, idempotencyKey, repeatable }: Sent): boolean {
  const again = repeatable ?? (method === 'GET' || idempotencyKey !== undefined);
  if (error instanceof UnansweredError) return again;
  if (!(error instanceof RefusedError)) return false;
  // Of a timeout nobody knows what became of it; any other 429 and 503 says that nothing was accepted.
  if (error.code === 'REQUEST_TIMEOUT') return again;
  return error.status === 429 || error.status === 503;
}

/** @throws RefusedError for an answer of the platform, UnansweredError for one of something between. */
function read(response: Response, text: string): Received {
  const correlationId = response.headers.get('X-Correlation-Id') ?? undefined;
  const answer = parse(text);
  if (response.ok && isFields(answer) && isFields(answer.data)) {
    return { status: response.status, data: answer.data };
  }
  const refusal = isFields(answer) && isFields(answer.error) ? answer.error : undefined;
  if (refusal === undefined || typeof refusal.code !== 'string') {
    throw new UnansweredError(
      'UNREADABLE',
      `${response.url} answered ${response.status}, and nothing that Millrace would say. Is that its address?`,
      correlationId,
    );
  }
  throw new RefusedError(
    {
      code: refusal.code,
      message: typeof refusal.message === 'string' ? refusal.message : refusal.code,
      status: response.status,
      details: faultsOf(refusal.details),
      retryAfterMs: retryAfterOf(response),
    },
    correlationId,
  );
}

function parse(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Our own answers say it in seconds (RFC 9110, 10.2.3). */
function retryAfterOf(response: Response): number | undefined {
  const seconds = Number(response.headers.get('Retry-After') ?? Number.NaN);
  return Number.isFinite(seconds) && seconds >= 0 ? seconds * 1_000 : undefined;
}

/** Resolves after so many ms. @throws the signal's reason when it is aborted before. */
export function pause(ms: number, signal?: AbortSignal): Promise<void> {
  return new Promise((resolve, reject) => {
    const ended = () => {
      clearTimeout(timer);
      reject(signal?.reason);
    };
    const timer = setTimeout(() => {
      signal?.removeEventListener('abort', ended);
      resolve();
    }, ms);
    if (signal?.aborted === true) ended();
    else signal?.addEventListener('abort', ended, { once: true });
  });
}
