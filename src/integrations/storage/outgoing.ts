import { PassThrough, pipeline, type Readable } from 'node:stream';

/**
 * A provider's answer as a stream whose failure is an error of ours. Closing it early closes the connection; an answer
 * that breaks off in the middle fails the reader instead of looking like a short file.
 */
export function outgoing(body: Readable, toError: (cause: unknown) => Error): Readable {
  const stream = new PassThrough({
    destroy(error, done) {
      done(error !== null && error === body.errored ? toError(error) : error);
    },
  });
  // Its readers hear of every failure; the callback is only what `pipeline` asks for.
  pipeline(body, stream, () => undefined);
  return stream;
}
