import type { Request, RequestHandler } from 'express';
import { MillraceError } from '../errors/catalogue.ts';
import { bearerOf } from '../http/middleware/authenticate.ts';

const reading = new Set(['GET', 'HEAD', 'OPTIONS']);

/**
 * Refuses changes that another site made a signed-in browser ask for. Browsers say where a request comes from in
 * `Sec-Fetch-Site` or, where they have no TLS, in `Origin`; one that says neither is refused. A bearer token is nothing
 * that a browser sends by itself, so requests with one are let through.
 */
export function sameOrigin(appUrl: string): RequestHandler {
  const appOrigin = new URL(appUrl).origin;
  return (request, _response, next) => {
    if (reading.has(request.method) || bearerOf(request) !== undefined || isSameOrigin(request, appOrigin))
      return next();
    next(
      new MillraceError(
        'FORBIDDEN',
        'This change was asked for by another site, or by a client that does not say where it comes from. Use a page of this one, or a bearer token.',
      ),
    );
  };
}

function isSameOrigin(request: Request, appOrigin: string): boolean {
  const site = request.get('Sec-Fetch-Site');
  if (site !== undefined) return site === 'same-origin';
  const origin = request.get('Origin');
  return origin !== undefined && (origin === `${request.protocol}://${request.host}` || origin === appOrigin);
}
