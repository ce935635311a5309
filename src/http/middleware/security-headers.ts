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

/**
 * Bull Board's page needs its scripts, its data, `<base>`, and styles in attributes; its web fonts come from elsewhere
 * and stay out.
 */
export function boardHeaders(): RequestHandler {
  return helmet.contentSecurityPolicy({
    useDefaults: false,
    directives: {
      defaultSrc: ["'none'"],
      scriptSrc: ["'self'"],
      styleSrc: ["'self'", "'unsafe-inline'"],
      fontSrc: ["'self'"],
      imgSrc: ["'self'", 'data:'],
      connectSrc: ["'self'"],
      formAction: ["'none'"],
      frameAncestors: ["'none'"],
      baseUri: ["'self'"],
    },
  });
}
