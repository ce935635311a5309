import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import ExcelJS from 'exceljs';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { read, utils } from 'xlsx';
import { writeCsv } from '../../processors/document/export/csv.ts';
import type { DatasetColumn } from '../../processors/document/export/datasets.ts';
import { writeNdjson } from '../../processors/document/export/ndjson.ts';
import type { ExportWriter } from '../../processors/document/export/writer.ts';
import { xlsxWriter } from '../../processors/document/export/xlsx.ts';
import { columnLetters } from '../../processors/document/export/xlsx-parts.ts';
import type { ExportRow } from '../../src/integrations/database/port.ts';
import { parseCsv, unzip } from '../integration/report-files.ts';

const columns: readonly DatasetColumn[] = [
  { name: 'title', type: 'text', width: 40 },
  { name: 'revision', type: 'number', width: 10 },
  { name: 'amount', type: 'amount', width: 10 },
  { name: 'active', type: 'boolean', width: 10 },
  { name: 'posted_on', type: 'day', width: 10 },
  { name: 'updated_at', type: 'time', width: 10 },
  { name: 'tags', type: 'list', width: 10 },
];
const row = (title: string | null): ExportRow => [
  title,
  '7',
  '12345678901234.50',
  't',
  '2024-02-29',
  '2024-02-29 17:05:07+00',
  '["a","=b"]',
];
const empty: ExportRow = ['', null, null, null, null, null, null];

async function write(
  writer: ExportWriter,
  rows: readonly ExportRow[],
  batchSize = 3,
  asked = columns,
): Promise<Buffer> {
  const sink = new PassThrough();
  const bytes = buffer(sink);
  async function* batches() {
    for (let from = 0; from < rows.length; from += batchSize) yield rows.slice(from, from + batchSize);
  }
  expect(await writer(asked, batches(), sink)).toBe(rows.length);
  return bytes;
}

const load = async (bytes: Buffer): Promise<ExcelJS.Workbook> => {
  const book = new ExcelJS.Workbook();
  await book.xlsx.load(Uint8Array.from(bytes).buffer);
  return book;
};

/** Any text that PostgreSQL can hold, and what spreadsheets trip over. */
const anyText = fc
  .tuple(
    fc.constantFrom('', '=', '+', '-', '@', '\t', '\r', ' ', '<b>&amp;"', '\u0001\ufffe', '€Ж😀'),
    fc.string({ unit: 'grapheme', maxLength: 40 }),
    fc.constantFrom('', ' ', '\n', ',', '"'),
  )
  .map((parts) => parts.join('').replaceAll('\u0000', ''));

describe('an export as CSV', () => {
  it('has a header and each type in its own notation', async () => {
    const text = (await write(writeCsv, [row('plain'), empty])).toString();
    expect(text).toBe(
      '\ufefftitle,revision,amount,active,posted_on,updated_at,tags\r\n' +
        'plain,7,12345678901234.50,true,2024-02-29,2024-02-29T17:05:07Z,a; =b\r\n' +
        ',,,,,,\r\n',
    );
  });

  it('guards a list whose first item would be a formula', async () => {
    const listed: ExportRow = [...row('plain').slice(0, 6), '["=1+1","b"]'];
    expect((await write(writeCsv, [listed])).toString()).toContain(",'=1+1; b\r\n");
  });

  it('takes any text, gives it back, and never as a formula', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { maxLength: 8 }), async (titles) => {
        const records = parseCsv((await write(writeCsv, titles.map(row))).toString().slice(1)).slice(1);
        expect(records.map(([title]) => title?.replace(/^'(?=[=+\-@\t\r\n＝＋－＠])/, ''))).toEqual(titles);
        for (const [title] of records) expect(title).not.toMatch(/^[=+\-@\t\r]/);
      }),
      { numRuns: 50 },
    );
  });
});

describe('an export as NDJSON', () => {
  it('is an object a line, amounts with every digit', async () => {
    const text = (await write(writeNdjson, [row('plain'), empty])).toString();
    expect(text.split('\n')[0]).toBe(
      '{"title":"plain","revision":7,"amount":12345678901234.50,"active":true,"posted_on":"2024-02-29","updated_at":"2024-02-29T17:05:07Z","tags":["a","=b"]}',
    );
    expect(JSON.parse(text.split('\n')[1] ?? '')).toEqual({
      title: '',
      revision: null,
      amount: null,
      active: null,
      posted_on: null,
      updated_at: null,
      tags: null,
    });
  });

  it('is what JSON.stringify writes, whatever is known of a row', async () => {
    const known = columns.filter(({ type }) => type === 'text' || type === 'boolean' || type === 'day');
    const values = fc.record({
      title: fc.option(anyText),
      active: fc.option(fc.boolean()),
      posted_on: fc.option(fc.constant('2024-02-29')),
    });
    await fc.assert(
      fc.asyncProperty(
        fc.shuffledSubarray([...known], { minLength: 1 }),
        fc.array(values),
        async (asked, objects) => {
          const rows = objects.map((object) =>
            asked.map(({ name }) => {
              const value = Object.entries(object).find(([key]) => key === name)?.[1] ?? null;
              return typeof value === 'boolean' ? (value ? 't' : 'f') : value;
            }),
          );
          const text = (await write(writeNdjson, rows, 3, asked)).toString();
          const names = asked.map(({ name }) => name);
          expect(text).toBe(objects.map((object) => `${JSON.stringify(object, names)}\n`).join(''));
        },
      ),
      { numRuns: 100 },
    );
  });

  it('takes any text and gives it back', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { minLength: 1, maxLength: 8 }), async (titles) => {
        const lines = (await write(writeNdjson, titles.map(row))).toString().trimEnd().split('\n');
        expect(lines.map((line) => JSON.parse(line).title)).toEqual(titles);
      }),
      { numRuns: 50 },
    );
  });
});

describe('an export as a workbook', () => {
  it('opens in two libraries, with typed cells', async () => {
    const bytes = await write(xlsxWriter('Stories'), [row('plain'), empty]);
    const sheet = (await load(bytes)).getWorksheet('Stories');
    expect(sheet?.getRow(1).values).toEqual([undefined, ...columns.map(({ name }) => name)]);
    expect([1, 2, 3, 4, 5, 6, 7].map((column) => sheet?.getCell(2, column).value)).toEqual([
      'plain',
      7,
      12345678901234.5,
      true,
      new Date('2024-02-29T00:00:00Z'),
      new Date('2024-02-29T17:05:07Z'),
      'a; =b',
    ]);
    expect(sheet?.getCell('A2').numFmt).toBe('@');
    expect(sheet?.getCell('C2').numFmt).toBe('#,##0.00');
    expect(sheet?.getCell('A3').value).toBeNull();
    expect(sheet?.views[0]).toMatchObject({ state: 'frozen', ySplit: 1 });
    expect(sheet?.autoFilter).toBe('A1:G3');
    expect(sheet?.getColumn(1).width).toBe(40);

    const other = read(bytes);
    expect(other.SheetNames).toEqual(['Stories']);
    const records: unknown[] = utils.sheet_to_json(other.Sheets.Stories ?? {}, { header: 1 });
    const leapDay = 45_351;
    const time = leapDay + (17 * 3_600 + 5 * 60 + 7) / 86_400;
    expect(records[1]).toEqual(['plain', 7, 12345678901234.5, true, leapDay, time, 'a; =b']);
  });

  it('takes any text as text', async () => {
    // XML cannot hold these letters, and turns a return into a line feed.
    const kept = (text: string) =>
      text.replace(/(?![\t\n\r])[\p{Cc}\ufffe\uffff]/gu, '').replace(/\r\n?/g, '\n') || null;
    await fc.assert(
      fc.asyncProperty(fc.array(anyText, { minLength: 1, maxLength: 8 }), async (titles) => {
        const bytes = await write(xlsxWriter('T'), titles.map(row));
        expect(unzip(bytes).get('xl/worksheets/sheet1.xml')).not.toMatch(/<f[ >/]/);
        const sheet = (await load(bytes)).getWorksheet('T');
        titles.forEach((title, index) => {
          expect(sheet?.getCell(index + 2, 1).value).toBe(kept(title));
        });
      }),
      { numRuns: 40 },
    );
  });

  it('escapes what OOXML itself would read as an escape', async () => {
    const xml = unzip(await write(xlsxWriter('T'), [row('_x0041_ x_x')])).get('xl/worksheets/sheet1.xml');
    expect(xml).toContain('>_x005F_x0041_ x_x<');
  });

  it('shortens what a cell cannot hold, and keeps days that Excel does not know as text', async () => {
    const old: ExportRow = [
      'x'.repeat(40_000),
      null,
      null,
      null,
      '1776-07-04',
      '0044-03-15 10:00:00+00 BC',
      null,
    ];
    // Excel's year 1900 has a 29 February, so its days before March are others than ours.
    const [february, march] = ['1900-02-28', '1900-03-01'].map(
      (day): ExportRow => [null, null, null, null, day, null, null],
    );
    const rows = [old, february ?? empty, march ?? empty];
    const sheet = (await load(await write(xlsxWriter('T'), rows))).getWorksheet('T');
    expect(sheet?.getCell('E3').value).toBe('1900-02-28');
    expect(sheet?.getCell('E4').value).toEqual(new Date('1900-03-01T00:00:00Z'));
    expect(sheet?.getCell('A2').value).toBe(`${'x'.repeat(32_766)}…`);
    expect(sheet?.getCell('E2').value).toBe('1776-07-04');
    expect(typeof sheet?.getCell('F2').value).toBe('string');
  });

  it('goes on in further sheets, by rows and by bytes', async () => {
    const rows = Array.from({ length: 10 }, (_, index) => row(`title ${index}`));
    for (const limits of [
      { rows: 4, bytes: 1e9 },
      { rows: 1e6, bytes: 3_000 },
    ]) {
      const book = await load(await write(xlsxWriter('Stories', { limits }), rows));
      expect(book.worksheets.length).toBeGreaterThan(1);
      expect(book.worksheets.map(({ name }) => name).slice(0, 2)).toEqual(['Stories', 'Stories 2']);
      const titles = book.worksheets.flatMap((sheet) => {
        expect(sheet.getCell('A1').value).toBe('title');
        return Array.from({ length: sheet.rowCount - 1 }, (_, index) => sheet.getCell(index + 2, 1).value);
      });
      expect(titles).toEqual(rows.map(([title]) => title));
    }
  });

  it('holds every letter of cells that are larger than what is compressed at once', async () => {
    const titles = ['Ж', '&', '😀x', 'a'].flatMap((letter, index) =>
      [32_000, 9_000].map((length) => `${index} ${letter.repeat(length / letter.length)}`),
    );
    const rows = Array.from({ length: 40 }, (_, index) => row(titles[index % titles.length] ?? ''));
    const sheet = (await load(await write(xlsxWriter('T'), rows))).getWorksheet('T');
    // One by one: the difference of forty such texts is nothing to read.
    for (const [index, [title]] of rows.entries())
      expect(sheet?.getCell(index + 2, 1).value === title, `row ${index}`).toBe(true);
  });

  it('says on a last sheet what it holds, as text and numbers', async () => {
    const bytes = await write(
      xlsxWriter('Stories', {
        summary: (rows) => [
          ['Rows', rows],
          ['Filter', '=1+1 <&> "a"'],
        ],
      }),
      [row('a'), row('b')],
    );
    const book = await load(bytes);
    expect(book.worksheets.map(({ name }) => name)).toEqual(['Stories', 'Summary']);
    expect(book.getWorksheet('Summary')?.getSheetValues().slice(1)).toEqual([
      [undefined, 'Rows', 2],
      [undefined, 'Filter', '=1+1 <&> "a"'],
    ]);
    const other = read(bytes);
    expect(utils.sheet_to_json(other.Sheets.Summary ?? {}, { header: 1 })).toEqual([
      ['Rows', 2],
      ['Filter', '=1+1 <&> "a"'],
    ]);
  });

  it('is a workbook without rows too', async () => {
    const book = await load(await write(xlsxWriter('Stories'), []));
    expect(book.getWorksheet('Stories')?.rowCount).toBe(1);
  });

  it('names columns as spreadsheets do', () => {
    expect([0, 25, 26, 51, 52, 701, 702].map(columnLetters)).toEqual([
      'A',
      'Z',
      'AA',
      'AZ',
      'BA',
      'ZZ',
      'AAA',
    ]);
  });
});

describe.each([
  ['csv', writeCsv],
  ['ndjson', writeNdjson],
  ['xlsx', xlsxWriter('T')],
] as const)('any export (%s)', (_name, writer) => {
  it('waits for a slow reader', async () => {
    const sink = new PassThrough({ highWaterMark: 1_024 });
    // As with its owner in a job: between two writes nobody else hears that it broke.
    sink.on('error', () => undefined);
    let asked = 0;
    async function* batches() {
      for (; asked < 300; asked += 1) yield Array.from({ length: 1_000 }, (_, at) => row(`${asked} ${at}`));
    }
    const done = writer(columns, batches(), sink);
    for (let turn = 0; turn < 200; turn += 1) await new Promise(setImmediate);
    expect(asked).toBeLessThan(20);
    sink.destroy(new Error('enough'));
    await expect(done).rejects.toThrow('enough');
    expect(asked).toBeLessThan(30);
  });

  it('fails as its source does', async () => {
    const sink = new PassThrough();
    sink.resume();
    async function* batches() {
      yield [row('one')];
      throw new Error('the cursor broke');
    }
    await expect(writer(columns, batches(), sink)).rejects.toThrow('the cursor broke');
  });
});
