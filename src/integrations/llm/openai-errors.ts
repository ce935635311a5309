import type { APIError } from 'openai';
import { CallError } from './provider.ts';
import { quote } from './quote.ts';
import { rateLimitWait } from './rate-limit-wait.ts';

/** The SDK as a module: it is loaded at first use, so its classes are handed in. */
export type Sdk = typeof import('openai');

/**
 * Says of anything that the SDK threw what it means for a job. The SDK's error is never kept as the cause and its text
 * goes through `secret`'s removal, since OpenAI repeats parts of a refused key.
 * Codes: https://platform.openai.com/docs/guides/error-codes
 */
export function translateError(
  thrown: unknown,
  sdk: Sdk,
  context: { model: string; secret: string },
): unknown {
  if (thrown instanceof CallError) return thrown;
  if (thrown instanceof sdk.APIConnectionTimeoutError) return unavailable('did not answer in time');
  if (thrown instanceof sdk.APIConnectionError) {
    const free = neverReached(thrown.cause);
    return unavailable('cannot be reached. Check OPENAI_BASE_URL', { free });
  }
  if (thrown instanceof sdk.APIError) return byStatus(thrown, context);
  // A connection that breaks within the body is a TypeError of fetch, and a broken body a SyntaxError or TypeError.
  if (thrown instanceof SyntaxError || thrown instanceof TypeError) {
    return unavailable('broke off, or answered what cannot be read. Check OPENAI_BASE_URL');
  }
  return thrown;
}

/** Unless it is known to be free, the provider may have done the work and nobody heard of it. */
export function unavailable(what: string, { free = false } = {}): CallError {
  return new CallError('AI_UNAVAILABLE', `OpenAI ${what}.`, { free });
}

/** Failures of before the request was sent. */
const beforeSending = new Set(['ECONNREFUSED', 'ENOTFOUND', 'EAI_AGAIN', 'EHOSTUNREACH', 'ENETUNREACH']);
const deepestCause = 5;

function neverReached(cause: unknown, depth = 0): boolean {
  if (!(cause instanceof Error) || depth > deepestCause) return false;
  if ('code' in cause && typeof cause.code === 'string' && beforeSending.has(cause.code)) return true;
  return neverReached(cause.cause, depth + 1);
}

/** An error of HTTP costs nothing. */
function byStatus(error: APIError, { model, secret }: { model: string; secret: string }): CallError {
  const { status } = error;
  const said = quote(withoutKey(error.message, secret), 300);
  const free = true;
  if (status === 401) {
    const message = 'OpenAI refuses the key (401). Set a valid OPENAI_API_KEY.';
    return new CallError('AI_UNAUTHORIZED', message, { free });
  }
  if (status === 403) {
    const advice = 'Check what OPENAI_API_KEY and its project may do';
    return new CallError('AI_UNAUTHORIZED', `OpenAI forbids this to the key: ${said}. ${advice}.`, { free });
  }
  if (status === 429 && (error.code === 'insufficient_quota' || error.type === 'insufficient_quota')) {
    const message =
      'The OpenAI account has no quota left. Add credit or raise its budget, then replay the job.';
    return new CallError('AI_UNAUTHORIZED', message, { free });
  }
  if (status === 429) {
    const retryAfterMs = rateLimitWait((name) => error.headers?.get(name) ?? null, new Date());
    return new CallError('AI_RATE_LIMITED', `OpenAI asks us to wait: ${said}`, { free, retryAfterMs });
  }
  if (status === 404) {
    const message = `OpenAI knows no such model or address (model "${model}"). Check OPENAI_MODEL and OPENAI_BASE_URL: ${said}`;
    return new CallError('AI_REJECTED', message, { free });
  }
  // Without a status it is what a body said that came with none of an error.
  if (status === undefined || status < 400)
    return new CallError('AI_UNAVAILABLE', `OpenAI is away or broken: ${said}`, { free: false });
  if (status === 408 || status === 409 || status >= 500)
    return new CallError('AI_UNAVAILABLE', `OpenAI is away or broken: ${said}`, { free });
  return new CallError('AI_REJECTED', `OpenAI refuses the request: ${said}`, { free });
}

function withoutKey(text: string, secret: string): string {
  // OpenAI shows refused keys with their middle starred out.
  return text.replaceAll(secret, '[key]').replaceAll(/\bsk-[\w*.-]{4,}/g, '[key]');
}
