import type { ReportFigures, ReportRow } from '../../../src/integrations/database/port.ts';
import type { OpportunityReport } from './report.ts';

/** What a cell can hold; `day` is a plain date, `time` a moment, `amount` a decimal number as text. */
export type CellValue =
  | { readonly type: 'text'; readonly value: string | undefined; readonly link?: string | undefined }
  | { readonly type: 'count'; readonly value: number }
  | { readonly type: 'share'; readonly value: number }
  | { readonly type: 'amount'; readonly value: string | undefined }
  | { readonly type: 'day'; readonly value: string | undefined }
  | { readonly type: 'time'; readonly value: Date | undefined };

export interface Column<R> {
  readonly header: string;
  /** Width in letters, for workbooks. */
  readonly width: number;
  readonly cell: (row: R) => CellValue;
}

const text = (value: string | undefined, link?: string): CellValue => ({ type: 'text', value, link });

/** Only web addresses become links: a workbook or a PDF would run others. */
export function webLink(url: string | undefined): string | undefined {
  if (url === undefined || !URL.canParse(url)) return undefined;
  const { protocol, href } = new URL(url);
  return protocol === 'https:' || protocol === 'http:' ? href : undefined;
}

/** The columns of opportunities in workbooks and CSV. */
export const opportunityColumns: readonly Column<ReportRow>[] = [
  { header: 'Notice ID', width: 36, cell: (row) => text(row.noticeId) },
  { header: 'Title', width: 60, cell: (row) => text(row.title, webLink(row.url)) },
  { header: 'Agency', width: 38, cell: (row) => text(row.agency) },
  { header: 'Notice type', width: 24, cell: (row) => text(row.noticeType) },
  { header: 'Set-aside', width: 24, cell: (row) => text(row.setAside) },
  { header: 'NAICS', width: 10, cell: (row) => text(row.naics) },
  { header: 'Posted', width: 12, cell: (row) => ({ type: 'day', value: row.postedOn }) },
  {
    header: 'Response deadline (UTC)',
    width: 24,
    cell: (row) => ({ type: 'time', value: row.responseDeadline }),
  },
  { header: 'Award (USD)', width: 18, cell: (row) => ({ type: 'amount', value: row.awardAmount }) },
  { header: 'Address', width: 50, cell: (row) => text(row.url) },
];

/** One group of a breakdown, with its part of all opportunities. */
export interface Group {
  readonly name: string;
  readonly count: number;
  readonly share: number;
}

export interface Breakdown {
  readonly title: string;
  readonly nameHeader: string;
  /** Whether names are plain dates. */
  readonly dated: boolean;
  readonly groups: readonly Group[];
}

/** The tables of an analytics report. */
export function breakdowns(figures: ReportFigures): {
  readonly byAgency: Breakdown;
  readonly bySetAside: Breakdown;
  readonly byWeek: Breakdown;
} {
  const total = Math.max(1, figures.opportunities);
  const group = (name: string, count: number): Group => ({ name, count, share: count / total });
  return {
    byAgency: {
      title: 'By agency',
      nameHeader: 'Agency',
      dated: false,
      groups: figures.byAgency.map((row) => group(row.agency, row.count)),
    },
    bySetAside: {
      title: 'By set-aside',
      nameHeader: 'Set-aside',
      dated: false,
      groups: figures.bySetAside.map((row) => group(row.setAside, row.count)),
    },
    byWeek: {
      title: 'By week',
      nameHeader: 'Week beginning',
      dated: true,
      groups: figures.byWeek.map((row) => group(row.week, row.count)),
    },
  };
}

/** The figures that stand for the whole report. */
export function summaryFigures({
  figures,
}: OpportunityReport): readonly { readonly label: string; readonly cell: CellValue }[] {
  return [
    { label: 'Opportunities', cell: { type: 'count', value: figures.opportunities } },
    { label: 'Agencies', cell: { type: 'count', value: figures.agencies } },
    { label: 'Closing within 7 days', cell: { type: 'count', value: figures.closingSoon } },
    {
      label: `Awarded (${figures.awarded.currency})`,
      cell: { type: 'amount', value: figures.awarded.amount },
    },
  ];
}
