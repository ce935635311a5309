import type { ProposalRow, ProposalStatus } from './proposals.ts';

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
