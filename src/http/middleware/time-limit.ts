import type { RequestHandler } from 'express';
import { MillraceError } from '../../errors/catalogue.ts';

/** Answers for a handler that does not come back; what it does meanwhile goes on. */
export function timeLimit(ms: number): RequestHandler {
  return (_request, response, next) => {
    const timer = setTimeout(() => {
      if (!response.headersSent) {
        next(new MillraceError('REQUEST_TIMEOUT', `No answer was ready within ${ms / 1_000} s. Try again.`));
      }
    }, ms);
    response.on('close', () => clearTimeout(timer));
    next();
  };
}
