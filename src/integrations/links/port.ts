import type { MailKind } from '../database/port.ts';

/** Links into our own HTTP side that mails carry. They are signed, so that nobody can make one up. */
export interface Links {
  /** A link at which whoever has it downloads the document, until it expires. */
  document(
    document: { readonly id: string; readonly fileName: string },
    ttlMs: number,
  ): { readonly url: string; readonly expiresAt: Date };
  /** Ends one kind of mail for a person; it does not expire, since old mails are unsubscribed from as well. */
  unsubscribe(person: { readonly userId: string; readonly email: string; readonly kind: MailKind }): string;
}
