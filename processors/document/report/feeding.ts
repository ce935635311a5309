import type { Writable } from 'node:stream';
import { finished } from 'node:stream/promises';

/** Waits until the sink takes more. @throws the error that broke the sink. */
export async function drained(sink: Writable): Promise<void> {
  if (sink.writableNeedDrain && !sink.destroyed) await moved(sink);
  const { destroyed, errored } = sink;
  if (destroyed || errored !== null)
    throw errored ?? new Error('The file was closed while it was being written.');
}

/** Resolves with the sink's next event, whichever comes first. Signals cost a long export a fiftieth of its time. */
function moved(sink: Writable): Promise<void> {
  return new Promise((resolve) => {
    const heard = () => {
      for (const event of events) sink.off(event, heard);
      resolve();
    };
    for (const event of events) sink.on(event, heard);
  });
}

const events = ['drain', 'error', 'close'] as const;

/** Waits until the sink has taken all, after its end. @throws the error that broke the sink, or that it was closed. */
export async function taken(sink: Writable): Promise<void> {
  await finished(sink, { readable: false, cleanup: true });
}
