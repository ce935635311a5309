import { Agent as HttpAgent } from 'node:http';
import { Agent as HttpsAgent } from 'node:https';
import { Client } from '@sendgrid/client';
import { type MailData, MailService } from '@sendgrid/mail';
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
}

const defaultTimeoutMs = 15_000;

/** SendGrid answers with a few hundred bytes; a proxy that answers with more is not SendGrid. */
const maxAnswerBytes = 1024 * 1024;

export function createSendGrid(options: SendGridOptions): MailProvider {
  checkAddress(options.from);
  const timeoutMs = options.timeoutMs ?? defaultTimeoutMs;
  // A new TLS connection for each mail would cost more than the mail.
  const agents = {
    httpAgent: new HttpAgent({ keepAlive: true }),
    httpsAgent: new HttpsAgent({ keepAlive: true }),
  };
  return {
    name: 'sendgrid',
    async send(given, signal) {
      const mail = checkMail(given);
      signal.throwIfAborted();
      const deadline = AbortSignal.timeout(timeoutMs);
      const service = openService(options, agents, timeoutMs, AbortSignal.any([signal, deadline]));
      let answer: Answer;
      try {
        const [response] = await service.send(requestOf(mail, options.from));
        answer = { status: response.statusCode, headers: response.headers, body: response.body };
      } catch (error) {
        // The network's errors carry the request with its key: what is needed is read from them, and they end here.
        const refused = answerOf(error);
        if (refused !== undefined) throw refusal(refused);
        signal.throwIfAborted();
        throw new MillraceError('MAIL_UNAVAILABLE', unansweredText(error, deadline.aborted, timeoutMs));
      }
      return { messageId: messageIdOf(answer) };
    },
    close() {
      agents.httpAgent.destroy();
      agents.httpsAgent.destroy();
    },
  };
}

/**
 * A client of its own for each mail: the package knows no signal for a single request, but hands its defaults down to
 * axios, which does. Connections are kept by the agents, so this costs no more than an object.
 */
function openService(
  options: SendGridOptions,
  agents: { readonly httpAgent: HttpAgent; readonly httpsAgent: HttpsAgent },
  timeoutMs: number,
  signal: AbortSignal,
): MailService {
  const client = new Client();
  // The key first: setting it puts the address back to the package's own.
  client.setApiKey(options.apiKey);
  client.setDefaultRequest({
    baseUrl: options.baseUrl,
    // The signal ends the whole request at its deadline; this one only counts silence, and is there in case it is lost.
    timeout: timeoutMs,
    signal,
    // HTTP_PROXY is not ours to obey silently, and a redirect would carry the mail elsewhere.
    proxy: false,
    maxRedirects: 0,
    maxContentLength: maxAnswerBytes,
    ...agents,
  });
  const service = new MailService();
  service.setClient(client);
  return service;
}

function requestOf(mail: Mail, from: string): MailData {
  return {
    from: { email: from },
    to: mail.toName === undefined ? { email: mail.to } : { email: mail.to, name: sendGridName(mail.toName) },
    subject: mail.subject,
    // The helpers put text/plain before text/html, the order that SendGrid insists on.
    text: mail.text,
    html: mail.html,
    categories: [mail.category],
    customArgs: { job_key: mail.jobKey },
    ...(mail.headers === undefined ? {} : { headers: mail.headers }),
    ...(mail.attachments === undefined ? {} : { attachments: mail.attachments.map(attachmentOf) }),
    // Links go where they say, and SendGrid does not learn who followed them.
    trackingSettings: { clickTracking: { enable: false, enableText: false } },
  };
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

/** SendGrid's answer within an error, if there was one. */
function answerOf(error: unknown): Answer | undefined {
  if (!isRecord(error) || !isRecord(error.response)) return undefined;
  const { headers, body, status } = error.response;
  const code = typeof error.code === 'number' ? error.code : status;
  if (typeof code !== 'number') return undefined;
  return { status: code, headers: isRecord(headers) ? headers : {}, body };
}

function unansweredText(error: unknown, timedOut: boolean, timeoutMs: number): string {
  const code = isRecord(error) && typeof error.code === 'string' ? error.code : 'no code';
  if (timedOut || code === 'ECONNABORTED')
    return `SendGrid did not answer within ${timeoutMs} ms. The mail may have been accepted all the same.`;
  return `SendGrid was not reached or broke off (${code}). Check SENDGRID_BASE_URL and the network; the mail is tried again.`;
}
