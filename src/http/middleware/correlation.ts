import { randomUUID } from 'node:crypto';
import type { RequestHandler } from 'express';
import type { Logger } from '../../observability/logger.ts';
import { correlationIdPattern } from '../../queue/envelope.ts';
import { openContext } from '../context.ts';

/** Gives each request its correlation id, the caller's own if it is fit to stand in headers and logs, and tells it back. */
export function correlate(log: Logger): RequestHandler {
  return (request, response, next) => {
    const given = request.get('X-Correlation-Id');
    const correlationId = given !== undefined && correlationIdPattern.test(given) ? given : randomUUID();
    response.set('X-Correlation-Id', correlationId);
    const requestLog = log.child({ correlationId });
    openContext(request, { correlationId, log: requestLog });
    const began = performance.now();
    // The query is left out: links carry their signatures in it.
    const { method, path } = request;
    response.on('finish', () => {
      requestLog.debug(
        { method, path, status: response.statusCode, ms: Math.round(performance.now() - began) },
        'Request answered',
      );
    });
    next();
  };
}
