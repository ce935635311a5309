import { createHmac } from 'node:crypto';

/** The bytes of a secret as it is handed around: base64, with or without `whsec_` before it. */
function keyOf(secret: string): Buffer {
  return Buffer.from(secret.replace(/^whsec_/, ''), 'base64');
}

/**
 * The headers of a notice (Standard Webhooks, "Webhook metadata" and "Signature scheme"): HMAC-SHA256 over id, time and
 * body, so that a receiver can refuse what was changed, what is old, and what it has had.
 * @param at seconds since 1970.
 */
export function signedHeaders(
  secret: string,
  { id, at, body }: { readonly id: string; readonly at: number; readonly body: string },
): Readonly<Record<string, string>> {
  const signature = createHmac('sha256', keyOf(secret)).update(`${id}.${at}.${body}`).digest('base64');
  return { 'webhook-id': id, 'webhook-timestamp': String(at), 'webhook-signature': `v1,${signature}` };
}
