import { z } from 'zod';
import { encoded, httpUrl, text, type Variable, variable, whole } from './define.ts';

const smtpUrl = text.refine(
  (value) => /^smtps?:\/\/[^\s/]+/.test(value) && URL.canParse(value) && new URL(value).hostname !== '',
  `must be an address such as smtp://user:password@host:587, or smtps:// for TLS from the start; ${encoded}`,
);

const webhookKey = text.regex(
  /^[A-Za-z0-9+/]{80,}={0,2}$/,
  'must be the verification key that SendGrid shows beside the event webhook, in base64',
);

/** Standard Webhooks, section "Signature scheme": 24 to 64 random bytes. */
const webhookSecret = text.regex(
  /^(whsec_)?[A-Za-z0-9+/]{32,88}={0,2}$/,
  'must be 24 to 64 random bytes in base64, for example from `openssl rand -base64 32`',
);

/** Mails and webhooks: who carries them, and how they are signed. */
export const mail = {
  EMAIL_PROVIDER: variable(z.enum(['sendgrid', 'smtp', 'outbox']).optional(), {
    derived: '`sendgrid` if its key is set, else `smtp` if its URL is, else `outbox`',
    description: '`sendgrid`, `smtp`, or `outbox` (writes `.eml` files under `DATA_DIR/outbox`)',
  }),
  EMAIL_FROM: variable(z.email('must be a mail address'), {
    default: 'noreply@medcontracthub.com',
    description: 'Sender',
  }),
  SENDGRID_API_KEY: variable(text.optional(), { description: 'SendGrid', secret: true }),
  SENDGRID_BASE_URL: variable(httpUrl, {
    default: 'https://api.sendgrid.com',
    description: 'SendGrid’s address; the EU has its own',
  }),
  SENDGRID_WEBHOOK_PUBLIC_KEY: variable(webhookKey.optional(), {
    description: 'Verifies the event webhook, `POST /webhooks/sendgrid`, which is closed without it',
  }),
  SMTP_URL: variable(smtpUrl.optional(), {
    description: 'SMTP server, `smtps://` for TLS from the start',
    secret: true,
  }),
  EMAIL_RATE_LIMIT: variable(whole(1, 100_000).optional(), {
    derived: 'none',
    description:
      'Mails that all worker processes together hand to the provider in a second at most; up to 95 % of it are used',
  }),
  WEBHOOK_SECRET: variable(webhookSecret.optional(), {
    description: 'Signs the webhooks that are sent (Standard Webhooks); without it none can be asked for',
    secret: true,
  }),
  APP_URL: variable(httpUrl.optional(), {
    derived: '`http://localhost:$PORT`',
    description: 'Base of links in mails',
  }),
} as const satisfies Record<string, Variable>;
