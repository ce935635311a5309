import { PassThrough, type Writable } from 'node:stream';
import type { Storage, StoredFile } from '../../src/integrations/storage/port.ts';

/**
 * Writes a file and stores it at the same time; when either side fails the other is stopped and nothing is kept.
 * @throws what `render` failed with, what the storage failed with, or the signal's reason.
 */
export async function renderInto<T>(
  storage: Storage,
  key: string,
  render: (sink: Writable) => Promise<T>,
  signal: AbortSignal,
): Promise<{ readonly file: StoredFile; readonly rendered: T }> {
  const channel = new PassThrough();
  // Both sides learn of a broken channel by their own calls; unheard, its event would end the process.
  channel.on('error', () => undefined);
  const [file, rendered] = await Promise.allSettled([
    storage.put(key, channel, signal).finally(() => channel.destroy()),
    render(channel).catch((error: unknown) => {
      channel.destroy(error instanceof Error ? error : new Error('The file stopped.', { cause: error }));
      throw error;
    }),
  ]);
  // The storage passes on what the renderer failed with; the renderer knows of the storage only that it stopped.
  if (file.status === 'rejected') throw file.reason;
  if (rendered.status === 'rejected') throw rendered.reason;
  return { file: file.value, rendered: rendered.value };
}
