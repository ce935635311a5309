import { createHash } from 'node:crypto';

/** Lets bytes through and counts and hashes them on the way, for drivers that store a stream of unknown length. */
export interface Measure {
  through(source: AsyncIterable<unknown>): AsyncGenerator<Uint8Array>;
  /** Valid once, when the stream has ended; `sha256` is in hex. */
  result(): { readonly bytes: number; readonly sha256: string };
}

export function createMeasure(): Measure {
  const hash = createHash('sha256');
  let bytes = 0;
  return {
    async *through(source) {
      for await (const value of source) {
        const chunk = bytesOf(value);
        hash.update(chunk);
        bytes += chunk.length;
        yield chunk;
      }
    },
    result: () => ({ bytes, sha256: hash.digest('hex') }),
  };
}

function bytesOf(chunk: unknown): Uint8Array {
  if (chunk instanceof Uint8Array) return chunk;
  if (typeof chunk === 'string') return Buffer.from(chunk);
  throw new TypeError('A file is made of bytes or text; its stream gave something else.');
}
