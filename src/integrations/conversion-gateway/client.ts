import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import { Readable } from 'node:stream';
import { pipeline } from 'node:stream/promises';
import { MillraceError } from '../../errors/catalogue.ts';
import { messageOf } from '../../errors/classify.ts';
import { refusalOf } from './answers.ts';
import { type Breaker, createBreaker } from './breaker.ts';
import { type Multipart, multipartOf } from './multipart.ts';
import type { PdfConverter } from './port.ts';
import { wellFormed } from './well-formed.ts';

export interface GatewayOptions {
  /** Without a slash at its end; `/process` is added. */
  readonly url: string;
  /** For one conversion, from the connection to the last byte of the answer, in ms. */
  readonly timeoutMs: number;
  readonly maxAnswerBytes?: number;
  readonly breaker?: Breaker;
}

const maxAnswerBytes = 100 * 2 ** 20;

/**
 * The PDF-to-XML gateway: one POST with the file and the name of a mapping, one answer with the XML. The file goes up and
 * the answer comes down as streams. After several failures in a row the breaker opens, and calls fail at once until the
 * gateway has been given time.
 */
export function createGateway({
  url,
  timeoutMs,
  maxAnswerBytes: maxBytes = maxAnswerBytes,
  breaker = createBreaker(),
}: GatewayOptions): PdfConverter {
  const address = new URL(`${url}/process`);

  return {
    name: 'gateway',
    async convert(pdf, mapping, keep, signal) {
      signal.throwIfAborted();
      return breaker.call(async () => {
        const tooSlow = new AbortController();
        const timer = setTimeout(() => tooSlow.abort(), timeoutMs);
        const stopped = AbortSignal.any([signal, tooSlow.signal]);
        try {
          const form = await multipartOf(pdf, { mapping: `${mapping}.json`, pretty: '1' });
          const answer = await send(address, form, stopped);
          const xml = Readable.from(wellFormed(received(answer), maxBytes), { objectMode: false });
          try {
            return { kept: await keep(xml), lineItems: undefined };
          } finally {
            xml.destroy();
            answer.destroy();
          }
        } catch (error) {
          signal.throwIfAborted();
          if (tooSlow.signal.aborted) {
            throw new MillraceError(
              'GW_TIMEOUT',
              `The gateway did not answer within ${timeoutMs / 1_000} s.`,
            );
          }
          throw error;
        } finally {
          clearTimeout(timer);
        }
      });
    },
  };
}

/** Sends the form and gives the answer, if it is a 200 and none of what a gateway never sends. */
async function send(address: URL, form: Multipart, signal: AbortSignal): Promise<IncomingMessage> {
  const start = address.protocol === 'https:' ? httpsRequest : httpRequest;
  const outgoing = start(address, {
    method: 'POST',
    headers: {
      Accept: 'application/xml',
      'Content-Type': form.contentType,
      'User-Agent': 'Millrace',
      ...(form.contentLength === undefined ? {} : { 'Content-Length': String(form.contentLength) }),
    },
    signal,
  });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', (answer) => {
      // Who reads the answer hears of its errors there; unheard, one that comes between would end the process.
      answer.on('error', () => undefined);
      resolve(answer);
    });
    outgoing.on('error', reject);
    // A file that fails breaks the request off; its failure is the one to tell.
    pipeline(form.body, outgoing).catch(reject);
  });
  let accepted = false;
  try {
    const answer = await answered;
    if (answer.statusCode !== 200) throw await refusalOf(answer).finally(() => answer.destroy());
    checkType(answer);
    accepted = true;
    return answer;
  } catch (error) {
    throw error instanceof MillraceError ? error : unreachable(error);
  } finally {
    // A refusal may come before the end of the file, of which nobody wants the rest.
    if (!accepted) {
      outgoing.destroy();
      form.body.destroy();
    }
  }
}

function checkType(answer: IncomingMessage): void {
  const type = answer.headers['content-type'] ?? '';
  if (!/html|json/i.test(type)) return;
  answer.destroy();
  throw new MillraceError('BAD_XML', `The gateway answered with ${type.slice(0, 100)} instead of XML.`);
}

/** The body as it comes; that it broke off is the gateway's failure. */
async function* received(answer: IncomingMessage): AsyncGenerator<unknown> {
  try {
    yield* answer;
  } catch (error) {
    throw unreachable(error);
  }
}

function unreachable(cause: unknown): MillraceError {
  return new MillraceError(
    'GW_5XX',
    `The gateway could not be reached, or broke off (${messageOf(cause)}). Check GATEWAY_URL and the gateway.`,
    { cause },
  );
}
