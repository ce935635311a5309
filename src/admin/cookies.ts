import type { CookieOptions, Request, Response } from 'express';

export const sessionCookie = 'millrace_session';
export const formCookie = 'millrace_form';
export const departureCookie = 'millrace_oidc';

/** Browsers take a cookie of such a name only over https and from this very host, so no neighbour can plant one (RFC 6265bis). */
const hostPrefix = '__Host-';

/** Cookies that scripts cannot read and other sites cannot cause to be sent. */
export interface Cookies {
  read(request: Request, name: string): string | undefined;
  /** Without an end the browser forgets it when it closes. */
  set(request: Request, response: Response, name: string, value: string, expiresAt?: Date): void;
  /** As `set`, for a cookie that comes along when another site leads here by a link, such as an identity provider. */
  setForReturn(request: Request, response: Response, name: string, value: string, expiresAt: Date): void;
  clear(request: Request, response: Response, name: string): void;
}

/** @param secure sends them over https alone; where TLS is seen on the request itself they always are. */
export function createCookies(secure: boolean): Cookies {
  const isSecure = (request: Request) => secure || request.secure;
  const full = (request: Request, name: string) => (isSecure(request) ? `${hostPrefix}${name}` : name);
  const options = (request: Request): CookieOptions => ({
    httpOnly: true,
    sameSite: 'strict',
    secure: isSecure(request),
    path: '/',
  });
  return {
    read(request, name) {
      for (const pair of (request.get('Cookie') ?? '').split(';')) {
        const equals = pair.indexOf('=');
        if (equals > 0 && pair.slice(0, equals).trim() === full(request, name))
          return pair.slice(equals + 1).trim();
      }
      return undefined;
    },
    set(request, response, name, value, expiresAt) {
      response.cookie(full(request, name), value, {
        ...options(request),
        ...(expiresAt === undefined ? {} : { expires: expiresAt }),
      });
    },
    setForReturn(request, response, name, value, expiresAt) {
      response.cookie(full(request, name), value, {
        ...options(request),
        sameSite: 'lax',
        expires: expiresAt,
      });
    },
    clear: (request, response, name) => {
      response.clearCookie(full(request, name), options(request));
    },
  };
}
