import { Readable } from 'node:stream';
import { createMeasure } from './measure.ts';

/** What a remote driver stores: bytes as they come, and what they came to once they have ended. */
export interface Incoming {
  readonly bytes: AsyncGenerator<Uint8Array>;
  /** Valid when `bytes` has ended. */
  measured(): Measured;
}

export interface Measured {
  readonly bytes: number;
  /** In hex. */
  readonly sha256: string;
}

/**
 * Runs one `put` of a remote driver and sorts out whose failure ended it: the caller's reason to stop comes first, then
 * what the source failed with, then what `store` throws. The source is closed in every case.
 */
export async function takeIn(
  content: Readable | Uint8Array,
  signal: AbortSignal | undefined,
  store: (incoming: Incoming) => Promise<void>,
): Promise<Measured> {
  const source = content instanceof Readable ? content : Readable.from([content]);
  const measure = createMeasure();
  let failure: { readonly cause: unknown } | undefined;
  let result: Measured | undefined;
  const measured = (): Measured => {
    result ??= measure.result();
    return result;
  };
  async function* watched(): AsyncGenerator<unknown> {
    try {
      if (source.errored !== null) throw source.errored;
      yield* source;
    } catch (cause) {
      failure ??= { cause };
      throw cause;
    }
  }
  // A source that says nothing would otherwise be waited for in spite of the signal.
  const stop = () => source.destroy();
  // Whoever reads the source learns of its failure; unheard, its event would end the process.
  source.on('error', () => undefined);
  signal?.addEventListener('abort', stop, { once: true });
  try {
    signal?.throwIfAborted();
    await store({ bytes: measure.through(watched()), measured });
    return measured();
  } catch (error) {
    signal?.throwIfAborted();
    throw failure === undefined ? error : failure.cause;
  } finally {
    signal?.removeEventListener('abort', stop);
    source.destroy();
  }
}

/** The bytes in pieces of exactly `size`, and a last one of what is left, if anything is. */
export async function* inPieces(
  bytes: AsyncIterable<Uint8Array>,
  size: number,
): AsyncGenerator<Buffer<ArrayBufferLike>> {
  let held: Uint8Array[] = [];
  let length = 0;
  for await (let chunk of bytes) {
    while (length + chunk.length >= size) {
      const taken = size - length;
      yield Buffer.concat([...held, chunk.subarray(0, taken)]);
      held = [];
      length = 0;
      chunk = chunk.subarray(taken);
    }
    if (chunk.length === 0) continue;
    held.push(chunk);
    length += chunk.length;
  }
  if (length > 0) yield Buffer.concat(held);
}

/** What has been read ahead, and then the rest. */
export async function* after<T>(first: readonly T[], rest: AsyncIterable<T>): AsyncGenerator<T> {
  yield* first;
  yield* rest;
}
