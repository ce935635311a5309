import type { APIError } from 'openai';
import { MillraceError, RateLimitedError } from '../../errors/catalogue.ts';
import { rateLimitWait } from './rate-limit-wait.ts';
import { quote } from './story-answer.ts';

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
  if (thrown instanceof MillraceError) return thrown;
  if (thrown instanceof sdk.APIConnectionTimeoutError) return unavailable('did not answer in time');
  if (thrown instanceof sdk.APIConnectionError)
    return unavailable('cannot be reached. Check OPENAI_BASE_URL');
  if (thrown instanceof sdk.APIError) return byStatus(thrown, context);
  // A connection that breaks within the body is a TypeError of fetch, and a broken body a SyntaxError or TypeError.
  if (thrown instanceof SyntaxError || thrown instanceof TypeError) {
    return unavailable('broke off, or answered what cannot be read. Check OPENAI_BASE_URL');
  }
  return thrown;
}

export function unavailable(what: string): MillraceError {
  return new MillraceError('AI_UNAVAILABLE', `OpenAI ${what}.`);
}

function byStatus(error: APIError, { model, secret }: { model: string; secret: string }): MillraceError {
  const { status } = error;
  const said = quote(withoutKey(error.message, secret), 300);
  if (status === 401) {
    return new MillraceError('AI_UNAUTHORIZED', 'OpenAI refuses the key (401). Set a valid OPENAI_API_KEY.');
  }
  if (status === 403) {
    const advice = 'Check what OPENAI_API_KEY and its project may do';
    return new MillraceError('AI_UNAUTHORIZED', `OpenAI forbids this to the key: ${said}. ${advice}.`);
  }
  if (status === 429 && (error.code === 'insufficient_quota' || error.type === 'insufficient_quota')) {
    return new MillraceError(
      'AI_UNAUTHORIZED',
      'The OpenAI account has no quota left. Add credit or raise its budget, then replay the job.',
    );
  }
  if (status === 429) {
    const wait = rateLimitWait((name) => error.headers?.get(name) ?? null, new Date());
    return new RateLimitedError('AI_RATE_LIMITED', `OpenAI asks us to wait: ${said}`, wait);
  }
  if (status === 404) {
    return new MillraceError(
      'AI_REJECTED',
      `OpenAI knows no such model or address (model "${model}"). Check OPENAI_MODEL and OPENAI_BASE_URL: ${said}`,
    );
  }
  const passes = status === undefined || status < 400 || status === 408 || status === 409 || status >= 500;
  if (passes) return new MillraceError('AI_UNAVAILABLE', `OpenAI is away or broken: ${said}`);
  return new MillraceError('AI_REJECTED', `OpenAI refuses the request: ${said}`);
}

function withoutKey(text: string, secret: string): string {
  // OpenAI shows refused keys with their middle starred out.
  return text.replaceAll(secret, '[key]').replaceAll(/\bsk-[\w*.-]{4,}/g, '[key]');
}
