import type { MailKind } from './users.ts';

export type DeliveryStatus = 'claimed' | 'sent' | 'suppressed' | 'rejected';

export interface Delivery {
  readonly status: DeliveryStatus;
  readonly provider: string;
  readonly messageId: string | undefined;
  readonly reason: string | undefined;
  /** How often it was claimed; above 1 an earlier attempt ended without a record of its outcome. */
  readonly attempts: number;
}

/** The ledger of mails: one row for each job and recipient. */
export interface Deliveries {
  /** Takes the row before sending; the answer says whether an earlier attempt has sent it. */
  claim(row: { jobKey: string; recipient: string; template: string; provider: string }): Promise<Delivery>;
  settle(row: {
    jobKey: string;
    recipient: string;
    status: Exclude<DeliveryStatus, 'claimed'>;
    messageId?: string;
    reason?: string;
  }): Promise<void>;
  /** Why no mail, or no mail of this kind, may go to this person, if so. */
  suppression(
    email: string,
    preference?: { readonly userId: string; readonly kind: MailKind },
  ): Promise<string | undefined>;
  /** Takes in what the provider says of mails it had; an event that is known already changes nothing. Answers how many were new. */
  recordEvents(events: readonly MailEvent[]): Promise<number>;
}

/** What became of a mail after the provider had accepted it. */
export interface MailEvent {
  /** The provider's own id of the event, by which one that comes again is known. */
  readonly id: string;
  readonly type: 'delivered' | 'dropped' | 'bounced' | 'unsubscribed' | 'complained';
  readonly email: string;
  readonly at: Date;
  readonly jobKey: string | undefined;
  readonly messageId: string | undefined;
  readonly reason: string | undefined;
  /** Present when no further mail may go to the address: the reason for the suppression list. */
  readonly suppress: string | undefined;
}

/** The next users of a fan-out: those after `after` in the order of their ids. */
export interface MailingPage {
  readonly after: string;
  readonly limit: number;
  /** Deadlines from here on, and before `until`. */
  readonly from: Date;
  readonly until: Date;
  /** The longest list for one user. */
  readonly most: number;
  /** A user's mail has the job key `<keyPrefix><user's id>`. */
  readonly keyPrefix: string;
}

export interface MailingUser {
  readonly userId: string;
  readonly email: string;
  /** The ledger has this mail already. */
  readonly mailed: boolean;
}

export interface ClosingOpportunity {
  readonly noticeId: string;
  readonly title: string;
  readonly agency: string | undefined;
  readonly deadline: string;
  readonly url: string | undefined;
}

/** What the fan-outs of mails read. Suppressed addresses and users who do not want the mail are left out. */
export interface Mailings {
  /** How many users want the mail, suppressed ones included. */
  audience(kind: 'reminders' | 'summaries'): Promise<number>;
  reminders(
    page: MailingPage,
  ): Promise<readonly (MailingUser & { readonly opportunities: readonly ClosingOpportunity[] })[]>;
  /** @param weekStart the Monday of the week whose proposals are counted, a plain date. */
  summaries(
    page: MailingPage,
    weekStart: string,
  ): Promise<
    readonly (MailingUser & {
      readonly deadlines: readonly { readonly title: string; readonly deadline: string }[];
      readonly proposalsSubmitted: number;
      /** Absent when nothing was awarded, or in several currencies. */
      readonly awarded: { readonly amount: string; readonly currency: string } | undefined;
    })[]
  >;
  /** What is the same in every summary of the week that begins on `weekStart`, a plain date. */
  summaryFigures(week: { weekStart: string; from: Date; until: Date; most: number }): Promise<{
    readonly newOpportunities: number;
    readonly closingSoon: number;
    readonly top: readonly ClosingOpportunity[];
  }>;
}
