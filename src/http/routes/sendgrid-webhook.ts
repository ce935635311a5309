import express, { Router } from 'express';
import { MillraceError } from '../../errors/catalogue.ts';
import type { Deliveries } from '../../integrations/database/port.ts';
import { isGenuine, readEvents, readWebhookKey } from '../../integrations/mail/sendgrid-events.ts';
import { contextOf } from '../context.ts';

/** SendGrid sends events in batches of some hundred kB; unsigned ones of that size cost us a hash each. */
const largestBody = '4mb';

/** A key that is not SendGrid's refuses all its events; whoever forges them must not fill the log. */
const warnEveryMs = 10 * 60_000;

export interface SendGridWebhookOptions {
  readonly deliveries: Pick<Deliveries, 'recordEvents'>;
  /** Base64, from SendGrid's settings; without it every event is refused. */
  readonly publicKey: string | undefined;
  readonly clock?: () => number;
}

/** Takes SendGrid's signed events. What is not signed, or was sent long ago, changes nothing. */
export function sendGridWebhook({ deliveries, publicKey, clock = Date.now }: SendGridWebhookOptions): Router {
  const key = publicKey === undefined ? undefined : readWebhookKey(publicKey);
  const router = Router();
  let quietUntil = Number.NEGATIVE_INFINITY;
  // The signature is over the bytes, so no parser may touch them before.
  router.post('/', express.raw({ type: () => true, limit: largestBody }), async (request, response) => {
    if (key === undefined) {
      throw new MillraceError('NOT_FOUND', 'Set SENDGRID_WEBHOOK_PUBLIC_KEY to take events of SendGrid.');
    }
    const body: unknown = request.body;
    const signed = {
      body: Buffer.isBuffer(body) ? body : Buffer.alloc(0),
      signature: request.get('X-Twilio-Email-Event-Webhook-Signature'),
      timestamp: request.get('X-Twilio-Email-Event-Webhook-Timestamp'),
    };
    const now = clock();
    if (!isGenuine(key, signed, now)) {
      if (signed.signature !== undefined && now >= quietUntil) {
        quietUntil = now + warnEveryMs;
        contextOf(request).log.warn(
          { timestamp: signed.timestamp },
          'Events with a signature were refused: it is not of SENDGRID_WEBHOOK_PUBLIC_KEY, or of long ago. If they are SendGrid’s, set the key that its settings show, and look at this machine’s clock.',
        );
      }
      throw new MillraceError('FORBIDDEN', 'The events are not signed by SendGrid, or were sent long ago.');
    }
    const events = readEvents(parseJson(signed.body));
    const recorded = await deliveries.recordEvents(events);
    contextOf(request).log.debug({ events: events.length, recorded }, 'Events of SendGrid');
    response.status(204).end();
  });
  return router;
}

function parseJson(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new MillraceError('INVALID_REQUEST', 'The body is no valid JSON.');
  }
}
