import type { Request, RequestHandler } from 'express';
import type { Tokens } from '../access/tokens.ts';
import { MillraceError } from '../errors/catalogue.ts';
import { contextOf } from '../http/context.ts';
import { bearerOf, readBearer } from '../http/middleware/authenticate.ts';
import { paths } from '../http/page-paths.ts';
import { type Cookies, sessionCookie } from './cookies.ts';
import { onwardPage } from './pages.ts';
import type { Sessions } from './sessions.ts';

export interface GuardOptions {
  readonly tokens: Tokens;
  readonly sessions: Sessions;
  readonly cookies: Cookies;
}

/** Lets in sessions and bearer tokens; sends people to the sign-in page, and everything else a 401. */
export function guard({ tokens, sessions, cookies }: GuardOptions): RequestHandler {
  return async (request, response, next) => {
    const context = contextOf(request);
    if (bearerOf(request) !== undefined) {
      context.principal = await readBearer(tokens, request, response);
      return next();
    }
    const value = cookies.read(request, sessionCookie);
    const principal = value === undefined ? undefined : await sessions.read(value);
    if (principal !== undefined) {
      context.principal = principal;
      return next();
    }
    if (!isPageView(request)) {
      response.set('WWW-Authenticate', 'Bearer realm="millrace"');
      throw new MillraceError(
        'UNAUTHENTICATED',
        request.accepts(['json', 'html']) === 'html'
          ? 'Your session has ended, so nothing was done. Sign in and do it again.'
          : `This needs a session or a token. Sign in at ${paths.signIn}.`,
      );
    }
    // Someone who followed a link from elsewhere may well be signed in: asked for from our own page, the cookie comes.
    if (value === undefined && request.get('Sec-Fetch-Site') === 'cross-site') {
      response.send(onwardPage(request.originalUrl));
      return;
    }
    response.redirect(303, `${paths.signIn}?next=${encodeURIComponent(request.originalUrl)}`);
  };
}

function isPageView(request: Request): boolean {
  return request.method === 'GET' && request.accepts(['json', 'html']) === 'html';
}
