import { randomBytes } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import type { RequestHandler } from 'express';
import helmet from 'helmet';

/**
 * Security headers for answers and pages of our own: nothing is loaded but our style sheet, nothing runs, nobody frames.
 * `same-origin` as referrer policy since with helmet's `no-referrer` browsers send `Origin: null` with our own forms.
 */
export function securityHeaders(): RequestHandler {
  return helmet({
    contentSecurityPolicy: {
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        styleSrc: ["'self'"],
        imgSrc: ["'self'"],
        formAction: ["'self'"],
        frameAncestors: ["'none'"],
        baseUri: ["'none'"],
      },
    },
    referrerPolicy: { policy: 'same-origin' },
    xFrameOptions: { action: 'deny' },
  });
}

/** A page of the console: its script and what that fetches come from here alone, and nothing written into the page runs. */
export function consoleHeaders({ frames }: { readonly frames: boolean }): RequestHandler {
  return helmet.contentSecurityPolicy({
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'"],
      imgSrc: ["'self'"],
      connectSrc: ["'self'"],
      formAction: ["'self'"],
      frameAncestors: ["'none'"],
      baseUri: ["'none'"],
      ...(frames ? { frameSrc: ["'self'"] } : {}),
    },
  });
}

/** A mail within a frame of such a page: it styles itself, and can neither run nor fetch anything. */
export function framedHeaders(): RequestHandler[] {
  return [
    helmet.contentSecurityPolicy({
      useDefaults: false,
      directives: {
        sandbox: [],
        defaultSrc: ["'none'"],
        styleSrc: ["'unsafe-inline'"],
        formAction: ["'none'"],
        frameAncestors: ["'self'"],
        baseUri: ["'none'"],
      },
    }),
    helmet.xFrameOptions({ action: 'sameorigin' }),
  ];
}

const nonces = new WeakMap<ServerResponse, string>();

/** The nonce by which the page of this answer may have styles of its own. */
export function nonceOf(response: ServerResponse): string {
  const nonce = nonces.get(response);
  if (nonce === undefined) throw new Error('This answer has no nonce: its route wants boardHeaders().');
  return nonce;
}

/** Bull Board's page needs its scripts, its data, `<base>`, and the styles that its scripts make. */
export function boardHeaders(): RequestHandler[] {
  return [
    (_request, response, next) => {
      nonces.set(response, randomBytes(18).toString('base64url'));
      next();
    },
    helmet.contentSecurityPolicy({
      useDefaults: false,
      directives: {
        defaultSrc: ["'none'"],
        scriptSrc: ["'self'"],
        styleSrc: ["'self'", (_request, response) => `'nonce-${nonceOf(response)}'`],
        fontSrc: ["'self'"],
        imgSrc: ["'self'", 'data:'],
        connectSrc: ["'self'"],
        formAction: ["'none'"],
        frameAncestors: ["'none'"],
        baseUri: ["'self'"],
      },
    }),
  ];
}
