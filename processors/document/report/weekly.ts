import type { DateRange, WeekFigures, WeekOpportunity } from '../../../src/integrations/database/port.ts';
import { webLink } from './columns.ts';
import { count, day, proposalTable, text } from './proposals.ts';
import type { Content, ContentTable } from './report.ts';
import { countText, dayText, opportunitiesText, proposalsText, shortDayText } from './wording.ts';

const agenciesShown = 8;

/** A user's week: what is new, what closes in the seven days after it, and how the proposals stand. */
export function weeklyContent(figures: WeekFigures, range: DateRange): Content {
  return {
    covers: 'What was posted in this week, what closes after it, and your proposals',
    source: 'SAM.gov and your proposals',
    summary: [
      { label: 'New opportunities', cell: count(figures.newOpportunities) },
      { label: 'Closing in 7 days', cell: count(figures.closing) },
      { label: 'Open proposals', cell: count(figures.openProposals) },
      { label: 'Submitted this week', cell: count(figures.submittedProposals) },
    ],
    overview: overview(figures, range),
    charts: charts(figures),
    tables: [
      { ...closingTable(figures.closingRows), ...more(figures.closingRows.length, figures.closing) },
      { ...newTable(figures.newRows), ...more(figures.newRows.length, figures.newOpportunities) },
      proposalTable(figures.proposalRows),
    ],
  };
}

function charts({ newByAgency, postedByWeek }: WeekFigures): Content['charts'] {
  const agencies = newByAgency.slice(0, agenciesShown);
  const bars = {
    caption:
      newByAgency.length > agenciesShown
        ? `New opportunities by agency: the ${agenciesShown} with the most`
        : 'New opportunities by agency',
    alt: `Bar chart of new opportunities by agency. ${agencies.map((row) => `${row.agency}: ${countText(row.count)}`).join('; ')}.`,
    points: agencies.map((row) => ({ label: row.agency, value: row.count })),
  };
  const line = {
    caption: 'Opportunities posted in this and the seven weeks before',
    alt: `Line chart of opportunities posted by week. ${postedByWeek.map((row) => `${dayText(row.week)}: ${countText(row.count)}`).join('; ')}.`,
    points: postedByWeek.map((row) => ({ label: shortDayText(row.week), value: row.count })),
  };
  return [
    ...(agencies.length === 0 ? [] : [{ title: 'By agency', form: 'bars' as const, chart: bars }]),
    { title: 'Over time', form: 'line' as const, chart: line },
  ];
}

function closingTable(rows: readonly WeekOpportunity[]): ContentTable {
  return {
    title: 'Closing soon',
    columns: [
      { header: 'Deadline (UTC)', width: 26 },
      { header: 'Title', width: 60 },
      { header: 'Agency', width: 34 },
      { header: 'Set-aside', width: 24 },
      { header: 'Saved', width: 12 },
    ],
    rows: rows.map((row) => [
      { type: 'time', value: row.responseDeadline },
      { type: 'text', value: row.title, link: webLink(row.url) },
      text(row.agency),
      text(row.setAside),
      text(row.saved ? 'yes' : undefined),
    ]),
    empty: 'Nothing closes in the seven days after this week.',
  };
}

function newTable(rows: readonly WeekOpportunity[]): ContentTable {
  return {
    title: 'New this week',
    columns: [
      { header: 'Posted', width: 18 },
      { header: 'Title', width: 60 },
      { header: 'Agency', width: 34 },
      { header: 'Notice type', width: 24 },
      { header: 'Saved', width: 12 },
    ],
    rows: rows.map((row) => [
      day(row.postedOn),
      { type: 'text', value: row.title, link: webLink(row.url) },
      text(row.agency),
      text(row.noticeType),
      text(row.saved ? 'yes' : undefined),
    ]),
    empty: 'Nothing was posted in this week.',
  };
}

function more(shown: number, all: number): { readonly note?: string } {
  return shown >= all
    ? {}
    : { note: `${countText(shown)} of ${opportunitiesText(all)} are listed, saved ones first.` };
}

function overview(figures: WeekFigures, range: DateRange): string {
  const [first] = figures.newByAgency;
  const posted =
    first === undefined
      ? `Nothing was posted between ${dayText(range.start)} and ${dayText(range.end)}.`
      : `${opportunitiesText(figures.newOpportunities)} ${figures.newOpportunities === 1 ? 'was' : 'were'} posted in this week, most by ${first.agency} (${countText(first.count)}).`;
  const saved = figures.closingSaved === 0 ? '' : `, ${countText(figures.closingSaved)} of them saved by you`;
  return `${posted} ${opportunitiesText(figures.closing)} ${figures.closing === 1 ? 'closes' : 'close'} in the seven days after it${saved}. You have ${proposalsText(figures.openProposals)} open.`;
}
