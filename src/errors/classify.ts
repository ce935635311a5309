import { catalogue, type ErrorCode, type Fault, MillraceError } from './catalogue.ts';

/** What a failure comes down to, whatever was thrown. */
export interface Classified {
  readonly code: ErrorCode;
  readonly message: string;
  readonly retryable: boolean;
  /** Set when the other side said how long to wait, in ms. */
  readonly retryAfterMs: number | undefined;
  readonly details: readonly Fault[] | undefined;
  readonly stack: string | undefined;
}

/** Codes of Node's network layer: the other side may be back at the next attempt. */
const networkCodes = new Set([
  'ECONNREFUSED',
  'ECONNRESET',
  'ECONNABORTED',
  'ETIMEDOUT',
  'EPIPE',
  'ENOTFOUND',
  'EAI_AGAIN',
  'EHOSTUNREACH',
  'ENETUNREACH',
  'UND_ERR_CONNECT_TIMEOUT',
  'UND_ERR_HEADERS_TIMEOUT',
  'UND_ERR_BODY_TIMEOUT',
  'UND_ERR_SOCKET',
]);

/** PostgreSQL's classes 08 (connection), 40 (rolled back), 53 (resources) and 57 (operator) pass by themselves. */
const passingSqlState = /^(08|40|53|57)[0-9A-Z]{3}$/;

/**
 * Says of anything thrown, a string or `undefined` too, what it is and whether another attempt may help.
 * Where an error is ours the answer was given where it was raised; message texts are never looked at.
 */
export function classify(thrown: unknown): Classified {
  if (isError(thrown) && thrown instanceof MillraceError) {
    return {
      code: thrown.code,
      message: thrown.message,
      retryable: thrown.retryable,
      retryAfterMs: thrown.retryAfterMs,
      details: thrown.details,
      stack: thrown.stack,
    };
  }
  const code = codeOf(thrown);
  return {
    code,
    message: messageOf(thrown),
    retryable: catalogue[code].retryable,
    retryAfterMs: undefined,
    details: undefined,
    stack: isError(thrown) ? textOf(thrown, 'stack') : undefined,
  };
}

/** How many causes are followed: a chain may lead back to where it began. */
const deepestCause = 10;

function codeOf(thrown: unknown, depth = 0): ErrorCode {
  if (!isError(thrown) || depth > deepestCause) return 'UNKNOWN';
  if (textOf(thrown, 'name') === 'AbortError') return 'ABORTED';
  const systemCode = textOf(thrown, 'code');
  if (systemCode === undefined) return codeOf(read(thrown, 'cause'), depth + 1);
  if (networkCodes.has(systemCode)) return 'NETWORK';
  if (passingSqlState.test(systemCode)) return 'DATABASE_UNAVAILABLE';
  return 'UNKNOWN';
}

/** The text of anything thrown; never throws itself, whatever its getters and `toString` do. */
export function messageOf(thrown: unknown): string {
  if (isError(thrown))
    return textOf(thrown, 'message') || firstOf(thrown) || textOf(thrown, 'name') || 'Error';
  try {
    return typeof thrown === 'string' ? thrown : `Something that is no error was thrown: ${String(thrown)}`;
  } catch {
    return 'Something that is no error and has no text was thrown.';
  }
}

/** Node joins the failures of several addresses of one host in an error that has no text of its own. */
function firstOf(error: Error): string | undefined {
  const errors = read(error, 'errors');
  const first: unknown = Array.isArray(errors) ? errors[0] : undefined;
  return isError(first) ? textOf(first, 'message') : undefined;
}

/** `instanceof` asks the prototype, which a proxy may refuse to show. */
function isError(thrown: unknown): thrown is Error {
  try {
    return thrown instanceof Error;
  } catch {
    return false;
  }
}

function textOf(error: Error, key: string): string | undefined {
  const value = read(error, key);
  return typeof value === 'string' ? value : undefined;
}

function read(error: Error, key: string): unknown {
  try {
    return Reflect.get(error, key);
  } catch {
    return undefined;
  }
}
