import { MillraceError } from '../../errors/catalogue.ts';

/**
 * Reads a body as text and stops at its limit, whatever the headers say.
 * @throws MillraceError SYNC_UNAVAILABLE when there are more than `maxBytes`.
 */
export async function readBody(response: Response, maxBytes: number): Promise<string> {
  const { text, complete } = await readText(response, maxBytes);
  if (!complete) {
    throw new MillraceError(
      'SYNC_UNAVAILABLE',
      `SAM.gov's answer is larger than ${maxBytes} bytes, which no page should be. Check SAM_GOV_BASE_URL.`,
    );
  }
  return text;
}

/** The beginning of a body, for messages. */
export async function readStart(response: Response, maxBytes: number): Promise<string> {
  return (await readText(response, maxBytes)).text;
}

/** Decoded as it comes: a page of megabytes is not held as bytes and as text at once. */
async function readText(response: Response, maxBytes: number) {
  const decoder = new TextDecoder();
  const parts: string[] = [];
  let bytes = 0;
  for await (const chunk of response.body ?? []) {
    parts.push(decoder.decode(chunk.subarray(0, maxBytes - bytes), { stream: true }));
    bytes += chunk.byteLength;
    // Leaving the loop cancels the stream, which closes the connection.
    if (bytes > maxBytes) return { text: parts.join('') + decoder.decode(), complete: false };
  }
  return { text: parts.join('') + decoder.decode(), complete: true };
}
