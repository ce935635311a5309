import { Agent as HttpAgent, request as httpRequest, type IncomingMessage } from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import { MillraceError, RateLimitedError } from '../../errors/catalogue.ts';
import { messageOf } from '../../errors/classify.ts';
import type { AllowedNetworks } from '../../network/public-addresses.ts';
import { checkLiteral, createPublicLookup, type Resolve } from '../../network/public-lookup.ts';
import { retryAfterMs } from '../../network/retry-after.ts';
import type { WebhookSender } from './port.ts';
import { signedHeaders } from './signature.ts';

export interface WebhookOptions {
  readonly secret: string;
  /** Networks besides the public ones. */
  readonly allowed?: AllowedNetworks;
  /** For everything, from the lookup to the answer's head, in ms. */
  readonly timeoutMs?: number;
  readonly resolve?: Resolve;
  /** ms since 1970. */
  readonly clock?: () => number;
}

/** Sends notices over http(s) to public addresses alone. An answer's head is all that counts; its body is not read. */
export function createWebhookSender({
  secret,
  allowed = [],
  timeoutMs = 10_000,
  resolve,
  clock = Date.now,
}: WebhookOptions): WebhookSender {
  const lookup = createPublicLookup(allowed, notPublic, resolve);

  function post(url: URL, headers: Readonly<Record<string, string>>, body: string, signal: AbortSignal) {
    const secure = url.protocol === 'https:';
    // An agent of its own: a pooled socket would not have been looked up here, nor a proxy of the environment.
    const agent = secure
      ? new HttpsAgent({ keepAlive: false, lookup })
      : new HttpAgent({ keepAlive: false, lookup });
    const options = { method: 'POST', agent, lookup, signal, headers, maxHeaderSize: 32 * 1024 };
    return new Promise<IncomingMessage>((resolve, reject) => {
      const request = secure ? httpsRequest(url, options) : httpRequest(url, options);
      request.once('response', (answer) => {
        // Nobody reads on; unheard, an error in the body would end the process.
        answer.on('error', () => undefined);
        answer.destroy();
        resolve(answer);
      });
      request.on('error', reject);
      request.end(body);
    });
  }

  return {
    async send({ url: address, id, body: notice }, signal) {
      signal.throwIfAborted();
      const url = checkedUrl(address, allowed);
      const body = JSON.stringify(notice);
      const headers = {
        'content-type': 'application/json',
        'content-length': String(Buffer.byteLength(body)),
        'user-agent': 'Millrace',
        ...signedHeaders(secret, { id, at: Math.floor(clock() / 1_000), body }),
      };
      const tooSlow = AbortSignal.timeout(timeoutMs);
      let answer: IncomingMessage;
      try {
        answer = await post(url, headers, body, AbortSignal.any([signal, tooSlow]));
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof MillraceError) throw error;
        const why = tooSlow.aborted ? `no answer within ${timeoutMs / 1_000} s` : messageOf(error);
        throw unavailable(`${url.host} did not take the webhook (${why}).`, error);
      }
      return { httpStatus: accepted(answer, url) };
    },
  };
}

/** Any 2xx is a yes. 410 says "never again"; redirects are not followed, since what they lead to was not agreed on. */
function accepted({ statusCode = 0, headers }: IncomingMessage, { host }: URL): number {
  if (statusCode >= 200 && statusCode < 300) return statusCode;
  const said = `${host} answered the webhook with ${statusCode}.`;
  if (statusCode === 410) throw refused(`${said} It wants no more of them.`);
  if (statusCode >= 300 && statusCode < 400)
    throw refused(`${said} Redirects are not followed: give the address that it leads to.`);
  if (statusCode === 429) {
    throw new RateLimitedError('WEBHOOK_UNAVAILABLE', said, retryAfterMs(headers['retry-after'], Date.now()));
  }
  throw unavailable(`${said} It is sent again.`);
}

function checkedUrl(text: string, allowed: AllowedNetworks): URL {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw refused('Webhooks are sent over http and https alone.');
  if (url.username !== '' || url.password !== '')
    throw refused('The address of the webhook holds a name or password. Give one without.');
  checkLiteral(url.hostname, allowed, notPublic);
  return url;
}

function notPublic(host: string): MillraceError {
  return refused(`${host} is not on the public internet, and webhooks are sent there alone.`);
}

function refused(message: string): MillraceError {
  return new MillraceError('WEBHOOK_REFUSED', message);
}

function unavailable(message: string, cause?: unknown): MillraceError {
  return new MillraceError('WEBHOOK_UNAVAILABLE', message, cause === undefined ? {} : { cause });
}
