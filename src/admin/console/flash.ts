import type { Request, Response } from 'express';
import { deriveKey, isSignedBy, sign } from '../../http/keys.ts';
import type { Cookies } from '../cookies.ts';

const cookie = 'millrace_notice';
const longest = 600;

/** Tells on the next page what came of a change, once. It is kept in the browser, signed, so that nobody else can say something there. */
export interface Flash {
  set(request: Request, response: Response, notice: string): void;
  take(request: Request, response: Response): string | undefined;
}

export function createFlash(jwtSecret: string, cookies: Cookies): Flash {
  const key = deriveKey(jwtSecret, 'notices');
  return {
    set(request, response, notice) {
      const text = Buffer.from(notice.slice(0, longest)).toString('base64url');
      cookies.set(request, response, cookie, `${text}.${sign(key, text)}`);
    },
    take(request, response) {
      const value = cookies.read(request, cookie);
      if (value === undefined) return undefined;
      cookies.clear(request, response, cookie);
      const [text = '', signature = ''] = value.split('.');
      return isSignedBy(key, text, signature) ? Buffer.from(text, 'base64url').toString() : undefined;
    },
  };
}
