import { MillraceError } from '../errors/catalogue.ts';
import { messageOf } from '../errors/classify.ts';

/** Codes of the library that tell of a provider that is away or ill, and not of an answer that must not be believed. */
const awayCodes = new Set([
  'OAUTH_TIMEOUT',
  'OAUTH_ABORT',
  'OAUTH_RESPONSE_IS_NOT_CONFORM',
  'OAUTH_RESPONSE_IS_NOT_JSON',
  'OAUTH_PARSE_ERROR',
]);

/** What is said of an error that came of somebody's way back. */
export function faultOf(error: unknown): MillraceError {
  if (error instanceof MillraceError) return error;
  const name = textOf(error, 'name');
  const code = textOf(error, 'code') ?? name ?? 'unknown';
  const said = textOf(error, 'error');
  if (said === 'invalid_client' || said === 'unauthorized_client') {
    const message =
      'The identity provider does not know this platform: check OIDC_CLIENT_ID and OIDC_CLIENT_SECRET.';
    return new MillraceError('OIDC_UNAVAILABLE', message, { cause: error });
  }
  if (said === 'invalid_grant') {
    const message = 'This sign-in was used before, or took too long. Sign in again.';
    return new MillraceError('OIDC_REFUSED', message, { cause: error });
  }
  // Anybody can lead somebody here with words of their own, so only what looks like a code is shown.
  if (said !== undefined) {
    return new MillraceError('OIDC_REFUSED', refusal(/^[a-z_]{1,40}$/.test(said) ? said : 'refused'), {
      cause: error,
    });
  }
  if (awayCodes.has(code) || messageOf(error) === 'fetch failed') {
    const message = 'The identity provider does not answer. Try again in a while, or sign in another way.';
    return new MillraceError('OIDC_UNAVAILABLE', message, { cause: error });
  }
  return new MillraceError('OIDC_REFUSED', refusal(code), { cause: error });
}

export function refusal(code: string): string {
  return `The identity provider's answer was not taken (${code}). Sign in again; if that does not help, tell whoever runs it.`;
}

export function textOf(value: unknown, key: string): string | undefined {
  const found: unknown = typeof value === 'object' && value !== null ? Reflect.get(value, key) : undefined;
  return typeof found === 'string' ? found : undefined;
}
