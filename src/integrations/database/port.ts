/**
 * The application's own tables, by what is asked of them. What must be atomic is a function in `migrations/`, which
 * every driver calls. All methods throw MillraceError DATABASE_UNAVAILABLE when the database is away.
 */
export interface Database {
  readonly users: Users;
  readonly deliveries: Deliveries;
  readonly documents: Documents;
  readonly opportunities: Opportunities;
  readonly stories: Stories;
  readonly ticks: ScheduleTicks;
  readonly reports: ReportSource;
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
}

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
  /** Why no mail may go to this address, if so. */
  suppression(email: string): Promise<string | undefined>;
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

export interface SyncCheckpoint {
  readonly kind: string;
  /** The job that moved it last: another job does not go on in the middle of its range. */
  readonly jobKey: string | undefined;
  /** The part of that job's range that is under way; absent when the job is through. */
  readonly windowFrom: string | undefined;
  readonly windowTo: string | undefined;
  readonly nextPage: number;
  readonly totals: SyncTotals;
  /** Everything posted up to this day has been seen. */
  readonly syncedThrough: string | undefined;
}

export interface SyncReject {
  readonly recordId: string | undefined;
  readonly reason: string;
  readonly raw: unknown;
}

export interface Opportunities {
  checkpoint(kind: string): Promise<SyncCheckpoint | undefined>;
  /** Writes a page and the checkpoint after it in one transaction; the counts are added to the checkpoint's totals. */
  savePage(
    rows: readonly OpportunityRow[],
    rejects: readonly SyncReject[],
    checkpoint: SyncCheckpoint,
  ): Promise<{ readonly inserted: number; readonly updated: number; readonly unchanged: number }>;
  /** One sync of a kind at a time: `true` when this holder has the lease, also when it had it before. */
  takeLease(kind: string, holder: string, seconds: number): Promise<boolean>;
  releaseLease(kind: string, holder: string): Promise<void>;
  /** Takes one request from a key's budget for the day (UTC); `undefined` when it is used up. */
  spendRequest(key: string, day: string, limit: number): Promise<number | undefined>;
  count(): Promise<number>;
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
}
