import { createHash, createPublicKey, type KeyObject, verify } from 'node:crypto';
import type { MailEvent } from '../database/port.ts';
import { isRecord } from './sendgrid-answers.ts';

/**
 * SendGrid's event webhook: an ECDSA signature (P-256, SHA-256, DER) over the timestamp and the body as it came, then
 * a JSON array of events ("Event Webhook Reference", "Security Features").
 */

/** SendGrid repeats what was not taken for 24 hours; what is older is a replay. */
const oldestSeconds = 25 * 3_600;
/** Clocks differ. */
const youngestSeconds = -300;

/** @param publicKey as SendGrid shows it: base64 of the DER form. @throws Error when it is no such key. */
export function readWebhookKey(publicKey: string): KeyObject {
  const key = createPublicKey({ key: Buffer.from(publicKey, 'base64'), format: 'der', type: 'spki' });
  if (key.asymmetricKeyType !== 'ec') throw new Error('The key of the event webhook is no ECDSA key.');
  return key;
}

export interface SignedBody {
  readonly body: Uint8Array;
  readonly signature: string | undefined;
  readonly timestamp: string | undefined;
}

/** Whether a body was signed by the key's owner, lately. */
export function isGenuine(
  key: KeyObject,
  { body, signature, timestamp }: SignedBody,
  nowMs: number,
): boolean {
  if (signature === undefined || timestamp === undefined || !/^\d{1,12}$/.test(timestamp)) return false;
  const ageSeconds = nowMs / 1_000 - Number(timestamp);
  if (ageSeconds > oldestSeconds || ageSeconds < youngestSeconds) return false;
  try {
    return verify(
      'sha256',
      Buffer.concat([Buffer.from(timestamp), body]),
      key,
      Buffer.from(signature, 'base64'),
    );
  } catch {
    return false;
  }
}

/** Reasons of `dropped` that mean the address and not the mail, in SendGrid's own words. */
const addressReasons = new Map([
  ['bounced address', 'bounce'],
  ['invalid', 'invalid'],
  ['spam reporting address', 'spamreport'],
  ['unsubscribed address', 'unsubscribe'],
]);

/** The events that say what became of a mail; others (opens, clicks, deferrals) and what cannot be read are left out. */
export function readEvents(body: unknown): MailEvent[] {
  if (!Array.isArray(body)) return [];
  return body.filter(isRecord).flatMap((event) => {
    const known = meaningOf(event);
    const email = textOf(event.email);
    const seconds = Number(event.timestamp);
    if (known === undefined || email === undefined || !Number.isFinite(seconds) || Math.abs(seconds) > 1e11)
      return [];
    return [
      {
        ...known,
        id: textOf(event.sg_event_id)?.slice(0, 200) ?? digestOf(event),
        email: email.slice(0, 254),
        at: new Date(seconds * 1_000),
        jobKey: textOf(event.job_key),
        // What follows the first dot names SendGrid's own machine; before it stands the X-Message-Id of the answer.
        messageId: textOf(event.sg_message_id)?.split('.')[0],
        reason: textOf(event.reason)?.slice(0, 1_000),
      },
    ];
  });
}

function meaningOf(event: Record<string, unknown>): Pick<MailEvent, 'type' | 'suppress'> | undefined {
  switch (event.event) {
    case 'delivered':
      return { type: 'delivered', suppress: undefined };
    case 'dropped':
      return { type: 'dropped', suppress: addressReasons.get(textOf(event.reason)?.toLowerCase() ?? '') };
    case 'bounce':
      // A block is the server's mood of the day; a bounce says that there is no such mailbox.
      return { type: 'bounced', suppress: event.type === 'blocked' ? undefined : 'bounce' };
    case 'spamreport':
      return { type: 'complained', suppress: 'spamreport' };
    case 'unsubscribe':
      return { type: 'unsubscribed', suppress: 'unsubscribe' };
    default:
      return undefined;
  }
}

/** Text that PostgreSQL keeps: NUL is not. */
function textOf(value: unknown): string | undefined {
  return typeof value === 'string' && value !== '' ? value.toWellFormed().replaceAll('\0', '') : undefined;
}

function digestOf(event: Record<string, unknown>): string {
  return `sha256-${createHash('sha256').update(JSON.stringify(event)).digest('hex')}`;
}
