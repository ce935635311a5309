import { createHmac, createSecretKey, hkdfSync, type KeyObject, timingSafeEqual } from 'node:crypto';

/** A key of its own for each purpose (RFC 5869), so that what is signed for one is worth nothing for another. */
export function deriveKey(secret: string, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, 'millrace', purpose, 32));
}

/** The same, prepared once for many signatures: from bytes, each would cost several times as much. */
export function deriveSigningKey(secret: string, purpose: string): KeyObject {
  return createSecretKey(deriveKey(secret, purpose));
}

/** HMAC-SHA256, base64url. */
export function sign(key: Uint8Array | KeyObject, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url');
}

/** Checks a signature in time that does not depend on where it differs. */
export function isSignedBy(key: Uint8Array | KeyObject, text: string, signature: string): boolean {
  const wanted = Buffer.from(sign(key, text));
  const given = Buffer.from(signature);
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}
