import express, { type RequestHandler } from 'express';
import { MillraceError } from '../../errors/catalogue.ts';
import { formatPath } from '../../errors/faults.ts';

/** Above the 256 KiB of a payload, so that the queue's own limit is the one that people meet. */
const usualLimit = '300kb';
/** Deeper than any schema of ours, and far from where recursion ends. */
const maxDepth = 64;

/**
 * Refuses a body that says to be something else. Without a body there is nothing to refuse: what a request lacks is told
 * by its schema.
 */
export const jsonOnly: RequestHandler = (request, _response, next) => {
  // `null` when there is none; one of no length may have come without a type.
  if (request.is('json') !== false || request.get('Content-Length') === '0') return next();
  next(
    new MillraceError('UNSUPPORTED_MEDIA', 'Send the body as JSON, with `Content-Type: application/json`.'),
  );
};

/**
 * Reads JSON bodies, and refuses text that no database keeps. A body that was read before is left alone, so a route with a
 * larger limit goes first.
 * @param limit how large a body may be, in the words of body-parser.
 */
export function jsonBody(limit = usualLimit): RequestHandler[] {
  return [express.json({ limit, strict: false }), storable];
}

const storable: RequestHandler = (request, _response, next) => {
  const fault = findUnstorable(request.body);
  if (fault === undefined) return next();
  next(
    new MillraceError(
      'INVALID_REQUEST',
      `The body of the request is invalid. ${fault.path}: ${fault.message}`,
      {
        details: [fault],
      },
    ),
  );
};

interface Visit {
  readonly value: unknown;
  readonly path: readonly (string | number)[];
}

/**
 * Finds what PostgreSQL cannot hold: NUL and lone surrogates in text or field names, and nesting without bounds.
 * A stack of its own instead of recursion, since the depth is the sender's choice.
 */
function findUnstorable(body: unknown): { path: string; message: string } | undefined {
  const stack: Visit[] = [{ value: body, path: [] }];
  for (let visit = stack.pop(); visit !== undefined; visit = stack.pop()) {
    const { value, path } = visit;
    if (typeof value === 'string' && !isStorable(value)) {
      return { path: formatPath(path), message: 'must not hold NUL or half of a surrogate pair' };
    }
    if (typeof value !== 'object' || value === null) continue;
    if (path.length >= maxDepth) {
      return { path: formatPath(path.slice(0, 3)), message: `must not be nested deeper than ${maxDepth}` };
    }
    const array = Array.isArray(value);
    for (const [key, inner] of Object.entries(value)) {
      if (!array && !isStorable(key)) {
        return { path: formatPath(path), message: 'has a field name with NUL or half of a surrogate pair' };
      }
      stack.push({ value: inner, path: [...path, array ? Number(key) : key] });
    }
  }
  return undefined;
}

function isStorable(text: string): boolean {
  return text.isWellFormed() && !text.includes('\0');
}
