import { createTransport } from 'nodemailer';
import { MillraceError } from '../../errors/catalogue.ts';
import { checkAddress, checkMail, oneLine } from './message.ts';
import { composition, nameOf } from './mime.ts';
import type { MailProvider } from './port.ts';
import { isRecord } from './sendgrid-answers.ts';

/**
 * Mail through any SMTP server (RFC 5321), over a pool of connections that stay open. SMTP has no idempotency key
 * either; the Message-ID is the same on every attempt, by which servers and mail programs may know a repeated mail.
 */
export interface SmtpOptions {
  /** `smtp://user:password@host:587`, or `smtps://` for TLS from the start. */
  readonly url: string;
  /** The sender's address. */
  readonly from: string;
  readonly connections?: number;
  /** How long the server may be silent, in ms. */
  readonly timeoutMs?: number;
  readonly perSecond?: number;
  /** When a mail comes back that the server does not take for now, in ms. */
  readonly comeBackMs?: number;
}

const defaultTimeoutMs = 20_000;
/** Greylists open after one to five minutes; servers with too much to do want to be left alone longer. */
const defaultComeBackMs = 5 * 60_000;

export function createSmtp({
  url,
  from,
  connections = 5,
  timeoutMs = defaultTimeoutMs,
  perSecond,
  comeBackMs = defaultComeBackMs,
}: SmtpOptions): MailProvider {
  checkAddress(from);
  const transport = createTransport({
    ...serverOf(url),
    pool: true,
    maxConnections: connections,
    maxMessages: 1_000,
    connectionTimeout: timeoutMs,
    greetingTimeout: timeoutMs,
    socketTimeout: timeoutMs,
    dnsTimeout: timeoutMs,
    disableFileAccess: true,
    disableUrlAccess: true,
  });
  return {
    name: 'smtp',
    ...(perSecond === undefined ? {} : { perSecond }),
    async send(given, signal) {
      const mail = checkMail(given);
      signal.throwIfAborted();
      const message = composition(mail, from);
      try {
        await orAborted(transport.sendMail(message), signal);
      } catch (error) {
        signal.throwIfAborted();
        throw refusal(error, comeBackMs);
      }
      // The Message-ID up to its @: as a whole it looks like an address, and would be masked wherever it is shown.
      return { messageId: nameOf(mail) };
    },
    close: () => transport.close(),
  };
}

/** A loopback server has no certificate that anybody could check; elsewhere nodemailer's own rules hold. */
function serverOf(address: string) {
  const url = new URL(address);
  const secure = url.protocol === 'smtps:';
  const user = decodeURIComponent(url.username);
  return {
    host: url.hostname.replace(/^\[|\]$/g, ''),
    port: Number(url.port) || (secure ? 465 : 587),
    secure,
    ...(user === '' ? {} : { auth: { user, pass: decodeURIComponent(url.password) } }),
  };
}

/** nodemailer knows no signal: what is under way goes on by itself, and its outcome is left to the ledger's rules. */
function orAborted<T>(work: Promise<T>, signal: AbortSignal): Promise<T> {
  return new Promise((resolve, reject) => {
    const onAbort = () => reject(signal.reason);
    signal.addEventListener('abort', onAbort, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener('abort', onAbort));
  });
}

/** What the server's answer means: 4yz may pass, 5yz will not (RFC 5321, 4.2.1), 53z is about who we are (RFC 4954, 6). */
function refusal(error: unknown, comeBackMs: number): MillraceError {
  const code = isRecord(error) && typeof error.code === 'string' ? error.code : 'no code';
  const answer = isRecord(error) && typeof error.responseCode === 'number' ? error.responseCode : undefined;
  const said =
    isRecord(error) && typeof error.response === 'string' ? oneLine(error.response).slice(0, 500) : '';
  if (answer !== undefined && answer >= 400 && answer < 500) {
    return new MillraceError('MAIL_UNAVAILABLE', `The SMTP server cannot take this mail now: ${said}`, {
      retryAfterMs: comeBackMs,
    });
  }
  if (code === 'EAUTH' || answer === 530 || answer === 534 || answer === 535 || answer === 538) {
    return new MillraceError(
      'MAIL_UNAUTHORIZED',
      `The SMTP server refuses us: ${said} Check user and password in SMTP_URL; then replay the job.`,
    );
  }
  if (answer !== undefined && answer >= 500) {
    return new MillraceError('MAIL_REJECTED', `The SMTP server refuses this mail: ${said}`);
  }
  return new MillraceError(
    'MAIL_UNAVAILABLE',
    `The SMTP server was not reached or broke off (${code}). Check SMTP_URL and the network; the mail is tried again.`,
  );
}
