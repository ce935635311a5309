import { httpUrl, text, type Variable, variable, whole } from './define.ts';

/** Conversions to XML, and documents from HTML. */
export const documents = {
  GATEWAY_URL: variable(httpUrl.optional(), {
    derived: 'the built-in converter',
    description: 'PDF-to-XML gateway',
  }),
  GATEWAY_TIMEOUT: variable(whole(1, 3_600_000), {
    default: '180000',
    description: 'ms that it may take',
  }),
  WORKER_ID: variable(text.optional(), {
    derived: 'host and pid',
    description: 'Name of this worker in leases',
  }),
  POLL_INTERVAL: variable(whole(100, 3_600_000), {
    default: '5000',
    description: 'ms between looks for queued conversions',
  }),
  LEASE_TTL_MINUTES: variable(whole(1, 1_440), {
    default: '5',
    description: 'How long a conversion is leased',
  }),
  CHROMIUM_PATH: variable(text.optional(), {
    derived: 'the system’s, else the one from npm',
    description: 'Browser for HTML to PDF, Chromium 131 or later; `none` draws without one',
  }),
} as const satisfies Record<string, Variable>;
