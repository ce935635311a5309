import { type CoverPage, coverPage } from '../pdf/cover.ts';
import type { Layout } from '../pdf/layout.ts';
import { reportTitle } from './plan.ts';
import type { Report } from './report.ts';
import { customerText, periodText, timeText } from './wording.ts';

/** The title page of a report: what it is, of which days, for whom, when it was made and from what, and its contents. */
export function titlePage(layout: Layout, report: Report): CoverPage {
  const kind = reportTitle(undefined, report.kind);
  const [covers, source] =
    'content' in report
      ? [report.content.covers, report.content.source]
      : ['Opportunities posted in this period', 'SAM.gov'];
  const customer = report.preparedFor === undefined ? '' : customerText(report.preparedFor);
  return coverPage(layout, {
    kind: report.title === kind ? 'Report' : kind,
    title: report.title,
    period: periodText(report.range),
    facts: [
      ...(customer === '' ? [] : [{ label: 'Prepared for', value: customer }]),
      { label: 'Covers', value: covers },
      { label: 'Made', value: timeText(report.generatedAt) },
      { label: 'Source', value: source },
    ],
  });
}
