import type { CerReport, CerStatus } from './cer.ts';
import type { Conversion, ConversionStatus } from './conversions.ts';
import type { DocumentRow } from './documents.ts';
import type { MailEvent, MailKey } from './mail.ts';
import type { SyncTotals, SyncWindow } from './sync.ts';

/** A part of a list, the newest first. */
export interface ListPage<Row> {
  readonly rows: readonly Row[];
  /** Where the list goes on; `undefined` at its end. */
  readonly next: string | undefined;
}

/** Which part of a list: at most `limit` rows, those after the page whose `next` is given. */
export interface Place {
  readonly cursor?: string | undefined;
  readonly limit: number;
}

export const deliveryStatuses = ['claimed', 'sent', 'suppressed', 'rejected'] as const;
export const deliveryOutcomes = ['delivered', 'dropped', 'bounced', 'unsubscribed', 'complained'] as const;

/** A mail as the ledger has it. */
export interface MailRecord extends MailKey {
  readonly template: string;
  readonly provider: string;
  readonly status: (typeof deliveryStatuses)[number];
  readonly messageId: string | undefined;
  readonly reason: string | undefined;
  readonly attempts: number;
  readonly claimedAt: Date;
  readonly sentAt: Date | undefined;
  /** What became of it later, as the provider tells. */
  readonly outcome: MailEvent['type'] | undefined;
  readonly outcomeAt: Date | undefined;
  readonly outcomeReason: string | undefined;
}

export interface MailFilter {
  /** The whole address, in any case. */
  readonly recipient?: string | undefined;
  readonly status?: MailRecord['status'] | undefined;
  readonly outcome?: MailEvent['type'] | undefined;
  readonly template?: string | undefined;
}

export interface ToldOfMail extends Pick<MailEvent, 'type' | 'reason' | 'at'> {}

/** How far one job of syncing has come. */
export interface SyncRun {
  readonly kind: string;
  readonly jobKey: string;
  /** What is still to be read; none when it is through. */
  readonly windows: readonly SyncWindow[];
  readonly nextPage: number;
  readonly totals: SyncTotals;
  /** Records that could not be read and are still kept. */
  readonly rejects: number;
  /** It has the lease of its kind. */
  readonly running: boolean;
  readonly updatedAt: Date;
}

export interface KeptReject {
  readonly id: string;
  readonly recordId: string | undefined;
  readonly reason: string;
  readonly raw: unknown;
  readonly createdAt: Date;
}

export interface SyncState {
  readonly kinds: readonly {
    readonly kind: string;
    /** A plain date: up to here everything has been seen. */
    readonly syncedThrough: string | undefined;
    readonly updatedAt: Date;
  }[];
  /** Requests of today (UTC), by key. */
  readonly requests: readonly { readonly key: string; readonly used: number }[];
}

/**
 * What people look through. A cursor that none of these has given is refused.
 * @throws MillraceError INVALID_REQUEST
 */
export interface Lists {
  documents(
    filter: { readonly kind?: string | undefined; readonly format?: string | undefined },
    place: Place,
  ): Promise<ListPage<DocumentRow & { readonly createdAt: Date }>>;
  mails(filter: MailFilter, place: Place): Promise<ListPage<MailRecord>>;
  /** One mail, with what its provider has told of it, the earliest first. */
  mail(key: MailKey): Promise<(MailRecord & { readonly events: readonly ToldOfMail[] }) | undefined>;
  /** By when they have last come on. */
  syncRuns(filter: { readonly kind?: string | undefined }, place: Place): Promise<ListPage<SyncRun>>;
  syncRun(kind: string, jobKey: string): Promise<SyncRun | undefined>;
  syncRejects(run: Pick<SyncRun, 'kind' | 'jobKey'>, place: Place): Promise<ListPage<KeptReject>>;
  syncState(): Promise<SyncState>;
  conversions(
    filter: { readonly status?: ConversionStatus | undefined; readonly errorCode?: string | undefined },
    place: Place,
  ): Promise<ListPage<Conversion>>;
  cerReports(filter: { readonly status?: CerStatus | undefined }, place: Place): Promise<ListPage<CerReport>>;
}
