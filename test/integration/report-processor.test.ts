import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ExcelJS from 'exceljs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { read, utils } from 'xlsx';
import { generateReport } from '../../processors/document/generate-report.ts';
import { documentQueue } from '../../queues/document.ts';
import type { Payload, Result } from '../../queues/index.ts';
import type { ReportRow } from '../../src/integrations/database/port.ts';
import { createLocalStorage } from '../../src/integrations/storage/local.ts';
import type { Storage } from '../../src/integrations/storage/port.ts';
import { Events } from '../../src/observability/events.ts';
import { createWorld, type World } from '../support/world.ts';
import { insertRows, sampleRows } from './report-data.ts';
import { overlaps, parseCsv, type ReadPdf, readPdf, unzip } from './report-files.ts';

type Request = Payload<'document', 'generate-report'>['data'];

const rows = sampleRows(320, '2026-08-25', 90);
const range = { start: '2026-08-25', end: '2026-11-22' };
const scripts = ['Προμήθεια εξοπλισμού', 'Поставка оборудования', 'Zażółć gęślą jaźń'];

describe('generate-report', () => {
  let world: World;
  let storage: Storage;
  let filesDir: string;

  beforeAll(async () => {
    world = await createWorld();
    await insertRows(world.databaseUrl, rows);
    filesDir = join(world.dataDir, 'files');
    storage = createLocalStorage({ dir: filesDir });
  });
  afterAll(() => world.close());

  interface Run {
    readonly key: string;
    readonly signal?: AbortSignal;
    readonly onProgress?: (percent: number) => void;
    readonly events?: Events;
    readonly database?: World['database'];
    readonly storage?: Storage;
    readonly added?: unknown[];
    readonly userId?: string;
  }

  function run(data: Omit<Request, 'userId'>, options: Run): Promise<Result<'document', 'generate-report'>> {
    const payload = {
      type: 'generate-report' as const,
      data: { userId: options.userId ?? 'user1', dateRange: range, ...data },
    };
    const quiet = () => undefined;
    return generateReport.run({
      job: {
        id: '1',
        queue: 'document',
        name: 'generate-report',
        attempt: 1,
        maxAttempts: 3,
        key: options.key,
        correlationId: 'c1',
        addedBy: 'shop',
      },
      type: payload.type,
      data: payload.data,
      payload,
      log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
      signal: options.signal ?? new AbortController().signal,
      progress: (percent) => options.onProgress?.(percent),
      addJob: async (...job) => {
        options.added?.push(job);
        return { id: 'mail1' };
      },
      addJobs: () => Promise.reject(new Error('A report adds its mails one by one.')),
      services: {
        database: options.database ?? world.database,
        storage: options.storage ?? storage,
        events: options.events ?? new Events(),
      },
    });
  }

  const stored = (result: { storageKey: string }) => readFile(join(filesDir, result.storageKey));
  const halfWritten = () => readdir(join(filesDir, '.incoming')).catch((): string[] => []);
  const documentRows = async (key: string) =>
    (await world.pool.query('select * from documents where job_key = $1', [key])).rows;

  describe('as PDF', () => {
    let result: Result<'document', 'generate-report'>;
    let bytes: Buffer;
    let pdf: ReadPdf;

    beforeAll(async () => {
      result = await run({ reportType: 'opportunities', format: 'pdf' }, { key: 'pdf1' });
      bytes = await stored(result);
      pdf = await readPdf(bytes);
    });

    it('gives the result that the job promises, and the row that says the same', async () => {
      expect(documentQueue.jobs['generate-report'].result.parse(result)).toEqual(result);
      expect(result).toMatchObject({
        fileName: 'opportunities-report-2026-08-25-to-2026-11-22.pdf',
        contentType: 'application/pdf',
        storageKey: `reports/${result.documentId}.pdf`,
        bytes: bytes.length,
        pages: pdf.pages.length,
        rows: 320,
      });
      expect(await world.database.documents.find(result.documentId)).toMatchObject({
        jobKey: 'pdf1',
        jobId: expect.any(String),
        addedBy: 'shop',
        userId: 'user1',
        kind: 'report-opportunities',
        format: 'pdf',
        title: 'Opportunities report',
        sha256: result.sha256,
        pages: result.pages,
      });
    });

    it('says on each page which of how many it is, and repeats the header of the table', () => {
      const last = pdf.pages.length;
      expect(last).toBeGreaterThan(10);
      pdf.pages.forEach((page, index) => {
        const texts = page.map((piece) => piece.text);
        expect(texts).toContain(`Page ${index + 1} of ${last}`);
        if (index === 0) return;
        for (const header of ['Posted', 'Title', 'Agency', 'NAICS', 'Award (USD)'])
          expect(texts.filter((text) => text === header)).toHaveLength(1);
      });
    });

    it('lists every row, in every script, with long words and long titles wrapped in their column', () => {
      const all = pdf.pages.flat();
      const text = all.map((piece) => piece.text).join('\n');
      for (const script of scripts) expect(text).toContain(script);
      expect(text).toContain('=HYPERLINK("http://example.com","Click")');
      expect(text.replaceAll('\n', '')).toContain('Pneumonoultramicroscopicsilicovolcanoconiosisresearch');
      expect(text).toContain('End of the list: 320 opportunities.');
      const posted = all.filter((piece) => piece.x < 60 && /^\d+ (Aug|Sep|Oct|Nov) 2026$/.test(piece.text));
      expect(posted).toHaveLength(320);
    });

    it('puts no text on another, and none outside the page', () => {
      for (const page of pdf.pages) {
        expect(overlaps(page)).toEqual([]);
        for (const piece of page) {
          expect(piece.x).toBeGreaterThan(40);
          expect(piece.x + piece.width).toBeLessThan(792 - 40);
          expect(piece.y).toBeGreaterThan(40);
        }
      }
    });

    it('aligns amounts to the right', () => {
      const amounts = pdf.pages.flat().filter((piece) => /^[\d,]+\.\d\d$/.test(piece.text));
      expect(amounts.length).toBeGreaterThan(30);
      for (const { x, width } of amounts) expect(x + width).toBeCloseTo(792 - 46, 0);
    });

    it('has a title, a language, bookmarks, tags and embedded subsets of its fonts', () => {
      expect(pdf).toMatchObject({ title: 'Opportunities report', language: 'en', marked: true });
      expect(pdf.bookmarks).toEqual([
        'Opportunities report',
        'Summary',
        'By agency and week',
        'Opportunities',
      ]);
      const count = (role: string) => pdf.tags.filter((tag) => tag.role === role).length;
      expect(count('H1')).toBe(1);
      expect(count('H2')).toBe(3);
      expect(count('TOCI')).toBe(3);
      expect(count('TH')).toBe(8);
      expect(count('TD')).toBe(320 * 8);
      const figures = pdf.tags.filter((tag) => tag.role === 'Figure');
      expect(figures).toHaveLength(2);
      expect(figures[0]?.alt).toContain('DEPT OF DEFENSE');
      expect(count('Link')).toBe(3 + rows.filter((row) => row.url !== undefined).length);
      expect(pdf.links).toEqual(rows.flatMap((row) => row.url ?? []));
      expect(pdf.leads).toEqual([2, 2, 2]);
      const raw = bytes.toString('latin1');
      expect(raw.match(/\/FontFile2/g)).toHaveLength(2);
      expect(raw).toMatch(/\/FontName \/[A-Z]{6}\+DejaVuSansCondensed\n/);
      expect(bytes.length).toBeLessThan(800_000);
    });
  });

  it('begins with a page that says what it is, for whom, when it was made, and what stands where', async () => {
    await world.database.users.upsert([
      { id: 'u-cover', email: 'ada@example.com', name: 'Ada Lovelace', company: 'Analytical Engines Ltd' },
    ]);
    const asked = { reportType: 'analytics', format: 'pdf' } as const;
    const result = await run({ ...asked, title: 'Autumn' }, { key: 'cover', userId: 'u-cover' });
    const pdf = await readPdf(await stored(result));
    const texts = pdf.pages[0]?.map(({ text }) => text) ?? [];
    expect(texts.slice(0, 5)).toEqual([
      'Opportunity analytics',
      'Autumn',
      '25 Aug 2026 to 22 Nov 2026',
      'Prepared for',
      'Ada Lovelace, Analytical Engines Ltd',
    ]);
    expect(texts).toContain('Made');
    const contents = texts.slice(texts.indexOf('Contents') + 1, -2);
    const sections = pdf.bookmarks.slice(1);
    expect(contents.filter((_, index) => index % 2 === 0)).toEqual(sections);
    // Where a line leads is what it says, and there the heading stands.
    expect(contents.filter((_, index) => index % 2 === 1)).toEqual(pdf.leads.map(String));
    pdf.leads.forEach((page, index) => {
      expect(pdf.pages[page - 1]?.map(({ text }) => text)).toContain(sections[index]);
    });
    for (const page of pdf.pages) expect(overlaps(page)).toEqual([]);

    const longest = await run({ ...asked, title: 'W'.repeat(200) }, { key: 'cover-long' });
    const [cover = []] = (await readPdf(await stored(longest))).pages;
    expect(overlaps(cover)).toEqual([]);
    for (const { x, y, width } of cover) {
      expect(x + width).toBeLessThan(612 - 40);
      expect(y).toBeLessThan(792 - 40);
    }
    expect(cover.map(({ text }) => text)).not.toContain('Prepared for');
  });

  it('makes analytics as PDF: figures, charts, and a table of each', async () => {
    const result = await run({ reportType: 'analytics', format: 'pdf', title: 'Αναλυτικά' }, { key: 'pdf2' });
    const pdf = await readPdf(await stored(result));
    expect(pdf.bookmarks).toEqual([
      'Αναλυτικά',
      'Summary',
      'Over time',
      'By agency',
      'By set-aside',
      'By week',
    ]);
    expect(pdf.tags.filter((tag) => tag.role === 'Figure')).toHaveLength(3);
    expect(pdf.tags.filter((tag) => tag.role === 'Table').length).toBeGreaterThanOrEqual(3);
    const figures = await world.database.reports.figures(range);
    const texts = pdf.pages.flat().map((piece) => piece.text);
    for (const { agency } of figures.byAgency) expect(texts).toContain(agency);
    expect(texts).toContain('320');
    for (const page of pdf.pages) expect(overlaps(page)).toEqual([]);
    expect(result.rows).toBe(figures.byAgency.length + figures.bySetAside.length + figures.byWeek.length);
  });

  it('makes a PDF of nothing that says so', async () => {
    const dateRange = { start: '1999-01-01', end: '1999-01-31' };
    for (const reportType of ['analytics', 'opportunities'] as const) {
      const result = await run({ reportType, format: 'pdf', dateRange }, { key: `nothing-${reportType}` });
      expect(result).toMatchObject({ pages: 2, rows: 0 });
      const pdf = await readPdf(await stored(result));
      const text = pdf.pages.flat().map((piece) => piece.text);
      expect(text).toContain('No opportunities were posted between 1 Jan 1999 and 31 Jan 1999.');
    }
  });

  it('makes a workbook with typed cells, in which nothing from outside is a formula', async () => {
    const result = await run({ reportType: 'opportunities', format: 'xlsx' }, { key: 'xlsx1' });
    expect(documentQueue.jobs['generate-report'].result.parse(result)).toEqual(result);
    expect(result.pages).toBeUndefined();
    const bytes = await stored(result);
    const parts = unzip(bytes);
    const sheets = [...parts].filter(([name]) => name.startsWith('xl/worksheets/sheet'));
    expect(sheets).toHaveLength(2);
    for (const [, xml] of sheets) expect(xml).not.toMatch(/<f[ >/]/);
    expect(parts.get('xl/worksheets/sheet2.xml')).toContain('=HYPERLINK(&quot;http://example.com&quot;');
    expect(parts.get('xl/worksheets/sheet2.xml')).toContain('<autoFilter ref="A1:J321"/>');

    const book = new ExcelJS.Workbook();
    await book.xlsx.readFile(join(filesDir, result.storageKey));
    expect(book.worksheets.map((sheet) => sheet.name)).toEqual(['Summary', 'Opportunities']);
    expect(book.getWorksheet('Summary')?.getCell('B5').value).toBe(320);
    const sheet = book.getWorksheet('Opportunities');
    if (sheet === undefined) throw new Error('There is such a sheet.');
    expect(sheet.rowCount).toBe(321);
    expect(sheet.views[0]).toMatchObject({ state: 'frozen', ySplit: 1 });
    expect(sheet.getColumn(2).width).toBe(60);
    rows.forEach((row, index) => {
      const cell = (column: number) => sheet.getCell(index + 2, column);
      expect(cell(1).value).toBe(row.noticeId);
      expect(cell(2).value).toEqual(
        row.url === undefined ? row.title : { text: row.title, hyperlink: row.url },
      );
      expect(cell(3).value).toBe(row.agency ?? null);
      expect(cell(7).value).toEqual(new Date(`${row.postedOn}T00:00:00Z`));
      expect(cell(8).value).toEqual(row.responseDeadline ?? null);
      expect(cell(9).value).toBe(row.awardAmount === undefined ? null : Number(row.awardAmount));
      expect(cell(2).numFmt).toBe('@');
    });
    expect(sheet.getCell('G2').numFmt).toBe('yyyy-mm-dd');

    const other = read(bytes);
    expect(other.SheetNames).toEqual(['Summary', 'Opportunities']);
    const records: unknown[][] = utils.sheet_to_json(other.Sheets.Opportunities ?? {}, { header: 1 });
    expect(records).toHaveLength(321);
    expect(records.slice(1).map(([noticeId]) => noticeId)).toEqual(rows.map(({ noticeId }) => noticeId));
  });

  it('makes analytics as a workbook of four sheets', async () => {
    const result = await run({ reportType: 'analytics', format: 'xlsx', title: '=1+1' }, { key: 'xlsx2' });
    const book = new ExcelJS.Workbook();
    await book.xlsx.readFile(join(filesDir, result.storageKey));
    expect(book.worksheets.map((sheet) => sheet.name)).toEqual([
      'Summary',
      'By agency',
      'By set-aside',
      'By week',
    ]);
    expect(book.getWorksheet('Summary')?.getCell('A1').value).toBe('=1+1');
    expect(book.getWorksheet('By week')?.getCell('A2').value).toEqual(new Date('2026-08-24T00:00:00Z'));
    expect(book.getWorksheet('By agency')?.getCell('C2').numFmt).toBe('0.0%');
  });

  it('makes CSV that Excel opens and no program takes for formulas', async () => {
    const result = await run({ reportType: 'opportunities', format: 'csv' }, { key: 'csv1' });
    const text = (await stored(result)).toString();
    expect(text.startsWith('\ufeffNotice ID,Title,')).toBe(true);
    const [header, ...records] = parseCsv(text.slice(1));
    expect(header).toHaveLength(10);
    expect(records).toHaveLength(320);
    const guarded = (value: string) => (/^[=+\-@]/.test(value) ? `'${value}` : value);
    expect(records).toEqual(rows.map((row) => csvRecord(row, guarded)));
    expect(records.filter((record) => record.some((field) => field.startsWith("'")))).not.toHaveLength(0);
  });

  it('makes analytics as one CSV table', async () => {
    const result = await run({ reportType: 'analytics', format: 'csv' }, { key: 'csv2' });
    const [header, ...records] = parseCsv((await stored(result)).toString().slice(1));
    expect(header).toEqual(['Section', 'Name', 'Value', 'Share']);
    expect(records[0]).toEqual(['Summary', 'Opportunities', '320', '']);
    expect(records.every((record) => record.length === 4)).toBe(true);
    expect(records).toHaveLength(result.rows ?? 0);
  });

  it('leaves one file and one row when it is run again, also by another attempt', async () => {
    const before = await readdir(join(filesDir, 'reports'));
    const first = await run({ reportType: 'opportunities', format: 'csv' }, { key: 'twice' });
    const second = await run({ reportType: 'opportunities', format: 'csv' }, { key: 'twice' });
    expect(second).toEqual(first);
    expect(await documentRows('twice')).toHaveLength(1);
    expect(await readdir(join(filesDir, 'reports'))).toHaveLength(before.length + 1);
    expect(await halfWritten()).toEqual([]);
  });

  it('moves its progress forward and tells what it made', async () => {
    const events = new Events();
    const made: unknown[] = [];
    events.on('document.generated', (event) => made.push(event));
    const seen: number[] = [];
    const result = await run(
      { reportType: 'opportunities', format: 'xlsx' },
      { key: 'progress', events, onProgress: (percent) => seen.push(percent) },
    );
    expect(seen).toEqual(seen.toSorted((a, b) => a - b));
    expect(seen[0]).toBe(0);
    expect(seen.at(-1)).toBe(100);
    expect(new Set(seen).size).toBeGreaterThanOrEqual(4);
    expect(made).toEqual([
      { kind: 'report-opportunities', format: 'xlsx', renderer: 'exceljs', bytes: result.bytes },
    ]);
  });

  it.each(['pdf', 'xlsx', 'csv'] as const)(
    'stops between batches of %s, and leaves nothing behind',
    async (format) => {
      const stop = new AbortController();
      const reason = new Error('the worker is stopping');
      const database = {
        ...world.database,
        reports: {
          ...world.database.reports,
          async *opportunities() {
            yield rows.slice(0, 100);
            stop.abort(reason);
            yield rows.slice(100);
          },
        },
      };
      const key = `stopped-${format}`;
      const running = run({ reportType: 'opportunities', format }, { key, database, signal: stop.signal });
      await expect(running).rejects.toBe(reason);
      expect(await documentRows(key)).toEqual([]);
      expect(await halfWritten()).toEqual([]);
    },
  );

  it.each(['pdf', 'xlsx', 'csv'] as const)('fails as its source does, for %s', async (format) => {
    const failure = new Error('the cursor broke');
    const database = {
      ...world.database,
      reports: {
        ...world.database.reports,
        async *opportunities() {
          yield rows.slice(0, 100);
          throw failure;
        },
      },
    };
    const key = `broken-${format}`;
    await expect(run({ reportType: 'opportunities', format }, { key, database })).rejects.toBe(failure);
    expect(await documentRows(key)).toEqual([]);
    expect(await halfWritten()).toEqual([]);
  });

  it.each(['pdf', 'xlsx', 'csv'] as const)('fails as its storage does, for %s', async (format) => {
    // A file where the folder should be: the real storage refuses for a real reason.
    const broken = createLocalStorage({
      dir: join(filesDir, (await run({ reportType: 'analytics', format: 'csv' }, { key: 'x' })).storageKey),
    });
    const running = run(
      { reportType: 'opportunities', format },
      { key: `no-disk-${format}`, storage: broken },
    );
    await expect(running).rejects.toMatchObject({ code: 'STORAGE_FAILED', retryable: true });
    expect(await documentRows(`no-disk-${format}`)).toEqual([]);
  });

  it('has each recipient mailed once, whatever the number of attempts', async () => {
    const recipients = ['ada@example.com', 'grace@example.com', 'ada@example.com'];
    const attempts: unknown[][] = [[], []];
    for (const added of attempts)
      await run(
        { reportType: 'analytics', format: 'csv', title: 'For you', recipients },
        { key: 'mail', added },
      );
    const { documentId } = await run({ reportType: 'analytics', format: 'csv' }, { key: 'mail' });
    expect(attempts[0]).toEqual(
      ['ada@example.com', 'grace@example.com'].map((email) => [
        'email',
        'send-document',
        {
          type: 'document-ready',
          data: { userId: 'user1', email, documentId, title: 'For you', attach: true },
        },
        { idempotencyKey: `report/${documentId}/${email}` },
      ]),
    );
    expect(attempts[1]).toEqual(attempts[0]);
  });
});

function csvRecord(row: ReportRow, guarded: (value: string) => string): string[] {
  return [
    row.noticeId,
    guarded(row.title),
    row.agency ?? '',
    row.noticeType ?? '',
    row.setAside ?? '',
    row.naics ?? '',
    row.postedOn,
    row.responseDeadline?.toISOString() ?? '',
    row.awardAmount ?? '',
    row.url ?? '',
  ];
}
