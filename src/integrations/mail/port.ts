/** A mail as every provider takes it: rendered, checked, with no markup of any template left. */
export interface Mail {
  readonly to: string;
  readonly toName?: string;
  readonly subject: string;
  readonly html: string;
  readonly text: string;
  /** Further headers; only names that drivers know to be safe are passed on. */
  readonly headers?: Readonly<Record<string, string>>;
  /** Files that go along; providers take some 20 MB in all. */
  readonly attachments?: readonly Attachment[];
  /** Names the template in the provider's statistics. */
  readonly category: string;
  /** The job's key: the provider keeps it with the mail, so that an unclear outcome can be looked up. */
  readonly jobKey: string;
}

export interface Attachment {
  readonly fileName: string;
  /** A MIME type, such as `application/pdf`. */
  readonly contentType: string;
  readonly content: Uint8Array;
}

export interface MailProvider {
  /** `sendgrid`, `outbox`, ...: stands in the ledger and in metrics. */
  readonly name: string;
  /** How many mails all processes together may hand over in a second; absent when there is no such limit. */
  readonly perSecond?: number;
  /**
   * Hands one mail over. Resolves when the provider has accepted it.
   * @throws MillraceError MAIL_REJECTED, MAIL_UNAUTHORIZED (never retried), MAIL_UNAVAILABLE (retried), with
   * `retryAfterMs` when the provider has taken nothing and says to come back; RateLimitedError MAIL_RATE_LIMITED with how long to wait.
   */
  send(mail: Mail, signal: AbortSignal): Promise<{ readonly messageId: string }>;
  /** Lets go of connections that are kept open. */
  close?(): void;
}
