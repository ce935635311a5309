import type { MailKind } from './users.ts';

/** A mail as the ledger knows it: one row for each job and recipient. */
export interface MailKey {
  readonly jobKey: string;
  readonly recipient: string;
}

export interface MailClaim extends MailKey {
  readonly template: string;
  readonly provider: string;
  /** How far apart sends to the provider are kept, over all processes, in µs; absent when it has no limit. */
  readonly intervalUs?: number;
  /** Only sent to a person who wants that kind. */
  readonly preference?: { readonly userId: string; readonly kind: MailKind };
}

export type Claimed =
  /** The caller's to send, once `waitMs` have passed. `unclear`: an earlier claim ended without a record of its outcome. */
  | { readonly outcome: 'send'; readonly unclear: boolean; readonly waitMs: number }
  | Settled
  /**
   * Not now, and nothing is noted: its place among the sends would be too far ahead, or the provider has asked to be left
   * alone. To be asked again after `waitMs`.
   */
  | { readonly outcome: 'limit' | 'paused'; readonly waitMs: number };

/** There is nothing to do: the mail was sent, or may not be. */
export interface Settled {
  readonly outcome: 'settled';
  readonly status: 'sent' | 'suppressed';
  readonly provider: string;
  readonly messageId: string | undefined;
  readonly reason: string | undefined;
  /** Found out by this very claim, so not counted yet. */
  readonly fresh: boolean;
}

/** The ledger of mails, and the pace of their providers. What is asked for at the same moment goes in one statement. */
export interface Deliveries {
  /**
   * Takes the row before sending, asks whether the mail is wanted, and takes a place in the provider's pace: one round
   * trip for all of them.
   */
  claim(mail: MailClaim): Promise<Claimed>;
  settle(
    mail: MailKey & {
      readonly status: 'sent' | 'suppressed' | 'rejected';
      readonly messageId?: string;
      readonly reason?: string;
    },
  ): Promise<void>;
  /** Takes back a claim whose mail certainly did not go out. */
  unclaim(mail: MailKey): Promise<void>;
  /** Keeps all processes from sending to a provider for so long; a longer pause stays. */
  pause(provider: string, ms: number): Promise<void>;
  /** How much longer a provider is to be left alone, in ms. */
  pausedMs(provider: string): Promise<number>;
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
