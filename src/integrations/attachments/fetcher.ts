import {
  type ClientRequest,
  Agent as HttpAgent,
  request as httpRequest,
  type IncomingMessage,
} from 'node:http';
import { Agent as HttpsAgent, request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { createBrotliDecompress, createGunzip, createInflate } from 'node:zlib';
import { MillraceError } from '../../errors/catalogue.ts';
import type { AllowedNetworks } from '../../network/public-addresses.ts';
import { checkLiteral, createPublicLookup, type Resolve } from '../../network/public-lookup.ts';
import { checkAnswer, nameFrom } from './answers.ts';
import { megabytes, refuse } from './faults.ts';
import type { FetchedFile, Fetcher } from './port.ts';

export interface FetcherOptions {
  readonly maxBytes?: number;
  /** For everything: looking up, connecting, redirects and the last byte, in ms. */
  readonly timeoutMs?: number;
  readonly maxRedirects?: number;
  /** Networks besides the public ones, for tests. */
  readonly allowed?: AllowedNetworks;
  readonly resolve?: Resolve;
}

const maxAttachmentBytes = 50 * 1024 * 1024;

/**
 * Fetches files over http(s) from public addresses alone. Each redirect is checked like a first address; the size is
 * counted on the bytes as they come out of their encoding, whatever the server announced.
 */
export function createFetcher({
  maxBytes = maxAttachmentBytes,
  timeoutMs = 120_000,
  maxRedirects = 5,
  allowed = [],
  resolve,
}: FetcherOptions = {}): Fetcher {
  const lookup = createPublicLookup(allowed, notPublic, resolve);

  async function follow(start: string, signal: AbortSignal): Promise<FetchedFile> {
    let url = checkedUrl(start, allowed);
    for (let hops = 0; hops <= maxRedirects; hops += 1) {
      const answer = await get(url, signal);
      const next = redirectOf(answer);
      if (next === undefined) {
        checkAnswer(answer, url);
        return { bytes: await readBody(answer, url, signal), url: url.href, fileName: nameFrom(answer, url) };
      }
      answer.destroy();
      if (!URL.canParse(next, url.href))
        throw refuse('ATTACHMENT_UNAVAILABLE', `${url.host} redirects to no address.`);
      url = checkedUrl(new URL(next, url).href, allowed);
    }
    throw refuse(
      'ATTACHMENT_UNAVAILABLE',
      `The address redirects more than ${maxRedirects} times, last to ${url.host}. Give the address of the file itself.`,
    );
  }

  function get(url: URL, signal: AbortSignal): Promise<IncomingMessage> {
    return new Promise((resolve, reject) => {
      const secure = url.protocol === 'https:';
      // An agent of its own: a pooled socket would not have been looked up here, nor a proxy of the environment.
      const agent = secure
        ? new HttpsAgent({ keepAlive: false, lookup })
        : new HttpAgent({ keepAlive: false, lookup });
      const options = {
        agent,
        lookup,
        signal,
        headers: { accept: '*/*', 'accept-encoding': 'identity', 'user-agent': 'Millrace' },
        maxHeaderSize: 32 * 1024,
      };
      const request: ClientRequest = secure ? httpsRequest(url, options) : httpRequest(url, options);
      request.once('response', (answer) => {
        // Who reads the answer hears of its errors there; unheard, one that comes between would end the process.
        answer.on('error', () => undefined);
        resolve(answer);
      });
      request.on('error', reject);
      request.end();
    });
  }

  async function readBody(answer: IncomingMessage, url: URL, signal: AbortSignal): Promise<Uint8Array> {
    const tooLarge = () =>
      refuse('ATTACHMENT_TOO_LARGE', `The file of ${url.host} is larger than ${megabytes(maxBytes)}.`);
    if (Number(answer.headers['content-length']) > maxBytes) {
      answer.destroy();
      throw tooLarge();
    }
    const body = decoded(answer, url);
    const stop = () => body.destroy(new Error('stopped'));
    signal.addEventListener('abort', stop, { once: true });
    const chunks: Uint8Array[] = [];
    let bytes = 0;
    try {
      for await (const chunk of body) {
        if (!(chunk instanceof Uint8Array)) continue;
        bytes += chunk.length;
        if (bytes > maxBytes) throw tooLarge();
        chunks.push(chunk);
      }
    } finally {
      signal.removeEventListener('abort', stop);
      answer.destroy();
    }
    return Buffer.concat(chunks);
  }

  return {
    async fetch(url, signal) {
      signal.throwIfAborted();
      const tooSlow = new AbortController();
      const timer = setTimeout(() => tooSlow.abort(), timeoutMs);
      try {
        return await follow(url, AbortSignal.any([signal, tooSlow.signal]));
      } catch (error) {
        signal.throwIfAborted();
        if (tooSlow.signal.aborted)
          throw new MillraceError(
            'ATTACHMENT_UNAVAILABLE',
            `The file did not arrive within ${timeoutMs / 1_000} s. It is tried again.`,
          );
        throw error instanceof MillraceError ? error : unreachable(url, error);
      } finally {
        clearTimeout(timer);
      }
    },
  };
}

function checkedUrl(text: string, allowed: AllowedNetworks): URL {
  const url = URL.parse(text);
  if (url === null || (url.protocol !== 'http:' && url.protocol !== 'https:'))
    throw refuse('ATTACHMENT_REFUSED', 'Attachments are fetched over http and https alone.');
  if (url.username !== '' || url.password !== '')
    throw refuse('ATTACHMENT_REFUSED', 'The address holds a name or password. Give one without.');
  checkLiteral(url.hostname, allowed, notPublic);
  return url;
}

function notPublic(host: string): MillraceError {
  return refuse(
    'ATTACHMENT_REFUSED',
    `${host} is not on the public internet, and attachments are fetched from there alone. Put the file into storage and give its key.`,
  );
}

function redirectOf({ statusCode = 0, headers }: IncomingMessage): string | undefined {
  return [301, 302, 303, 307, 308].includes(statusCode) ? headers.location : undefined;
}

/** We ask for no encoding; a server that encodes all the same is understood, and its size counted unpacked. */
function decoded(answer: IncomingMessage, url: URL): Readable {
  const encoding = answer.headers['content-encoding']?.trim().toLowerCase() ?? 'identity';
  if (encoding === 'identity' || encoding === '') return answer;
  const decoder = decoderOf(encoding);
  if (decoder === undefined) {
    answer.destroy();
    throw refuse(
      'ATTACHMENT_UNREADABLE',
      `${url.host} sends the file in an encoding that is not known here.`,
    );
  }
  answer.once('error', (error) => decoder.destroy(error));
  answer.once('aborted', () => decoder.destroy(new Error('The connection ended early.')));
  return answer.pipe(decoder);
}

function decoderOf(encoding: string) {
  switch (encoding) {
    case 'gzip':
    case 'x-gzip':
      return createGunzip();
    case 'deflate':
      return createInflate();
    case 'br':
      return createBrotliDecompress();
    default:
      return undefined;
  }
}

function unreachable(url: string, cause: unknown): MillraceError {
  return new MillraceError(
    'ATTACHMENT_UNAVAILABLE',
    `${URL.parse(url)?.host ?? 'The server'} could not be reached, or broke off. It is tried again.`,
    { cause },
  );
}
