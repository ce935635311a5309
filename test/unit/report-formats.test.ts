import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import ExcelJS from 'exceljs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { renderCsv } from '../../processors/document/report/csv.ts';
import { pdfRenderer, renderPdf } from '../../processors/document/report/pdf.ts';
import type { OpportunityReport, Renderer } from '../../processors/document/report/report.ts';
import { renderWorkbook } from '../../processors/document/report/workbook.ts';
import type { ReportRow } from '../../src/integrations/database/port.ts';
import { figuresOf, sampleRows } from '../integration/report-data.ts';
import { parseCsv, readPdf, unzip } from '../integration/report-files.ts';

async function render(
  renderer: Renderer,
  rows: readonly ReportRow[],
  change: Partial<OpportunityReport> = {},
) {
  const sink = new PassThrough();
  const bytes = buffer(sink);
  const rendered = await renderer(
    {
      kind: 'opportunities',
      title: 'Opportunities report',
      range: { start: '2026-08-25', end: '2026-11-22' },
      generatedAt: new Date('2026-11-22T12:00:00Z'),
      figures: figuresOf(rows),
      async *batches() {
        for (let from = 0; from < rows.length; from += 500) yield rows.slice(from, from + 500);
      },
      ...change,
    },
    sink,
  );
  return { rendered, bytes: await bytes };
}

const [sample] = sampleRows(1, '2026-08-25', 1);
if (sample === undefined) throw new Error('There is one row.');
/** Any text that PostgreSQL can hold. */
const anyText = fc
  .tuple(fc.constantFrom('', '=', '+', '-', '@', '\t', '\r'), fc.string({ unit: 'grapheme', maxLength: 60 }))
  .map((parts) => parts.join('').replaceAll('\u0000', ''))
  .filter((text) => text !== '');
const anyRow = fc
  .record({
    title: anyText,
    agency: fc.option(anyText, { nil: undefined }),
    setAside: fc.option(anyText, { nil: undefined }),
  })
  .map((texts): ReportRow => ({ ...sample, url: undefined, ...texts }));

describe('formats of a report', () => {
  it('lists so many rows in a PDF and says how many more there are, and where', async () => {
    const { rendered, bytes } = await render(pdfRenderer(30), sampleRows(1_040, '2026-08-25', 90));
    expect(rendered.rows).toBe(30);
    const text = (await readPdf(bytes)).pages.at(-1)?.map((piece) => piece.text);
    expect(text).toContain(
      'The first 30 of 1,040 opportunities are listed here; 1,010 more are in the same report as a workbook (xlsx) or CSV.',
    );
  });

  it('leaves no row and no heading alone on a page, however many rows there are', async () => {
    const days = /^\d+ (Aug|Sep|Oct|Nov) 2026$/;
    for (let count = 14; count < 30; count += 3) {
      const rows = sampleRows(count, '2026-08-25', 90).map((row, index) => ({
        ...row,
        agency: `Agency ${index}`,
      }));
      const listing = await readPdf((await render(renderPdf, rows)).bytes);
      for (const page of listing.pages) {
        const dated = page.filter((piece) => piece.x < 60 && days.test(piece.text));
        expect(dated.length).not.toBe(1);
      }
      const analytics = await readPdf((await render(renderPdf, rows, { kind: 'analytics' })).bytes);
      for (const page of analytics.pages.slice(1)) {
        const headings = page.filter((piece) => analytics.bookmarks.slice(1).includes(piece.text));
        for (const heading of headings) {
          const below = page.filter((piece) => piece.y < heading.y && piece.y > 60);
          expect(below.length).toBeGreaterThan(4);
        }
      }
    }
  });

  it('takes any text into a workbook as text', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { minLength: 1, maxLength: 10 }), async (rows) => {
        const { bytes } = await render(renderWorkbook, rows);
        for (const [, xml] of unzip(bytes)) expect(xml).not.toMatch(/<f[ >/]/);
        const book = new ExcelJS.Workbook();
        await book.xlsx.load(Uint8Array.from(bytes).buffer);
        // XML cannot hold these letters, and turns a lone return into a line feed.
        const kept = (text: string | undefined) =>
          text?.replace(/(?![\t\n\r])[\p{Cc}\ufffe\uffff]/gu, '').replace(/\r\n?/g, '\n') || null;
        rows.forEach((row, index) => {
          const value = book.getWorksheet('Opportunities')?.getCell(index + 2, 2).value;
          expect(typeof value === 'string' ? kept(value) : value).toBe(kept(row.title));
        });
      }),
      { numRuns: 25 },
    );
  });

  it('keeps a cell within what Excel and XML can hold', async () => {
    const title = `\ufffe\u0001=${'x'.repeat(40_000)}`;
    const { bytes } = await render(renderWorkbook, [{ ...sample, title }]);
    expect(unzip(bytes).get('xl/worksheets/sheet2.xml')).not.toMatch(/\ufffe|(?!\s)\p{Cc}/u);
    const book = new ExcelJS.Workbook();
    await book.xlsx.load(Uint8Array.from(bytes).buffer);
    expect(book.getWorksheet('Opportunities')?.getCell('B2').text).toBe(`=${'x'.repeat(32_765)}…`);
  });

  it('takes any text into CSV, and gives it back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { minLength: 1, maxLength: 10 }), async (rows) => {
        const { bytes } = await render(renderCsv, rows);
        const records = parseCsv(bytes.toString().slice(1)).slice(1);
        expect(records).toHaveLength(rows.length);
        records.forEach((record, index) => {
          expect(record[1]?.replace(/^'(?=[=+\-@\t\r\n＝＋－＠])/, '')).toBe(rows[index]?.title);
          for (const field of record.slice(1, 5)) expect(field).not.toMatch(/^[=+\-@\t\r]/);
        });
      }),
      { numRuns: 50 },
    );
  });

  it('lays any text out in a PDF', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyRow, { minLength: 1, maxLength: 10 }), async (rows) => {
        const { rendered, bytes } = await render(renderPdf, rows);
        expect((await readPdf(bytes)).pages).toHaveLength(rendered.pages ?? 0);
      }),
      { numRuns: 10 },
    );
  });

  it('waits for a slow reader', async () => {
    const rows = sampleRows(5_000, '2026-08-25', 90);
    const sink = new PassThrough({ highWaterMark: 1_024 });
    let asked = 0;
    const done = renderCsv(
      {
        kind: 'opportunities',
        title: 'T',
        range: { start: '2026-08-25', end: '2026-11-22' },
        generatedAt: new Date(),
        figures: figuresOf(rows),
        async *batches() {
          for (let from = 0; from < rows.length; from += 500) {
            asked += 1;
            yield rows.slice(from, from + 500);
          }
        },
      },
      sink,
    );
    // Nobody reads yet: the first write fills the sink, and no further batch may be asked for.
    await new Promise(setImmediate);
    await new Promise(setImmediate);
    expect(asked).toBe(1);
    sink.resume();
    expect((await done).rows).toBe(5_000);
  });
});
