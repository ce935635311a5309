import { z } from 'zod';
import { httpUrl, text, type Variable, variable } from './define.ts';

const rate = z
  .string()
  .regex(/^(0(\.\d+)?|1(\.0+)?)$/, 'must be a number from 0 to 1')
  .transform(Number);

const mailAddresses = z
  .string()
  .transform((value) => value.split(',').map((part) => part.trim()))
  .pipe(z.array(z.email('must be mail addresses with commas between them')).min(1));

/** Who is told of errors, alerts and traces. */
export const beingTold = {
  SENTRY_DSN: variable(z.url('must be an address').optional(), {
    description: 'Sentry; off without',
    secret: true,
  }),
  SENTRY_ENVIRONMENT: variable(text.optional(), {
    derived: '`NODE_ENV`',
    description: 'Environment in Sentry',
  }),
  SENTRY_TRACES_SAMPLE_RATE: variable(rate, { default: '0', description: 'Share of traces sent, 0 to 1' }),
  ALERT_WEBHOOK_URL: variable(httpUrl.optional(), {
    description:
      'Gets a notice as JSON when dead letters arrive, a schedule is missed, a queue has no worker or its oldest job waits too long, and when that is over',
    secret: true,
  }),
  ALERT_EMAIL: variable(mailAddresses.optional(), {
    description: 'Gets the same by mail: one address or several, with commas',
  }),
  OTEL_EXPORTER_OTLP_ENDPOINT: variable(httpUrl.optional(), {
    description: 'Traces and metrics to a collector, by OTLP over HTTP: `http://localhost:4318`',
  }),
} as const satisfies Record<string, Variable>;
