import type {
  DateRange,
  ProposalFigures,
  ProposalRow,
  ProposalStatus,
} from '../../../src/integrations/database/port.ts';
import type { CellValue } from './columns.ts';
import type { Content, ContentTable } from './report.ts';
import { countText, dayText, proposalsText, shareText, shortDayText, weeksText } from './wording.ts';

const statusNames: Readonly<Record<ProposalStatus, string>> = {
  draft: 'Draft',
  submitted: 'Submitted',
  'under-review': 'Under review',
  awarded: 'Awarded',
  rejected: 'Rejected',
  withdrawn: 'Withdrawn',
};

export const text = (value: string | undefined): CellValue => ({ type: 'text', value });
export const count = (value: number): CellValue => ({ type: 'count', value });
export const day = (value: string | undefined): CellValue => ({ type: 'day', value });

/** How a user's proposals stand: by status, submitted over time, and each one. */
export function proposalContent(figures: ProposalFigures, range: DateRange): Content {
  const { byStatus, submittedByWeek, rows, total } = figures;
  const statuses = [...new Set(byStatus.map(({ status }) => status))];
  const counted = statuses.map((status) => ({ status, count: countOf(figures, status) }));
  const currencies = [...new Set(byStatus.map(({ currency }) => currency))];
  return {
    covers: 'Proposals worked on in this period',
    source: 'Your proposals',
    summary: [
      { label: 'Proposals', cell: count(total) },
      { label: 'Open', cell: count(openCount(figures)) },
      { label: 'Awarded', cell: count(countOf(figures, 'awarded')) },
      ...currencies.slice(0, 1).map((currency) => ({
        label: `Awarded (${currency})`,
        cell: amountOf(figures, 'awarded', currency),
      })),
    ],
    overview: overview(figures, range),
    charts:
      total === 0
        ? []
        : [
            {
              title: 'How they stand',
              form: 'bars',
              chart: {
                caption: 'Proposals by status',
                alt: `Bar chart of proposals by status. ${counted.map(({ status, count }) => `${statusNames[status]}: ${countText(count)}`).join('; ')}.`,
                points: counted.map(({ status, count }) => ({ label: statusNames[status], value: count })),
              },
            },
            {
              title: 'Over time',
              form: 'line',
              chart: {
                caption: `Proposals submitted by week${weeksText(range)}`,
                alt: `Line chart of proposals submitted by week. ${submittedByWeek.map(({ week, count }) => `${dayText(week)}: ${countText(count)}`).join('; ')}.`,
                points: submittedByWeek.map(({ week, count }) => ({
                  label: shortDayText(week),
                  value: count,
                })),
              },
            },
          ],
    tables:
      total === 0
        ? []
        : [byStatusTable(figures), { ...proposalTable(rows), ...closing(figures), main: true }],
  };
}

function byStatusTable({ byStatus }: ProposalFigures): ContentTable {
  return {
    title: 'By status',
    columns: [
      { header: 'Status', width: 20 },
      { header: 'Proposals', width: 12, align: 'right' },
      { header: 'Amount', width: 20, align: 'right' },
      { header: 'Currency', width: 14 },
    ],
    rows: byStatus.map(({ status, currency, count: many, amount }) => [
      text(statusNames[status]),
      count(many),
      { type: 'amount', value: amount },
      text(currency),
    ]),
    empty: 'There are none.',
  };
}

/** The table of proposals, in this report and the weekly one. */
export function proposalTable(rows: readonly ProposalRow[]): ContentTable {
  return {
    title: 'Proposals',
    columns: [
      { header: 'Title', width: 53 },
      { header: 'Agency', width: 35 },
      { header: 'Status', width: 18 },
      { header: 'Due', width: 17 },
      { header: 'Submitted', width: 17 },
      { header: 'Amount', width: 18, align: 'right' },
      { header: 'Currency', width: 14 },
    ],
    rows: rows.map((row) => [
      text(row.title),
      text(row.agency),
      text(statusNames[row.status]),
      day(row.dueOn),
      day(row.submittedOn),
      { type: 'amount', value: row.amount },
      text(row.currency),
    ]),
    empty: 'No proposal is open, and none moved in this week.',
  };
}

function closing({ rows, total }: ProposalFigures): { readonly note?: string } {
  if (rows.length >= total) return {};
  return {
    note: `The latest ${countText(rows.length)} of ${proposalsText(total)} are listed. Ask for fewer days to see the others.`,
  };
}

function overview(figures: ProposalFigures, range: DateRange): string {
  const days = `between ${dayText(range.start)} and ${dayText(range.end)}`;
  if (figures.total === 0) return `No proposals were worked on ${days}.`;
  const awarded = countOf(figures, 'awarded');
  const decided = awarded + countOf(figures, 'rejected');
  const decisions =
    decided === 0
      ? 'None was decided.'
      : `Of ${countText(decided)} decided, ${awarded === 0 ? 'none' : countText(awarded)} ${awarded > 1 ? 'were' : 'was'} awarded (${shareText(awarded / decided)}).`;
  return `${proposalsText(figures.total)} ${figures.total === 1 ? 'was' : 'were'} worked on ${days}; ${countText(openCount(figures))} of them ${openCount(figures) === 1 ? 'is' : 'are'} open. ${decisions}`;
}

function openCount(figures: ProposalFigures): number {
  return countOf(figures, 'draft') + countOf(figures, 'submitted') + countOf(figures, 'under-review');
}

function countOf({ byStatus }: ProposalFigures, wanted: ProposalStatus): number {
  return byStatus.reduce((sum, { status, count }) => (status === wanted ? sum + count : sum), 0);
}

function amountOf({ byStatus }: ProposalFigures, wanted: ProposalStatus, currency: string): CellValue {
  const group = byStatus.find((row) => row.status === wanted && row.currency === currency);
  return { type: 'amount', value: group?.amount ?? '0.00' };
}
