import { createHmac, hkdfSync, timingSafeEqual } from 'node:crypto';

/** A key of its own for each purpose (RFC 5869), so that what is signed for one is worth nothing for another. */
export function deriveKey(secret: string, purpose: string): Uint8Array {
  return new Uint8Array(hkdfSync('sha256', secret, 'millrace', purpose, 32));
}

/** HMAC-SHA256, base64url. */
export function sign(key: Uint8Array, text: string): string {
  return createHmac('sha256', key).update(text).digest('base64url');
}

/** Checks a signature in time that does not depend on where it differs. */
export function isSignedBy(key: Uint8Array, text: string, signature: string): boolean {
  const wanted = Buffer.from(sign(key, text));
  const given = Buffer.from(signature);
  return wanted.length === given.length && timingSafeEqual(wanted, given);
}
