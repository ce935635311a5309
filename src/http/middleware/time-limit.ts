import type { RequestHandler } from 'express';
import { MillraceError } from '../../errors/catalogue.ts';

/**
 * Answers for a handler that does not come back; what it does meanwhile goes on. A client that is still sending by then is
 * cut off. `longer` has the paths that may take longer than `ms`.
 */
export function timeLimit(ms: number, longer: Readonly<Record<string, number>> = {}): RequestHandler {
  return (request, response, next) => {
    const limit = longer[request.path] ?? ms;
    const timer = setTimeout(() => {
      if (response.headersSent) return;
      if (!request.complete) response.set('Connection', 'close');
      next(new MillraceError('REQUEST_TIMEOUT', `No answer was ready within ${limit / 1_000} s. Try again.`));
    }, limit);
    response.on('close', () => clearTimeout(timer));
    next();
  };
}
