import type { Writable } from 'node:stream';
import { createBreather } from '../pacing.ts';
import { figureCards } from '../pdf/cards.ts';
import { createLayout, finish, type Layout } from '../pdf/layout.ts';
import { paragraph, sectionHeading, titleBlock } from '../pdf/prose.ts';
import { beginTable, type TableColumn, tableStart } from '../pdf/table.ts';
import { drained, taken } from '../report/feeding.ts';
import { countText, timeText } from '../report/wording.ts';
import { caution, type Matrix, type MatrixRow, requirementsText } from './matrix.ts';

/** More than any sentence needs; a row must still fit on a page. */
const maxLines = 40;

const described: readonly TableColumn<MatrixRow>[] = [
  { header: 'ID', share: 36, value: ({ id }) => id },
  { header: 'Paragraph', share: 66, value: (row) => row.paragraph },
  { header: 'Page', share: 28, align: 'right', value: ({ page }) => String(page) },
  { header: 'Requirement', share: 330, maxLines, value: ({ text }) => text },
  { header: 'Keyword', share: 56, value: ({ keyword }) => keyword },
  { header: 'Who', share: 52, value: ({ party }) => party },
];
const document: TableColumn<MatrixRow> = { header: 'Document', share: 80, value: (row) => row.document };
const toFill: readonly TableColumn<MatrixRow>[] = [
  { header: 'Status', share: 60, value: () => '' },
  { header: 'Response', share: 76, value: () => '' },
];

/** The matrix on paper, with room to fill in by hand. Ends the sink. */
export async function writeMatrixPdf(matrix: Matrix, sink: Writable): Promise<{ readonly pages: number }> {
  const layout = await createLayout({
    title: matrix.title,
    subject: `Requirements of ${matrix.opportunityId}`,
    orientation: 'landscape',
  });
  layout.doc.pipe(sink);
  titleBlock(layout, matrix.title, `Made ${timeText(matrix.madeAt)} from ${matrix.documents.join(', ')}.`);
  const by = (party: string) => matrix.requirements.filter((row) => row.party === party).length;
  figureCards(layout, [
    { label: 'Requirements', value: countText(matrix.requirements.length) },
    { label: 'For the offeror', value: countText(by('Offeror')) },
    { label: 'For the contractor', value: countText(by('Contractor')) },
    { label: 'Obligations of the Government', value: countText(matrix.government.length) },
  ]);
  paragraph(layout, caution);
  if (matrix.requirements.length === 0) paragraph(layout, 'No requirement was found in the text.');
  const columns = [...described, ...(matrix.documents.length > 1 ? [document] : [])];
  for (const { name, requirements } of matrix.sections) {
    await table(
      layout,
      sink,
      `${name} (${requirementsText(requirements.length)})`,
      [...columns, ...toFill],
      requirements,
    );
  }
  if (matrix.government.length > 0)
    await table(layout, sink, 'What the Government says that it will do', columns, matrix.government);
  const { pages } = await finish(layout, `Millrace · ${matrix.opportunityId}`);
  await taken(sink);
  return { pages };
}

async function table(
  layout: Layout,
  sink: Writable,
  title: string,
  columns: readonly TableColumn<MatrixRow>[],
  rows: readonly MatrixRow[],
): Promise<void> {
  const breathe = createBreather();
  sectionHeading(layout, title, tableStart);
  const drawn = beginTable(layout, columns);
  for (const row of rows) {
    drawn.add(row);
    await breathe();
    await drained(sink);
  }
  drawn.end();
}
