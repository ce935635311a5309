/**
 * The application's own tables, by what is asked of them. What must be atomic is a function in `migrations/`, which
 * every driver calls. All methods throw MillraceError DATABASE_UNAVAILABLE when the database is away.
 */
export interface Database {
  readonly users: Users;
  readonly deliveries: Deliveries;
  readonly mailings: Mailings;
  readonly documents: Documents;
  readonly attachments: Attachments;
  readonly opportunities: Opportunities;
  readonly entities: Entities;
  readonly syncs: Syncs;
  readonly analytics: Analytics;
  readonly cleanup: Cleanup;
  readonly stories: Stories;
  readonly ticks: ScheduleTicks;
  readonly reports: ReportSource;
  readonly proposals: Proposals;
  readonly exports: ExportSource;
  /** Latency in ms of the smallest query. */
  ping(): Promise<number>;
  close(): Promise<void>;
}

export interface User {
  readonly id: string;
  readonly email: string;
  readonly name: string;
  readonly company: string | undefined;
}

export interface Users {
  upsert(users: readonly User[]): Promise<void>;
  find(id: string): Promise<User | undefined>;
  /** Ends one kind of mail: for the user where there is one of that id, else for the address. */
  unsubscribe(person: { userId: string; email: string; kind: MailKind }): Promise<void>;
}

/** The kinds of mail that a person may want or not. Others, such as the welcome, are sent in any case. */
export const mailKinds = ['reminders', 'summaries', 'proposals', 'documents'] as const;
export type MailKind = (typeof mailKinds)[number];

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

export interface DocumentRow {
  readonly id: string;
  readonly jobKey: string;
  readonly userId: string | undefined;
  readonly kind: string;
  readonly format: string;
  readonly title: string;
  readonly fileName: string;
  readonly contentType: string;
  readonly bytes: number;
  readonly pages: number | undefined;
  readonly rows: number | undefined;
  readonly sha256: string;
  readonly storageKey: string;
}

export interface Documents {
  /** Run again with the same id it replaces the row: a retried job leaves one. */
  save(row: DocumentRow): Promise<void>;
  find(id: string): Promise<(DocumentRow & { readonly createdAt: Date }) | undefined>;
}

export interface AttachmentRow {
  readonly id: string;
  readonly opportunityId: string | undefined;
  /** The address or storage key that it came from. */
  readonly source: string;
  readonly fileName: string;
  readonly contentType: string;
  readonly bytes: number;
  readonly sha256: string;
  readonly storageKey: string;
  /** Text by page; of a workbook by sheet. */
  readonly pageTexts: readonly string[];
}

export interface Attachments {
  /** Run again with the same id it replaces the row; `replacedKey` is the file that the row named before, if another. */
  save(row: AttachmentRow): Promise<{ readonly replacedKey: string | undefined }>;
  find(id: string): Promise<(AttachmentRow & { readonly pages: number }) | undefined>;
}

/** An opportunity as we keep it. Dates are `2024-01-31`, times ISO 8601 with a zone, money a decimal string. */
export interface OpportunityRow {
  readonly noticeId: string;
  readonly title: string;
  readonly solicitation: string | null;
  readonly agency: string | null;
  readonly office: string | null;
  readonly noticeType: string | null;
  readonly setAside: string | null;
  readonly naics: string | null;
  readonly classification: string | null;
  readonly postedOn: string;
  readonly responseDeadline: string | null;
  readonly archiveOn: string | null;
  readonly active: boolean;
  readonly placeState: string | null;
  readonly placeCountry: string | null;
  readonly awardAmount: string | null;
  readonly awardOn: string | null;
  readonly awardee: string | null;
  readonly url: string | null;
  readonly descriptionUrl: string | null;
  readonly raw: unknown;
  /** SHA-256 of the record's meaning; an unchanged one is not written again. */
  readonly contentHash: string;
}

/** What a job of syncing has done so far. */
export interface SyncTotals {
  /** The job's whole range, plain dates; fixed at its first page, so that one resumed after midnight keeps it. */
  readonly from: string;
  readonly to: string;
  readonly fetched: number;
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
  readonly skipped: number;
  readonly skippedReasons: Readonly<Record<string, number>>;
  readonly requestsUsed: number;
  readonly pages: number;
}

/** The records that a sync asks for together: by days, both ends included, or by their UEIs. */
export interface SyncWindow {
  readonly posted?: DateRange;
  readonly registered?: DateRange;
  readonly updated?: DateRange;
  readonly ueis?: readonly string[];
}

/** Where one job of syncing stands. Each job has a place of its own, so that none makes another start over. */
export interface SyncCheckpoint {
  readonly kind: string;
  readonly jobKey: string;
  /** What is still to be read, the window under way first; none when the job is through. */
  readonly windows: readonly SyncWindow[];
  readonly nextPage: number;
  readonly totals: SyncTotals;
  /** Everything of this kind up to this day has been seen, by whichever job; it never goes back. */
  readonly syncedThrough: string | undefined;
}

/** The right to sync a kind. The token is the attempt's own: a job's next attempt takes the lease from its last. */
export interface SyncLease {
  readonly kind: string;
  readonly jobKey: string;
  readonly token: string;
}

export interface SyncReject {
  readonly recordId: string | undefined;
  readonly reason: string;
  readonly raw: unknown;
}

export interface SyncCounts {
  readonly inserted: number;
  readonly updated: number;
  readonly unchanged: number;
}

/** Where syncs stand, and what they may spend. */
export interface Syncs {
  /** The place of this very job; `syncedThrough` alone is the kind's. */
  checkpoint(kind: string, jobKey: string): Promise<SyncCheckpoint | undefined>;
  syncedThrough(kind: string): Promise<string | undefined>;
  /** One sync of a kind at a time: `false` while another job has it. Another attempt of the same job loses it. */
  takeLease(lease: SyncLease, seconds: number): Promise<boolean>;
  /** `false` when it was lost: to another attempt, or to another job after it had ended. */
  renewLease(lease: SyncLease, seconds: number): Promise<boolean>;
  releaseLease(lease: SyncLease): Promise<void>;
  /**
   * Takes one request from a key's budget for the day (UTC), over all processes, and a place in its pace: the request
   * may go out after `waitMs`, `intervalMs` after the one before. `undefined` when the budget is used up.
   */
  spendRequest(request: {
    key: string;
    day: string;
    limit: number;
    intervalMs: number;
  }): Promise<{ readonly used: number; readonly waitMs: number } | undefined>;
}

export interface Opportunities {
  /**
   * Writes a page, its rejects and the checkpoint after it in one transaction; the counts are added to the checkpoint's
   * totals. Writes nothing and gives `undefined` when the lease is not held any more.
   */
  savePage(
    rows: readonly OpportunityRow[],
    rejects: readonly SyncReject[],
    checkpoint: SyncCheckpoint,
    lease: SyncLease,
  ): Promise<SyncCounts | undefined>;
  count(): Promise<number>;
}

/** A registration as we keep it; dates are `2024-01-31`. */
export interface EntityRow {
  readonly uei: string;
  /** Tells apart the registrations of one UEI; empty for most. */
  readonly eftIndicator: string;
  readonly legalName: string;
  readonly dbaName: string | null;
  readonly cageCode: string | null;
  /** `Active` or `Expired`. */
  readonly status: string | null;
  readonly purpose: string | null;
  readonly registeredOn: string | null;
  readonly activatedOn: string | null;
  readonly updatedOn: string | null;
  readonly expiresOn: string | null;
  /** Barred from federal work. */
  readonly excluded: boolean;
  readonly url: string | null;
  readonly city: string | null;
  readonly state: string | null;
  readonly zip: string | null;
  readonly country: string | null;
  readonly naics: string | null;
  readonly businessTypes: readonly string[];
  readonly sbaTypes: readonly string[];
  readonly raw: unknown;
  /** SHA-256 of the record's meaning; an unchanged one is not written again. */
  readonly contentHash: string;
}

/**
 * Companies that are registered for federal work, one row a UEI: of several registrations the one updated last, on the
 * same day the first by EFT indicator.
 */
export interface Entities {
  /** As of opportunities. */
  savePage(
    rows: readonly EntityRow[],
    rejects: readonly SyncReject[],
    checkpoint: SyncCheckpoint,
    lease: SyncLease,
  ): Promise<SyncCounts | undefined>;
  find(uei: string): Promise<EntityRow | undefined>;
  count(): Promise<number>;
}

export type AnalyticsScope = 'all' | 'opportunities' | 'entities';

/** Aggregates that reports read. Readers are never blocked: they see those of before until the new ones are there. */
export interface Analytics {
  /** Computes them anew; gives the names of those renewed. */
  refresh(scope: AnalyticsScope): Promise<readonly string[]>;
}

/** What is removed once it is old enough. Documents' files follow their rows: see `claimRemoval`. */
export type CleanupClass =
  | 'opportunities'
  | 'documents'
  | 'deliveries'
  | 'mailEvents'
  | 'scheduleTicks'
  | 'syncRejects'
  | 'syncPositions';

export interface Cleanup {
  /** How much is past its time; of `documents`, `files` are those that no younger document shares. */
  due(what: CleanupClass, before: Date): Promise<{ readonly rows: number; readonly files: number }>;
  /** Removes up to `limit` rows, oldest first, and counts them for the job; 0 when nothing is left. */
  removeBatch(what: CleanupClass, before: Date, limit: number, jobKey: string): Promise<number>;
  /**
   * Names a file whose row is gone and that no other row wants, and claims it for so many seconds: until then a row that
   * wants it again is refused. A claim whose worker died ends by itself, and the file is named again.
   */
  claimRemoval(seconds: number): Promise<string | undefined>;
  /** The file is gone. */
  finishRemoval(storageKey: string, jobKey: string): Promise<void>;
  /** What this job has removed so far, by class; files as `files`. */
  counts(jobKey: string): Promise<Readonly<Record<string, number>>>;
}

export interface Story {
  readonly id: string;
  readonly title: string;
  readonly content: string;
  readonly sectorTag: string | undefined;
  readonly impactTags: readonly string[];
  readonly revision: number;
  readonly hypeScore: number;
  readonly ethicsScore: number;
  readonly realityCheck: string | undefined;
  readonly eli5Summary: string | undefined;
  /** The revision that a model has scored last. */
  readonly enhancedRevision: number | undefined;
  readonly model: string | undefined;
  readonly jobId: string | undefined;
  readonly createdAt: Date;
  readonly updatedAt: Date;
}

export interface StoryScores {
  readonly hypeScore: number;
  readonly ethicsScore: number;
}

export interface NewStory extends StoryScores {
  readonly id: string;
  readonly title: string;
  readonly content: string;
  readonly sectorTag: string | undefined;
  readonly impactTags: readonly string[];
  readonly jobId: string;
}

export interface Stories {
  create(story: NewStory): Promise<Story>;
  find(id: string): Promise<Story | undefined>;
  findByJob(jobId: string): Promise<Story | undefined>;
  /** Replaces the text and its local scores and counts the revision up. */
  edit(
    id: string,
    change: {
      title: string;
      content: string;
      sectorTag: string | undefined;
      impactTags: readonly string[];
    } & StoryScores,
  ): Promise<Story | undefined>;
  setJob(id: string, jobId: string): Promise<void>;
  /** Takes a story back that never got its job. */
  remove(id: string): Promise<void>;
  /** Writes a model's scores if the story still has that revision; `false` when it was edited since. */
  saveEnhancement(
    id: string,
    revision: number,
    scores: StoryScores & {
      realityCheck: string;
      eli5Summary: string;
      impactTags: readonly string[];
      model: string;
    },
  ): Promise<boolean>;
}

export interface ScheduleTicks {
  /** The latest tick that is known for a schedule, whatever became of it. */
  last(schedule: string): Promise<Date | undefined>;
  /** Marks the time from which a new schedule counts; ticks before it were not missed. */
  baseline(schedule: string, at: Date): Promise<void>;
  /** `true` for one scheduler only; another may take over a claim that was not confirmed in time. */
  claim(claim: {
    schedule: string;
    tickAt: Date;
    owner: string;
    seconds: number;
    caughtUp: boolean;
  }): Promise<boolean>;
  confirm(schedule: string, tickAt: Date, jobId: string): Promise<void>;
  /** Ticks that were claimed and never confirmed, since their scheduler died in between. */
  unconfirmed(schedule: string): Promise<readonly Date[]>;
}

export interface DateRange {
  /** Plain dates, both included. */
  readonly start: string;
  readonly end: string;
}

export interface ReportFigures {
  readonly opportunities: number;
  readonly agencies: number;
  readonly closingSoon: number;
  readonly awarded: { readonly amount: string; readonly currency: string };
  readonly byAgency: readonly { readonly agency: string; readonly count: number }[];
  readonly byWeek: readonly { readonly week: string; readonly count: number }[];
  readonly bySetAside: readonly { readonly setAside: string; readonly count: number }[];
}

export interface ReportRow {
  readonly noticeId: string;
  readonly title: string;
  readonly agency: string | undefined;
  readonly noticeType: string | undefined;
  readonly setAside: string | undefined;
  readonly naics: string | undefined;
  readonly postedOn: string;
  readonly responseDeadline: Date | undefined;
  readonly awardAmount: string | undefined;
  readonly url: string | undefined;
}

/** What reports read. */
export interface ReportSource {
  figures(range: DateRange): Promise<ReportFigures>;
  /** Rows in the order of their posting, in batches, so that a report of any length needs little memory. */
  opportunities(range: DateRange, batchSize: number): AsyncIterable<readonly ReportRow[]>;
  /** A user's proposals that were worked on or submitted in these days; of the rows at most `limit`, the latest first. */
  proposals(userId: string, range: DateRange, limit: number): Promise<ProposalFigures>;
  /** A user's week: what is new, what closes in the seven days after it, and how the proposals stand. */
  week(userId: string, range: DateRange, limit: number): Promise<WeekFigures>;
  /** The next users who want a weekly report and can be mailed, in the order of their ids. */
  weeklySubscribers(page: {
    readonly after: string;
    readonly limit: number;
    /** A user's report has the job key `<keyPrefix><user's id>`. */
    readonly keyPrefix: string;
  }): Promise<readonly WeeklySubscriber[]>;
}

export interface WeeklySubscriber {
  readonly userId: string;
  readonly email: string;
  /** There is a document of this key already. */
  readonly made: boolean;
}

export const proposalStatuses = [
  'draft',
  'submitted',
  'under-review',
  'awarded',
  'rejected',
  'withdrawn',
] as const;
export type ProposalStatus = (typeof proposalStatuses)[number];

/** A proposal that a user works on. Days are plain dates, the amount a decimal string. */
export interface Proposal {
  readonly id: string;
  readonly userId: string;
  readonly noticeId: string | undefined;
  readonly title: string;
  readonly status: ProposalStatus;
  readonly amount: string | undefined;
  /** ISO 4217. */
  readonly currency: string;
  readonly dueOn: string | undefined;
  readonly submittedOn: string | undefined;
  readonly decidedOn: string | undefined;
  readonly updatedAt: Date;
}

export interface Proposals {
  /** Run again with the same ids it replaces the rows. Their users must be there. */
  upsert(proposals: readonly Proposal[]): Promise<void>;
  find(id: string): Promise<Proposal | undefined>;
}

/** A proposal with the agency of the notice that it answers, where that is known. */
export interface ProposalRow extends Proposal {
  readonly agency: string | undefined;
}

export interface ProposalFigures {
  readonly total: number;
  /** How many there are in each status and currency, and what they come to. */
  readonly byStatus: readonly {
    readonly status: ProposalStatus;
    readonly currency: string;
    readonly count: number;
    readonly amount: string;
  }[];
  /** Submitted in each week of the range; weeks begin on Monday and are listed with 0 too. */
  readonly submittedByWeek: readonly { readonly week: string; readonly count: number }[];
  readonly rows: readonly ProposalRow[];
}

/** An opportunity in a user's week. */
export interface WeekOpportunity extends ReportRow {
  /** Whether this user has saved it. */
  readonly saved: boolean;
}

export interface WeekFigures {
  readonly newOpportunities: number;
  readonly closing: number;
  readonly closingSaved: number;
  readonly openProposals: number;
  readonly submittedProposals: number;
  readonly newByAgency: readonly { readonly agency: string; readonly count: number }[];
  /** Postings of this week and the seven before it. */
  readonly postedByWeek: readonly { readonly week: string; readonly count: number }[];
  /** The latest, saved ones first. */
  readonly newRows: readonly WeekOpportunity[];
  /** Soonest first within saved ones, then within the others. */
  readonly closingRows: readonly WeekOpportunity[];
  /** Open ones and those that moved in the week. */
  readonly proposalRows: readonly ProposalRow[];
}

export const exportDatasets = ['opportunities', 'entities', 'proposals', 'stories', 'deliveries'] as const;
export type ExportDataset = (typeof exportDatasets)[number];

/** What rows an export holds. Columns and filters bear the names of the table's columns. */
export interface ExportQuery {
  readonly dataset: ExportDataset;
  readonly columns: readonly string[];
  readonly filters: readonly ExportFilter[];
  /** Of what belongs to users, only this one's is given. */
  readonly userId: string;
}

/** `any`: the column has one of the values; `from` and `to`: it is not before, or not after, the one value. */
export interface ExportFilter {
  readonly column: string;
  readonly is: 'any' | 'from' | 'to';
  readonly values: readonly string[];
}

/** Values as PostgreSQL writes them: `t` and `f`, `2024-01-31`, `2024-01-31 17:00:00+00` (always UTC), lists as JSON. */
export type ExportRow = readonly (string | null)[];

/** What exports read. */
export interface ExportSource {
  /**
   * Rows in batches, in the order of their key, all from one snapshot; `total` is how many the snapshot has. When the
   * signal comes, the reading ends with its reason, also while the database is still at work.
   */
  rows(
    query: ExportQuery,
    batchSize: number,
    signal?: AbortSignal,
  ): AsyncIterable<{ readonly total: number; readonly rows: readonly ExportRow[] }>;
}
