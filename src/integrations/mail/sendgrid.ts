import { classes } from '@sendgrid/helpers';
import { MailService } from '@sendgrid/mail';
import { Pool } from 'undici';
import { MillraceError } from '../../errors/catalogue.ts';
import { checkAddress, checkMail } from './message.ts';
import type { Attachment, Mail, MailProvider } from './port.ts';
import { type Answer, isRecord, refusal } from './sendgrid-answers.ts';

/**
 * Mail through SendGrid's v3 API (`POST /v3/mail/send`).
 *
 * SendGrid has no idempotency key, so a request whose answer never came may have been accepted: the caller's ledger
 * decides what then. The job's key goes along as a custom argument, which the event webhook gives back; nothing
 * personal does, since SendGrid keeps such arguments unredacted.
 */
export interface SendGridOptions {
  readonly apiKey: string;
  /** `https://api.sendgrid.com`, or `https://api.eu.sendgrid.com`. */
  readonly baseUrl: string;
  /** The sender's address; SendGrid wants it in ASCII and verified. */
  readonly from: string;
  /** How long one request may take in all, in ms. */
  readonly timeoutMs?: number;
  /** Connections at most; as many mails go at a time, further ones wait for one. */
  readonly connections?: number;
  readonly perSecond?: number;
}

const defaultTimeoutMs = 15_000;

/** SendGrid answers with a few hundred bytes; a proxy that answers with more is not SendGrid. */
const maxAnswerBytes = 1024 * 1024;

export function createSendGrid(options: SendGridOptions): MailProvider {
  checkAddress(options.from);
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  // Connections stay open: a new TLS connection for each mail would cost more than the mail.
  const { origin, pathname } = new URL(options.baseUrl);
  const pool = new Pool(origin, {
    // Without a bound the next mail opens a new one, as the one whose answer has just come is free only a moment later.
    connections: options.connections ?? null,
    connect: { timeout: timeoutMs },
    headersTimeout: timeoutMs,
    bodyTimeout: timeoutMs,
    maxResponseSize: maxAnswerBytes,
  });
  const wire = { pool, base: pathname.replace(/\/+$/, ''), apiKey: options.apiKey };
  return {
    name: 'sendgrid',
    ...(options.perSecond === undefined ? {} : { perSecond: options.perSecond }),
    async send(given, signal) {
      const mail = checkMail(given);
      signal.throwIfAborted();
      // Not AbortSignal.timeout: each would stay for its whole time, thousands of them at a few hundred mails a second.
      const stop = new AbortController();
      let late = false;
      const timer = setTimeout(() => {
        late = true;
        stop.abort();
      }, timeoutMs);
      const onAbort = () => stop.abort();
      signal.addEventListener('abort', onAbort);
      try {
        const answer = await post(wire, messageOf(mail, options.from), stop.signal);
        if (answer.status < 200 || answer.status > 299) throw refusal(answer);
        return { messageId: messageIdOf(answer) };
      } catch (error) {
        signal.throwIfAborted();
        if (error instanceof MillraceError) throw error;
        // The network's errors may tell of the request: what is needed is read from them, and they end here.
        throw new MillraceError('MAIL_UNAVAILABLE', unansweredText(error, late, timeoutMs));
      } finally {
        clearTimeout(timer);
        signal.removeEventListener('abort', onAbort);
      }
    },
    close() {
      void pool.destroy();
    },
  };
}

interface Wire {
  readonly pool: Pool;
  readonly base: string;
  readonly apiKey: string;
}

/**
 * The package puts the request together; how it is carried is ours. Its own client wraps axios, which has no signal for
 * a single request, leaves the key in its errors, and takes more of the processor for a mail than all else together.
 */
async function post({ pool, base, apiKey }: Wire, mail: classes.Mail, signal: AbortSignal): Promise<Answer> {
  const service = new MailService();
  let answer: Answer | undefined;
  service.setClient({
    async request({ url, body }) {
      const response = await pool.request({
        method: 'POST',
        path: `${base}${url}`,
        // Those of the mail are in its body: the package would have them as the request's too.
        headers: {
          authorization: `Bearer ${apiKey}`,
          'content-type': 'application/json',
          accept: 'application/json',
        },
        // As bytes, which lie outside of what the garbage collector moves while the answer is awaited.
        body: Buffer.from(JSON.stringify(body)),
        signal,
      });
      answer = {
        status: response.statusCode,
        headers: response.headers,
        body: parsed(await response.body.text()),
      };
    },
  });
  await service.send(mail);
  if (answer === undefined) throw new Error('The package of SendGrid made no request.');
  return answer;
}

/** SendGrid's JSON; anything else stays text. */
function parsed(text: string): unknown {
  // As of each mail that is accepted.
  if (text === '') return text;
  try {
    return JSON.parse(text);
  } catch {
    return text;
  }
}

/** Put together field by field: given all at once, the package copies each of them twice. */
function messageOf(mail: Mail, from: string): classes.Mail {
  const message = new classes.Mail();
  message.setFrom({ email: from });
  const person = new classes.Personalization();
  person.setTo(
    mail.toName === undefined ? { email: mail.to } : { email: mail.to, name: sendGridName(mail.toName) },
  );
  message.addPersonalization(person);
  message.setSubject(mail.subject);
  // In this order, which SendGrid insists on.
  message.addTextContent(mail.text);
  message.addHtmlContent(mail.html);
  message.setCategories([mail.category]);
  message.setCustomArgs({ job_key: mail.jobKey });
  if (mail.headers !== undefined) message.setHeaders(mail.headers);
  if (mail.attachments !== undefined) message.setAttachments(mail.attachments.map(attachmentOf));
  // Links go where they say, and SendGrid does not learn who followed them.
  message.setTrackingSettings({ clickTracking: { enable: false, enableText: false } });
  return message;
}

function attachmentOf({ fileName, contentType, content }: Attachment) {
  return {
    content: Buffer.from(content).toString('base64'),
    filename: fileName,
    type: contentType,
    disposition: 'attachment' as const,
  };
}

/** SendGrid refuses names with a comma or semicolon. */
function sendGridName(name: string): string {
  return name.replace(/[;,]+/g, ' ').replace(/ {2,}/g, ' ').trim();
}

function messageIdOf(answer: Answer): string {
  const id = answer.headers['x-message-id'];
  // Accepted is accepted: a missing id only means that its events cannot be matched by it.
  return typeof id === 'string' && id !== '' ? id : 'unknown';
}

function unansweredText(error: unknown, timedOut: boolean, timeoutMs: number): string {
  const code = isRecord(error) && typeof error.code === 'string' ? error.code : 'no code';
  if (timedOut || /_TIMEOUT$/.test(code))
    return `SendGrid did not answer within ${timeoutMs} ms. The mail may have been accepted all the same.`;
  return `SendGrid was not reached or broke off (${code}). Check SENDGRID_BASE_URL and the network; the mail is tried again.`;
}
