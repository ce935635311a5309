import { MillraceError } from '../../../src/errors/catalogue.ts';
import type { Fetcher } from '../../../src/integrations/attachments/port.ts';
import type { Storage } from '../../../src/integrations/storage/port.ts';

export type AttachmentSource = { readonly url: string } | { readonly key: string };

export interface SourceFile {
  readonly bytes: Uint8Array;
  /** What the source calls it. */
  readonly fileName: string | undefined;
  /** The address after redirects, without its query, which may hold a key; or the storage key. */
  readonly origin: string;
}

/** The same as for files from the web. */
const maxBytes = 50 * 1024 * 1024;

/** @throws MillraceError as the fetcher does, or STORAGE_FAILED, or ATTACHMENT_TOO_LARGE. */
export async function readSource(
  source: AttachmentSource,
  fetcher: Fetcher,
  storage: Storage,
  signal: AbortSignal,
): Promise<SourceFile> {
  if ('key' in source) {
    return {
      bytes: await readStored(source.key, storage, signal),
      fileName: source.key.split('/').at(-1),
      origin: source.key,
    };
  }
  const { bytes, fileName, url } = await fetcher.fetch(source.url, signal);
  return { bytes, fileName, origin: url.replace(/[?#].*$/, '') };
}

async function readStored(key: string, storage: Storage, signal: AbortSignal): Promise<Uint8Array> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of await storage.get(key)) {
    signal.throwIfAborted();
    if (!(chunk instanceof Uint8Array)) continue;
    bytes += chunk.length;
    if (bytes > maxBytes)
      throw new MillraceError('ATTACHMENT_TOO_LARGE', `The stored file ${key} is larger than 50 MB.`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
