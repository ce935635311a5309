import type { Writable } from 'node:stream';
import type { DateRange, ReportRow } from '../../../src/integrations/database/port.ts';
import { createBreather } from '../pacing.ts';
import { cardsHeight, figureCards } from '../pdf/cards.ts';
import { type Box, barChart, barChartHeight, type Chart, lineChart } from '../pdf/charts.ts';
import { createLayout, ensureRoom, finish, type Layout } from '../pdf/layout.ts';
import { paragraph, sectionHeading } from '../pdf/prose.ts';
import { beginTable, type TableColumn, tableHeight, tableStart } from '../pdf/table.ts';
import { type Breakdown, breakdowns, type Group, webLink } from './columns.ts';
import { drained, taken } from './feeding.ts';
import { mostListed } from './pdf-task.ts';
import type { OpportunityReport, Renderer } from './report.ts';
import { titlePage } from './title-page.ts';
import { renderUserPdf } from './user-pdf.ts';
import {
  amountText,
  countText,
  dayText,
  monthText,
  opportunitiesText,
  periodText,
  shareText,
  shortDayText,
  shortMoneyText,
  timeText,
  weeksText,
} from './wording.ts';

/** Height of the chart over time, in points. */
const lineHeight = 180;

/**
 * A report to hand on: a title page, the figures, charts, tables. Analytics stand upright, the long list lies on its side and
 * ends after `maxRows`.
 */
export function pdfRenderer(maxRows: number): Renderer {
  return async (report, sink) => {
    if ('content' in report) return renderUserPdf(report, sink);
    const listing = report.kind === 'opportunities';
    const layout = await createLayout({
      title: report.title,
      subject: `Opportunities posted ${periodText(report.range)}`,
      orientation: listing ? 'landscape' : 'portrait',
    });
    layout.doc.pipe(sink);
    const cover = titlePage(layout, report);
    sectionHeading(layout, 'Summary', cardsHeight);
    figureCards(layout, headlines(report));
    paragraph(layout, overview(report));
    const rows = listing
      ? await listingPart(layout, report, maxRows, sink)
      : await analyticsPart(layout, report);
    cover.writeContents();
    const { pages } = await finish(layout, `Millrace · ${periodText(report.range)}`);
    await taken(sink);
    return { rows, pages };
  };
}

export const renderPdf = pdfRenderer(mostListed);

function headlines({ figures }: OpportunityReport) {
  return [
    { label: 'Opportunities', value: countText(figures.opportunities) },
    { label: 'Agencies', value: countText(figures.agencies) },
    { label: 'Closing within 7 days', value: countText(figures.closingSoon) },
    { label: 'Awarded', value: shortMoneyText(figures.awarded) },
  ];
}

async function analyticsPart(layout: Layout, report: OpportunityReport): Promise<number> {
  const { byWeek, byAgency, bySetAside } = breakdowns(report.figures);
  if (report.figures.opportunities === 0) return 0;
  sectionHeading(layout, 'Over time', lineHeight);
  chartAcross(layout, lineChart, weekChart(byWeek, report.range), lineHeight);
  let rows = 0;
  for (const breakdown of [byAgency, bySetAside]) {
    const bars = barsOf(breakdown, 10);
    const height = barChartHeight(bars.points.length);
    sectionHeading(layout, breakdown.title, height);
    chartAcross(layout, barChart, bars, height);
    rows += await breakdownTable(layout, breakdown);
  }
  // A quarter of weeks is better read on one page.
  const weeks = byWeek.groups.length;
  sectionHeading(layout, byWeek.title, weeks <= 16 ? tableHeight(weeks) : tableStart);
  rows += await breakdownTable(layout, byWeek);
  return rows;
}

async function breakdownTable(layout: Layout, breakdown: Breakdown): Promise<number> {
  const breathe = createBreather();
  const columns: TableColumn<Group>[] = [
    {
      header: breakdown.nameHeader,
      share: 6,
      value: ({ name }) => (breakdown.dated ? dayText(name) : name),
    },
    { header: 'Opportunities', share: 2, align: 'right', value: ({ count }) => countText(count) },
    { header: 'Share', share: 1.5, align: 'right', value: ({ share }) => shareText(share) },
  ];
  const table = beginTable(layout, columns);
  for (const group of breakdown.groups) {
    table.add(group);
    await breathe();
  }
  table.end();
  return breakdown.groups.length;
}

/** Shares are about points: a moment, and the longer names of agencies, stand on one line. */
const listingColumns: readonly TableColumn<ReportRow>[] = [
  { header: 'Posted', share: 52, value: (row) => dayText(row.postedOn) },
  { header: 'Title', share: 206, value: (row) => row.title, link: (row) => webLink(row.url) },
  { header: 'Agency', share: 142, value: (row) => row.agency ?? '' },
  { header: 'Type', share: 78, value: (row) => row.noticeType ?? '' },
  { header: 'Set-aside', share: 58, value: (row) => row.setAside ?? '' },
  { header: 'NAICS', share: 37, value: (row) => row.naics ?? '' },
  {
    header: 'Deadline (UTC)',
    share: 76,
    value: ({ responseDeadline }) =>
      responseDeadline === undefined ? '' : timeText(responseDeadline).replace(/ UTC$/, ''),
  },
  {
    header: 'Award (USD)',
    share: 67,
    align: 'right',
    value: ({ awardAmount }) => (awardAmount === undefined ? '' : amountText(awardAmount)),
  },
];

async function listingPart(
  layout: Layout,
  report: OpportunityReport,
  maxRows: number,
  sink: Writable,
): Promise<number> {
  if (report.figures.opportunities === 0) return 0;
  const { byWeek, byAgency } = breakdowns(report.figures);
  const agencies = barsOf(byAgency, 8);
  const height = barChartHeight(8);
  sectionHeading(layout, 'By agency and week', height);
  const half = (layout.width - 28) / 2;
  barChart(layout, agencies, { x: layout.left, y: layout.y, width: half, height });
  lineChart(layout, weekChart(byWeek, report.range), {
    x: layout.right - half,
    y: layout.y,
    width: half,
    height,
  });
  layout.y += height + 20;

  sectionHeading(layout, 'Opportunities', tableStart);
  const breathe = createBreather();
  const table = beginTable(layout, listingColumns);
  let rows = 0;
  for await (const batch of report.batches()) {
    for (const row of batch.slice(0, maxRows - rows)) {
      table.add(row);
      rows += 1;
      await breathe();
    }
    await drained(sink);
    if (rows >= maxRows) break;
  }
  table.end();
  paragraph(layout, closing(rows, report.figures.opportunities));
  return rows;
}

function closing(rows: number, all: number): string {
  if (all <= rows) return `End of the list: ${opportunitiesText(rows)}.`;
  return `The first ${countText(rows)} of ${opportunitiesText(all)} are listed here; ${countText(all - rows)} more are in the same report as a workbook (xlsx) or CSV.`;
}

function overview({ figures, range }: OpportunityReport): string {
  const days = `${dayText(range.start)} and ${dayText(range.end)}`;
  const posted = `Between ${days}, ${opportunitiesText(figures.opportunities)}`;
  const [first] = figures.byAgency;
  if (first === undefined) return `No opportunities were posted between ${days}.`;
  const busiest = figures.byWeek.reduce((most, week) => (week.count > most.count ? week : most), {
    week: range.start,
    count: 0,
  });
  const sentences = [
    `${posted} ${figures.opportunities === 1 ? 'was' : 'were'} posted by ${countText(figures.agencies)} ${figures.agencies === 1 ? 'agency' : 'agencies'}.`,
    `The largest group by agency is ${first.agency} with ${countText(first.count)} (${shareText(first.count / figures.opportunities)}).`,
    `The busiest week began on ${dayText(busiest.week)}, with ${countText(busiest.count)}.`,
  ];
  return sentences.join(' ');
}

function chartAcross(
  layout: Layout,
  draw: (layout: Layout, chart: Chart, box: Box) => void,
  chart: Chart,
  height: number,
): void {
  ensureRoom(layout, height);
  draw(layout, chart, { x: layout.left, y: layout.y, width: layout.width, height });
  layout.y += height + 20;
}

function weekChart({ groups }: Breakdown, range: DateRange): Chart {
  const label = groups.length > 53 ? monthText : shortDayText;
  return {
    caption: `Opportunities posted by week${weeksText(range)}`,
    alt: describe(`Line chart of opportunities posted by week${weeksText(range)}`, groups, dayText),
    points: groups.map(({ name, count }) => ({ label: label(name), value: count })),
  };
}

function barsOf(breakdown: Breakdown, most: number): Chart {
  const shown = breakdown.groups.slice(0, most);
  const what = `Opportunities ${breakdown.title.toLowerCase()}`;
  return {
    caption: breakdown.groups.length > most ? `${what}: the ${most} with the most` : what,
    alt: describe(`Bar chart of ${what.toLowerCase()}`, shown, (name) => name),
    points: shown.map(({ name, count }) => ({ label: name, value: count })),
  };
}

function describe(what: string, groups: readonly Group[], naming: (name: string) => string): string {
  const spoken = groups.slice(0, 60).map(({ name, count }) => `${naming(name)}: ${countText(count)}`);
  return `${what}. ${spoken.length === 0 ? 'No data' : spoken.join('; ')}.`;
}
