import type { Config } from '../../config/index.ts';
import type { QueueName } from '../../queues/index.ts';

/** Many servers refuse more from one client (Postfix's `smtpd_client_connection_count_limit` is 50 by default). */
const mostSmtpConnections = 20;

/**
 * Mails that a worker process has in hand at once, each a job that runs, and how many of them their provider is given at a
 * time. SendGrid is given as many as the queue's concurrency says; half as many more are made ready or noted meanwhile, or
 * its places would stand empty while the ledger and the queue are asked. Not so with a limit of mails a second, which bounds
 * them anyway: a mail whose turn has come must not stand in line for a place.
 */
export function mailsAtOnce({ mail, worker }: Config): {
  readonly inHand: number;
  readonly atProvider: number;
} {
  const { email } = worker.concurrency;
  switch (mail.provider) {
    case 'sendgrid':
      return {
        inHand: mail.rateLimit === undefined ? email + Math.floor(email / 2) : email,
        atProvider: email,
      };
    case 'smtp':
      return { inHand: email, atProvider: Math.min(email, mostSmtpConnections) };
    case 'outbox':
      return { inHand: email, atProvider: email };
  }
}

/** Jobs of each queue that run at once in a worker process. */
export function jobsAtOnce(config: Config): Readonly<Record<QueueName, number>> {
  return { ...config.worker.concurrency, email: mailsAtOnce(config).inHand };
}
