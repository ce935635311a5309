import type { Writable } from 'node:stream';
import { createBreather } from '../pacing.ts';
import { cardsHeight, figureCards } from '../pdf/cards.ts';
import { barChart, barChartHeight, lineChart } from '../pdf/charts.ts';
import { createLayout, ensureRoom, finish, type Layout } from '../pdf/layout.ts';
import { paragraph, sectionHeading } from '../pdf/prose.ts';
import { beginTable, type TableColumn, tableStart } from '../pdf/table.ts';
import type { CellValue } from './columns.ts';
import { taken } from './feeding.ts';
import type { ContentChart, ContentTable, Rendered, UserReport } from './report.ts';
import { titlePage } from './title-page.ts';
import { amountText, countText, dayText, periodText, shareText, timeText } from './wording.ts';

/** Height of a line chart, in points. */
const lineHeight = 160;

/** A user's report on upright pages: title page, figures, what it comes to, charts, tables. */
export async function renderUserPdf(report: UserReport, sink: Writable): Promise<Rendered> {
  const { content, title, range } = report;
  const layout = await createLayout({
    title,
    subject: `${content.covers}: ${periodText(range)}`,
    orientation: 'portrait',
  });
  layout.doc.pipe(sink);
  const cover = titlePage(layout, report);
  sectionHeading(layout, 'Summary', cardsHeight);
  figureCards(
    layout,
    content.summary.map(({ label, cell }) => ({ label, value: cellText(cell) })),
  );
  paragraph(layout, content.overview);
  for (const chart of content.charts) drawChart(layout, chart);
  let rows = 0;
  for (const table of content.tables) rows += await drawTable(layout, table);
  cover.writeContents();
  const { pages } = await finish(layout, `Millrace · ${periodText(range)}`);
  await taken(sink);
  return { rows, pages };
}

function drawChart(layout: Layout, { title, form, chart }: ContentChart): void {
  const height = form === 'bars' ? barChartHeight(chart.points.length) : lineHeight;
  sectionHeading(layout, title, height);
  ensureRoom(layout, height);
  const draw = form === 'bars' ? barChart : lineChart;
  draw(layout, chart, { x: layout.left, y: layout.y, width: layout.width, height });
  layout.y += height + 20;
}

async function drawTable(
  layout: Layout,
  { title, columns, rows, empty, note }: ContentTable,
): Promise<number> {
  sectionHeading(layout, title, rows.length === 0 ? 20 : tableStart);
  if (rows.length === 0) {
    paragraph(layout, empty);
    return 0;
  }
  const breathe = createBreather();
  const table = beginTable(
    layout,
    columns.map(({ header, width, align }, index): TableColumn<readonly CellValue[]> => {
      const cellOf = (row: readonly CellValue[]): CellValue =>
        row[index] ?? { type: 'text', value: undefined };
      return {
        header,
        share: width,
        ...(align === undefined ? {} : { align }),
        value: (row) => cellText(cellOf(row)),
        link: (row) => {
          const cell = cellOf(row);
          return cell.type === 'text' ? cell.link : undefined;
        },
      };
    }),
  );
  for (const row of rows) {
    table.add(row);
    await breathe();
  }
  table.end();
  if (note !== undefined) paragraph(layout, note);
  return rows.length;
}

function cellText(cell: CellValue): string {
  if (cell.value === undefined) return '';
  switch (cell.type) {
    case 'count':
      return countText(cell.value);
    case 'share':
      return shareText(cell.value);
    case 'amount':
      return amountText(cell.value);
    case 'day':
      return dayText(cell.value);
    case 'time':
      return timeText(cell.value).replace(/ UTC$/, '');
    default:
      return cell.value;
  }
}
