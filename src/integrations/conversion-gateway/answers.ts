import type { IncomingMessage } from 'node:http';
import { MillraceError, RateLimitedError } from '../../errors/catalogue.ts';

/** What of a refusal's body goes into our message. */
const quoted = 300;
/** When a gateway that is busy says nothing else, in ms. */
const defaultWaitMs = 30_000;
const longestWaitMs = 3_600_000;

/**
 * What an answer that is no 200 means. 4xx would be the same again; 5xx may pass.
 * 413 is the one that people can mend without us, so it has a code of its own.
 */
export async function refusalOf(answer: IncomingMessage): Promise<MillraceError> {
  const status = answer.statusCode ?? 0;
  const said = await firstWords(answer);
  const text = said === '' ? '' : ` It says: ${said}`;
  if (status === 413)
    return new MillraceError('TOO_LARGE', `The PDF is larger than the gateway takes (413).${text}`);
  if (status === 429) {
    return new RateLimitedError('GW_5XX', `The gateway asks to wait (429).${text}`, waitOf(answer));
  }
  if (status === 408)
    return new MillraceError('GW_TIMEOUT', `The gateway waited too long for the PDF (408).${text}`);
  if (status >= 500) return new MillraceError('GW_5XX', `The gateway failed (${status}).${text}`);
  return new MillraceError('GW_4XX', `${reasonOf(status)} (${status}).${text}`);
}

function reasonOf(status: number): string {
  switch (status) {
    case 400:
      return 'The gateway finds the request malformed';
    case 406:
      return 'The gateway does not take this kind of file, or this mapping';
    case 415:
      return 'The gateway does not take this media type';
    case 401:
    case 403:
      return 'The gateway lets us not in: check GATEWAY_URL and who may use it';
    case 404:
      return 'Nothing is at GATEWAY_URL/process: check the address';
    default:
      return 'The gateway answered with a status that was not expected: check GATEWAY_URL';
  }
}

/** Seconds, or a date (RFC 9110, 10.2.3). */
function waitOf({ headers }: IncomingMessage): number {
  const given = headers['retry-after'];
  if (given === undefined) return defaultWaitMs;
  const wait = /^\d+$/.test(given) ? Number(given) * 1_000 : Date.parse(given) - Date.now();
  return Number.isFinite(wait) ? Math.min(Math.max(wait, 1_000), longestWaitMs) : defaultWaitMs;
}

/** The first words of a body that is text; reads no more than that. */
async function firstWords(answer: IncomingMessage): Promise<string> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  try {
    for await (const chunk of answer) {
      if (!(chunk instanceof Uint8Array)) break;
      chunks.push(chunk);
      bytes += chunk.length;
      if (bytes >= 4 * quoted) break;
    }
  } catch {
    // The status has been said; what broke off was only its explanation.
  }
  const text = Buffer.concat(chunks)
    .toString('utf8')
    .replace(/<[^>]*>/g, ' ')
    .replace(/[\p{Cc}\ufffd\s]+/gu, ' ')
    .trim();
  return text.length <= quoted ? text : `${text.slice(0, quoted)}…`;
}
