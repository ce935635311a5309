import { request as httpRequest, type IncomingMessage } from 'node:http';
import { request as httpsRequest } from 'node:https';
import type { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { pipeline } from 'node:stream/promises';

export interface StreamedRequest {
  readonly url: string;
  readonly method: string;
  readonly headers: Headers;
  readonly body: Readable;
  readonly signal: AbortSignal;
}

/**
 * `fetch` for a body of unknown length. Node's own (24.21) holds every chunk of such a body until it has ended: a file of
 * a gigabyte takes a gigabyte. This one holds a chunk.
 * @throws what the connection, or the body, failed with, unless an answer came before.
 */
export async function sendStream({ url, method, headers, body, signal }: StreamedRequest): Promise<Response> {
  const send = url.startsWith('https:') ? httpsRequest : httpRequest;
  const outgoing = send(url, { method, headers: Object.fromEntries(headers), signal });
  const answered = new Promise<IncomingMessage>((resolve, reject) => {
    outgoing.once('response', resolve);
    outgoing.on('error', reject);
    // A body that fails breaks the request off without an error of the request's own.
    pipeline(body, outgoing).catch(reject);
  });
  try {
    const answer = await answered;
    return new Response(await text(answer), {
      status: answer.statusCode ?? 502,
      headers: { 'Content-Type': answer.headers['content-type'] ?? '' },
    });
  } finally {
    // A refusal may come before the end of the body, of which nobody wants the rest.
    if (!outgoing.writableFinished) outgoing.destroy();
    body.destroy();
  }
}
