import { randomBytes } from 'node:crypto';
import type { Request, RequestHandler, Response } from 'express';
import { z } from 'zod';
import { MillraceError } from '../errors/catalogue.ts';
import { deriveKey, isSignedBy, sign } from '../http/keys.ts';
import { type Cookies, formCookie } from './cookies.ts';

/** Tokens that tie a form to the browser it was shown to (the signed double-submit pattern). */
export interface FormTokens {
  /** A token for a form, and the cookie that goes with it if the browser has none. */
  issue(request: Request, response: Response): string;
  check(request: Request, token: string): boolean;
}

/** The field of a form that holds its token. */
export const formToken = z.string().min(1).max(100);

const anyForm = z.object({ formToken });

/** Lets on the forms that were shown to this very browser. */
export function requireForm(forms: FormTokens): RequestHandler {
  return (request, _response, next) => {
    const parsed = anyForm.safeParse(request.body);
    if (parsed.success && forms.check(request, parsed.data.formToken)) return next();
    next(new MillraceError('FORBIDDEN', 'The form is out of date, or cookies are off. Open the page again.'));
  };
}

export function createFormTokens(jwtSecret: string, cookies: Cookies): FormTokens {
  const key = deriveKey(jwtSecret, 'forms');
  return {
    issue(request, response) {
      const existing = cookies.read(request, formCookie);
      const browser = existing ?? randomBytes(18).toString('base64url');
      if (existing === undefined) cookies.set(request, response, formCookie, browser);
      return sign(key, browser);
    },
    check(request, token) {
      const browser = cookies.read(request, formCookie);
      return browser !== undefined && isSignedBy(key, browser, token);
    },
  };
}
