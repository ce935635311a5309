import type { ErrorRequestHandler, RequestHandler, Response } from 'express';
import { catalogue, type ErrorCode, type Fault, MillraceError } from '../../errors/catalogue.ts';
import { classify, messageOf } from '../../errors/classify.ts';
import type { Redact } from '../../observability/redaction.ts';
import { contextOf } from '../context.ts';

/** When to come back if nobody said so, in seconds. */
const defaultRetryAfter = 5;

/** An error as the caller gets to see it: no stack, no cause, nothing of our insides. */
export interface PublicError {
  readonly code: ErrorCode;
  readonly status: number;
  readonly message: string;
  readonly details?: readonly Fault[];
  readonly retryAfterSeconds?: number;
}

/** Writes an error in another form than JSON; `false` leaves it to JSON. */
export type ErrorView = (
  error: PublicError,
  request: Parameters<RequestHandler>[0],
  response: Response,
) => boolean;

/** Nothing is at that address. */
export const notFound: RequestHandler = (request, _response, next) => {
  next(new MillraceError('NOT_FOUND', `Nothing is at ${request.method} ${request.path}.`));
};

/** The one place where errors become answers. */
export function answerErrors(redact: Redact, view: ErrorView): ErrorRequestHandler {
  // Express tells error handlers by their four parameters.
  return (thrown: unknown, request, response, _next) => {
    const { log, correlationId } = contextOf(request);
    const error = publicError(thrown, redact, correlationId);
    if (error.status === 500) log.error({ err: thrown, path: request.path }, 'A request failed');
    else if (error.status > 500)
      log.warn(
        { code: error.code, path: request.path, why: redact(messageOf(thrown)) },
        'A request found something away',
      );
    else log.debug({ code: error.code, path: request.path }, 'A request was refused');
    if (response.headersSent) {
      // The answer had begun; cutting it off is the only way left to say that it is not whole.
      if (!response.writableEnded) response.destroy();
      return;
    }
    const { code, status, message, details, retryAfterSeconds } = error;
    response.status(status).set('Cache-Control', 'no-store');
    for (const header of ['Content-Disposition', 'Content-Length', 'Content-Type'])
      response.removeHeader(header);
    if (retryAfterSeconds !== undefined) response.set('Retry-After', String(retryAfterSeconds));
    if (view(error, request, response)) return;
    response.json({
      success: false,
      error: { code, message, ...(details === undefined ? {} : { details }) },
    });
  };
}

function publicError(thrown: unknown, redact: Redact, correlationId: string): PublicError {
  const known = thrown instanceof MillraceError ? thrown : fromExpress(thrown);
  const { code, message, retryAfterMs, details } = known ?? classify(thrown);
  const { status, meaning } = catalogue[code];
  const wait =
    status === 429 || status === 503
      ? {
          retryAfterSeconds: retryAfterMs === undefined ? defaultRetryAfter : Math.ceil(retryAfterMs / 1_000),
        }
      : {};
  // What was not written for the caller may speak of our files and addresses.
  if (known === undefined || status === 500) {
    const text = status === 500 ? `The fault is ours; quote ${correlationId} when you report it.` : meaning;
    return { code, status, message: text, ...wait };
  }
  return { code, status, message: redact(message), ...(details === undefined ? {} : { details }), ...wait };
}

/** Express and its parsers refuse requests by errors that bear a status. */
function fromExpress(thrown: unknown): MillraceError | undefined {
  if (!(thrown instanceof Error) || !('status' in thrown) || typeof thrown.status !== 'number')
    return undefined;
  if (thrown.status === 413)
    return new MillraceError(
      'TOO_LARGE',
      `The body is above ${limitOf(thrown)}. Store the data and send its id.`,
    );
  if (thrown.status === 415)
    return new MillraceError(
      'UNSUPPORTED_MEDIA',
      'The body has an encoding or character set that is not read here.',
    );
  if (thrown.status < 400 || thrown.status > 499) return undefined;
  const why =
    'type' in thrown && thrown.type === 'entity.parse.failed'
      ? 'The body is no valid JSON.'
      : 'The request is malformed: check its address, encoding and body.';
  return new MillraceError('INVALID_REQUEST', why);
}

/** The parser knows its limit, in bytes. */
function limitOf(thrown: Error): string {
  const limit = 'limit' in thrown && typeof thrown.limit === 'number' ? thrown.limit : undefined;
  return limit === undefined ? 'its limit' : `${Math.round(limit / 1_024)} kB`;
}
