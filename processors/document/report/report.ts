import type { Writable } from 'node:stream';
import type { DateRange, ReportFigures, ReportRow } from '../../../src/integrations/database/port.ts';
import type { Chart } from '../pdf/charts.ts';
import type { CellValue } from './columns.ts';

/** Reports on all opportunities; the others are one user's. */
export type OpportunityReportKind = 'analytics' | 'opportunities';
export type UserReportKind = 'proposals' | 'weekly';
export type ReportKind = OpportunityReportKind | UserReportKind;

/** What all reports have. */
export interface ReportHead {
  readonly title: string;
  readonly range: DateRange;
  readonly generatedAt: Date;
  /** Left out when nobody of the request's user id is known. */
  readonly preparedFor?: Customer;
}

/** Whom a report is for. */
export interface Customer {
  readonly name: string;
  readonly company?: string | undefined;
}

/** A report on opportunities before it has a form: all three formats are made from this. */
export interface OpportunityReport extends ReportHead {
  readonly kind: OpportunityReportKind;
  readonly figures: ReportFigures;
  /** The opportunities in batches, once; throws when the job is to stop. */
  batches(): AsyncIterable<readonly ReportRow[]>;
}

/** A report on what is one user's: short enough to be held whole. */
export interface UserReport extends ReportHead {
  readonly kind: UserReportKind;
  readonly content: Content;
}

export type Report = OpportunityReport | UserReport;

/** What a user's report says, in its order. Plain data, so that it can be handed to a thread. */
export interface Content {
  /** What there is in it: `Proposals worked on in this period`. */
  readonly covers: string;
  /** Where its figures come from. */
  readonly source: string;
  readonly summary: readonly { readonly label: string; readonly cell: CellValue }[];
  readonly overview: string;
  readonly charts: readonly ContentChart[];
  readonly tables: readonly ContentTable[];
}

export interface ContentChart {
  readonly title: string;
  readonly form: 'bars' | 'line';
  readonly chart: Chart;
}

export interface ContentTable {
  readonly title: string;
  readonly columns: readonly {
    readonly header: string;
    /** Width in letters in a workbook; its share of a page's width too. */
    readonly width: number;
    readonly align?: 'right';
  }[];
  readonly rows: readonly (readonly CellValue[])[];
  /** What stands in place of a table without rows. */
  readonly empty: string;
  /** Said below the table. */
  readonly note?: string;
  /** A CSV file holds one table: this one alone where there is such, else all in one with a column for the section. */
  readonly main?: boolean;
}

export interface Rendered {
  /** Rows of data in the file. */
  readonly rows: number;
  readonly pages?: number;
}

/**
 * Writes a report into `sink` and ends it. It waits while the sink is full, and throws when the sink breaks, the
 * report cannot be read or the signal comes; the sink is then for its owner to destroy.
 */
export type Renderer = (report: Report, sink: Writable, signal?: AbortSignal) => Promise<Rendered>;
