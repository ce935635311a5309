import { type ErrorEntry, entry } from './entry.ts';

/** Mails and notices. */
export const mail = {
  ALERT_NOT_SENT: entry(502, true, 'The address of ALERT_WEBHOOK_URL takes no notice; it is tried again.'),
  MAIL_REJECTED: entry(422, false, 'The mail provider refuses this mail for good.'),
  MAIL_UNAUTHORIZED: entry(502, false, 'The mail provider refuses our key or our credits are used up.'),
  MAIL_RATE_LIMITED: entry(429, true, 'The mail provider asks us to wait.'),
  MAIL_UNAVAILABLE: entry(502, true, 'The mail provider is away or broken.'),
} as const satisfies Record<string, ErrorEntry>;
