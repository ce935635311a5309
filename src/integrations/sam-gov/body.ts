import { MillraceError } from '../../errors/catalogue.ts';

/**
 * Reads a body as text and stops at its limit, whatever the headers say.
 * @throws MillraceError SYNC_UNAVAILABLE when there are more than `maxBytes`.
 */
export async function readBody(response: Response, maxBytes: number): Promise<string> {
  const { chunks, complete } = await readChunks(response, maxBytes);
  if (!complete) {
    throw new MillraceError(
      'SYNC_UNAVAILABLE',
      `SAM.gov's answer is larger than ${maxBytes} bytes, which no page should be. Check SAM_GOV_BASE_URL.`,
    );
  }
  return decode(chunks);
}

/** The beginning of a body, for messages. */
export async function readStart(response: Response, maxBytes: number): Promise<string> {
  const { chunks } = await readChunks(response, maxBytes);
  return decode(chunks);
}

async function readChunks(response: Response, maxBytes: number) {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    const room = maxBytes - bytes;
    chunks.push(chunk.subarray(0, room));
    bytes += chunk.byteLength;
    // Leaving the loop cancels the stream, which closes the connection.
    if (bytes > maxBytes) return { chunks, complete: false };
  }
  return { chunks, complete: true };
}

function decode(chunks: readonly Uint8Array[]): string {
  return new TextDecoder().decode(Buffer.concat(chunks));
}
