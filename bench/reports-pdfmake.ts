import { createRequire } from 'node:module';
import pdfmake from 'pdfmake';
import type { Content, TDocumentDefinitions } from 'pdfmake/interfaces.js';
import { dayText, periodText, timeText } from '../processors/document/report/wording.ts';
import type { ReportRow } from '../src/integrations/database/port.ts';
import type { BenchReport } from './reports-contestants.ts';

const { resolve } = createRequire(import.meta.url);
const ttf = (name: string) => resolve(`dejavu-fonts-ttf/ttf/${name}.ttf`);
pdfmake.setFonts({
  DejaVu: { normal: ttf('DejaVuSansCondensed'), bold: ttf('DejaVuSansCondensed-Bold') },
});
pdfmake.setUrlAccessPolicy(() => false);
pdfmake.setLocalAccessPolicy((path) => path.endsWith('.ttf'));

const accent = '#1f4e79';
const tint = '#eef3f8';

/** Bars by agency, as wide as half the page. */
function bars(groups: BenchReport['figures']['byAgency']): Content {
  const most = Math.max(1, ...groups.map(({ count }) => count));
  return groups.slice(0, 8).map(
    ({ agency, count }): Content => ({
      columns: [
        { text: agency, width: 140, fontSize: 7, alignment: 'right' },
        { canvas: [{ type: 'rect', x: 8, y: 1, w: (150 * count) / most, h: 8, color: accent }], width: 165 },
        { text: String(count), width: 30, fontSize: 7 },
      ],
      margin: [0, 2],
    }),
  );
}

function line(weeks: BenchReport['figures']['byWeek']): Content {
  const most = Math.max(1, ...weeks.map(({ count }) => count));
  const points = weeks.map(({ count }, index) => ({
    x: (320 * index) / Math.max(1, weeks.length - 1),
    y: 130 - (120 * count) / most,
  }));
  return { canvas: [{ type: 'polyline', points, lineWidth: 1.4, lineColor: accent }] };
}

function cells(row: ReportRow): Content[] {
  const title = { text: row.title, ...(row.url === undefined ? {} : { link: row.url, color: accent }) };
  const deadline = row.responseDeadline === undefined ? '' : timeText(row.responseDeadline);
  return [
    dayText(row.postedOn),
    title,
    row.agency ?? '',
    row.noticeType ?? '',
    row.setAside ?? '',
    row.naics ?? '',
    deadline,
    { text: row.awardAmount ?? '', alignment: 'right' },
  ];
}

/** The same report as ours in pdfmake's terms: title, figures, two charts, the table with its header on every page. */
export default async function draw({ title, range, figures, rows }: BenchReport): Promise<Uint8Array> {
  const header = ['Posted', 'Title', 'Agency', 'Type', 'Set-aside', 'NAICS', 'Deadline (UTC)', 'Award (USD)'];
  const definition: TDocumentDefinitions = {
    pageSize: 'LETTER',
    pageOrientation: 'landscape',
    pageMargins: [42, 60, 42, 60],
    defaultStyle: { font: 'DejaVu', fontSize: 7.5 },
    info: { title },
    footer: (page: number, pages: number) => ({
      columns: [periodText(range), { text: `Page ${page} of ${pages}`, alignment: 'right' }],
      margin: [42, 20],
      fontSize: 7,
    }),
    content: [
      { text: title, fontSize: 21, bold: true, color: accent },
      { text: periodText(range), margin: [0, 4, 0, 12] },
      {
        columns: [
          ['Opportunities', String(figures.opportunities)],
          ['Agencies', String(figures.agencies)],
          ['Closing within 7 days', String(figures.closingSoon)],
          ['Awarded', figures.awarded.amount],
        ].map(([label = '', value = '']) => ({ stack: [label, { text: value, fontSize: 17, bold: true }] })),
        margin: [0, 0, 0, 12],
      },
      { columns: [{ stack: [bars(figures.byAgency)] }, { stack: [line(figures.byWeek)] }] },
      { text: 'Opportunities', fontSize: 13, bold: true, margin: [0, 12, 0, 6] },
      {
        table: {
          headerRows: 1,
          dontBreakRows: true,
          widths: [50, 203, 122, 74, 74, 36, 50, 68],
          body: [
            header.map((text) => ({ text, bold: true, color: accent, fillColor: tint })),
            ...rows.map(cells),
          ],
        },
        layout: 'lightHorizontalLines',
      },
    ],
  };
  return pdfmake.createPdf(definition).getBuffer();
}
