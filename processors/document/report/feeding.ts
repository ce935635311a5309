import { once } from 'node:events';
import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';

/** Waits until the sink takes more. @throws the error that broke the sink. */
export async function drained(sink: Writable): Promise<void> {
  if (sink.writableNeedDrain && !sink.destroyed) {
    const heard = new AbortController();
    const { signal } = heard;
    // Whichever comes first; the other listener would otherwise stay for as long as the sink does.
    await Promise.race([once(sink, 'drain', { signal }), once(sink, 'close', { signal })]).finally(() =>
      heard.abort(),
    );
  }
  if (sink.destroyed) throw sink.errored ?? new Error('The file was closed while it was being written.');
}

/** Waits until the sink has taken all, after its end. @throws the error that broke the sink, or that it was closed. */
export async function taken(sink: Writable): Promise<void> {
  await finished(sink, { readable: false, cleanup: true });
}
