import type { IncomingMessage } from 'node:http';
import { MillraceError, RateLimitedError } from '../../errors/catalogue.ts';
import { retryAfterMs } from '../../network/retry-after.ts';
import { refuse } from './faults.ts';

/** Says what an answer that brings no file means. */
export function checkAnswer(answer: IncomingMessage, { host }: URL): void {
  const { statusCode = 0, headers } = answer;
  if (statusCode >= 200 && statusCode < 300 && statusCode !== 206) return;
  answer.destroy();
  if (statusCode === 429) {
    throw new RateLimitedError(
      'ATTACHMENT_UNAVAILABLE',
      `${host} asks to wait before the file is fetched again.`,
      retryAfterMs(headers['retry-after'], Date.now()),
    );
  }
  const passing = statusCode >= 500 || statusCode === 408 || statusCode === 425;
  const message = `${host} answered ${statusCode} instead of the file.`;
  if (passing) throw new MillraceError('ATTACHMENT_UNAVAILABLE', `${message} It is tried again.`);
  throw refuse('ATTACHMENT_UNAVAILABLE', `${message} Check the address, or put the file into storage.`);
}

/** `filename*` before `filename` (RFC 6266, section 4.3), then the address. */
export function nameFrom({ headers }: IncomingMessage, url: URL): string | undefined {
  const disposition = headers['content-disposition'] ?? '';
  const extended = /filename\*\s*=\s*utf-8'[^']*'([^;\s]+)/i.exec(disposition)?.[1];
  const plain = /filename\s*=\s*(?:"((?:[^"\\]|\\.)*)"|([^;\s]+))/i.exec(disposition);
  const fromPath = url.pathname.split('/').at(-1);
  const name =
    (extended === undefined ? undefined : unescaped(extended)) ??
    plain?.[1]?.replace(/\\(.)/g, '$1') ??
    plain?.[2] ??
    (fromPath === undefined ? undefined : unescaped(fromPath));
  return name === '' ? undefined : name;
}

function unescaped(text: string): string | undefined {
  try {
    return decodeURIComponent(text);
  } catch {
    return undefined;
  }
}
