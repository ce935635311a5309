import { createHash, randomUUID } from 'node:crypto';

/**
 * The id of a new thing: with an idempotency key a UUID of the key (RFC 9562, version 8), of this caller and kind of thing
 * alone, so that the same request again finds what it made; else a random one.
 */
export function newId(kind: string, subject: string, idempotencyKey: string | undefined): string {
  if (idempotencyKey === undefined) return randomUUID();
  const bytes = createHash('sha256')
    .update(`${kind}\n${subject}\n${idempotencyKey}`)
    .digest()
    .subarray(0, 16);
  bytes[6] = ((bytes[6] ?? 0) & 0x0f) | 0x80;
  bytes[8] = ((bytes[8] ?? 0) & 0x3f) | 0x80;
  return bytes.toString('hex').replace(/^(.{8})(.{4})(.{4})(.{4})(.{12})$/, '$1-$2-$3-$4-$5');
}
