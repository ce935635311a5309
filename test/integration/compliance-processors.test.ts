import { createHash } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';
import ExcelJS from 'exceljs';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { generateComplianceMatrix } from '../../processors/document/generate-compliance-matrix.ts';
import { processAttachment } from '../../processors/document/process-attachment.ts';
import { documentQueue } from '../../queues/document.ts';
import type { Payload, Result } from '../../queues/index.ts';
import type { Fetcher } from '../../src/integrations/attachments/port.ts';
import { createTextExtractor } from '../../src/integrations/attachments/text-extractor.ts';
import { createLocalStorage } from '../../src/integrations/storage/local.ts';
import type { Storage } from '../../src/integrations/storage/port.ts';
import { Events } from '../../src/observability/events.ts';
import { sampleSolicitation } from '../../src/sample/solicitation.ts';
import { createWorld, type World } from '../support/world.ts';
import { wordFile } from '../support/zip-file.ts';
import { overlaps, readPdf } from './report-files.ts';

type Attachment = Payload<'document', 'process-attachment'>['data'];
type MatrixRequest = Payload<'document', 'generate-compliance-matrix'>['data'];

describe('attachments and their compliance matrix', () => {
  let world: World;
  let storage: Storage;
  let filesDir: string;
  let file: Uint8Array = new Uint8Array();
  let fileName: string | undefined;
  const fetcher: Fetcher = {
    fetch: async (url) => ({ bytes: file, url: `${url}?signature=secret`, fileName }),
  };

  beforeAll(async () => {
    world = await createWorld();
    filesDir = join(world.dataDir, 'files');
    storage = createLocalStorage({ dir: filesDir });
  });
  beforeEach(() => {
    file = Buffer.from(sampleSolicitation);
    fileName = 'solicitation.txt';
  });
  afterAll(() => world.close());

  const surroundings = (name: string, key: string) => ({
    job: { id: '1', queue: 'document', name, attempt: 1, maxAttempts: 3, key, correlationId: 'c1' },
    log: { debug: () => undefined, info: () => undefined, warn: () => undefined, error: () => undefined },
    progress: () => undefined,
    addJob: () => Promise.reject(new Error('No job is added.')),
    addJobs: () => Promise.reject(new Error('No job is added.')),
  });
  const services = () => ({
    database: world.database,
    storage,
    fetcher,
    textExtractor: createTextExtractor(),
    events: new Events(),
  });

  function attach(
    data: Attachment,
    signal = new AbortController().signal,
  ): Promise<Result<'document', 'process-attachment'>> {
    const payload = { type: 'process-attachment' as const, data };
    return processAttachment.run({
      ...surroundings('process-attachment', `attach-${data.attachmentId}`),
      type: payload.type,
      data,
      payload,
      signal,
      services: services(),
    });
  }

  function matrix(
    data: Omit<MatrixRequest, 'userId' | 'opportunityId'>,
    key: string,
  ): Promise<Result<'document', 'generate-compliance-matrix'>> {
    const payload = {
      type: 'compliance-matrix' as const,
      data: { userId: 'user1', opportunityId: 'opp-7', ...data },
    };
    return generateComplianceMatrix.run({
      ...surroundings('generate-compliance-matrix', key),
      type: payload.type,
      data: payload.data,
      payload,
      signal: new AbortController().signal,
      services: services(),
    });
  }

  const kept = async () => (await readdir(join(filesDir, 'attachments')).catch((): string[] => [])).sort();

  it('keeps a file with its text by page, its hash and a document to download', async () => {
    const result = await attach({
      attachmentId: 'a1',
      source: { url: 'https://files.example/x' },
      opportunityId: 'opp-7',
    });
    expect(documentQueue.jobs['process-attachment'].result.parse(result)).toEqual(result);
    const sha256 = createHash('sha256').update(file).digest('hex');
    expect(result).toMatchObject({
      attachmentId: 'a1',
      fileName: 'solicitation.txt',
      pages: 4,
      sha256,
      bytes: file.length,
    });
    expect(await readFile(join(filesDir, result.storageKey))).toEqual(file);
    const row = await world.database.attachments.find('a1');
    expect(row).toMatchObject({
      opportunityId: 'opp-7',
      sha256,
      storageKey: result.storageKey,
      pages: 4,
      source: 'https://files.example/x',
    });
    expect(row?.pageTexts[3]).toContain('SECTION M - EVALUATION FACTORS FOR AWARD');
    expect(result.characters).toBe(row?.pageTexts.join('').length);
    expect(await world.database.documents.find(result.documentId)).toMatchObject({
      kind: 'attachment',
      pages: 4,
      storageKey: result.storageKey,
    });
  });

  it('ends in the same place when it is done again, and a changed file takes the place of the old one', async () => {
    const first = await attach({ attachmentId: 'a2', source: { url: 'https://files.example/x' } });
    const again = await attach({ attachmentId: 'a2', source: { url: 'https://files.example/x' } });
    expect(again).toEqual(first);
    file = wordFile('<w:p><w:r><w:t>Now it is a Word document.</w:t></w:r></w:p>');
    fileName = '../../etc/Liste\u202e.pdf';
    const changed = await attach({ attachmentId: 'a2', source: { url: 'https://files.example/x' } });
    expect(changed).toMatchObject({ documentId: first.documentId, fileName: 'Liste.docx', pages: 1 });
    expect(changed.contentType).toContain('wordprocessingml');
    expect((await kept()).filter((name) => name.startsWith('a2-'))).toEqual([
      changed.storageKey.replace('attachments/', ''),
    ]);
    expect(
      (
        await world.pool.query(`select count(*)::int as rows from documents where id = $1`, [
          first.documentId,
        ])
      ).rows,
    ).toEqual([{ rows: 1 }]);
  });

  it('reads what is in storage already, and says when it is not there', async () => {
    await storage.put('uploads/given.txt', Buffer.from('The Contractor shall read.'));
    expect(await attach({ attachmentId: 'a3', source: { key: 'uploads/given.txt' } })).toMatchObject({
      characters: 26,
      fileName: 'given.txt',
    });
    await expect(attach({ attachmentId: 'a4', source: { key: 'uploads/gone.txt' } })).rejects.toMatchObject({
      code: 'STORAGE_FAILED',
      retryable: false,
    });
  });

  it('keeps nothing of a file that cannot be read, nor when it is told to stop', async () => {
    const before = await kept();
    file = Buffer.from('%PDF-1.7 broken');
    await expect(
      attach({ attachmentId: 'a5', source: { url: 'https://files.example/x' } }),
    ).rejects.toMatchObject({ code: 'ATTACHMENT_UNREADABLE' });
    const reason = new Error('stop');
    file = Buffer.from('text');
    await expect(
      attach({ attachmentId: 'a5', source: { url: 'https://files.example/x' } }, AbortSignal.abort(reason)),
    ).rejects.toBe(reason);
    expect(await world.database.attachments.find('a5')).toBeUndefined();
    expect(await kept()).toEqual(before);
  });

  it('writes the matrix as a workbook to fill in', async () => {
    await attach({ attachmentId: 'm1', source: { url: 'https://files.example/x' } });
    const result = await matrix({ attachmentIds: ['m1'], format: 'xlsx' }, 'x1');
    expect(documentQueue.jobs['generate-compliance-matrix'].result.parse(result)).toEqual(result);
    expect(result).toMatchObject({ requirements: 31, rows: 31, fileName: 'compliance-matrix-opp-7.xlsx' });
    const book = new ExcelJS.Workbook();
    await book.xlsx.readFile(join(filesDir, result.storageKey));
    expect(book.worksheets.map(({ name }) => name)).toEqual([
      'Summary',
      'Requirements',
      'Government obligations',
    ]);
    const sheet = book.getWorksheet('Requirements');
    expect(sheet?.views[0]).toMatchObject({ state: 'frozen', ySplit: 1 });
    expect(sheet?.autoFilter).toBe('A1:K32');
    const rows: unknown[][] = [];
    sheet?.eachRow((row) => rows.push(Array.isArray(row.values) ? row.values.slice(1) : []));
    expect(rows[0]).toEqual([
      'ID',
      'Section',
      'Paragraph',
      'Page',
      'Requirement',
      'Keyword',
      'Who',
      'Compliance status',
      'Response reference',
      'Owner',
      'Notes',
    ]);
    expect(rows[1]).toEqual([
      'R-001',
      'L',
      'L.1.1',
      3,
      'Offerors shall submit proposals by email to the Contract Specialist.',
      'shall',
      'Offeror',
      'Open',
    ]);
    expect(rows.map((row) => row[1]).join('')).toMatch(/^SectionL+M+C+$/);
    const last = sheet?.getCell('H32');
    expect(last?.dataValidation).toMatchObject({
      type: 'list',
      formulae: ['"Open,Compliant,Partially compliant,Exception taken,Not applicable"'],
    });
    expect(sheet?.getCell('E2').numFmt).toBe('@');
    const sums: unknown[] = [];
    book.getWorksheet('Summary')?.eachRow((row) => sums.push(row.getCell(2).value));
    expect(sums).toContainEqual({ formula: `COUNTIF('Requirements'!H:H,"Open")`, result: 31 });
  });

  it('writes the matrix as a tagged PDF in which nothing is cut', async () => {
    const long = `The Contractor shall ${'inspect, clean, test and record every part of the equipment, '.repeat(12)}and report the end of it.`;
    const text = `${sampleSolicitation}\fC.9 ${long}\n\nC.10 The Contractor shall keep =1+1 as text.`;
    const result = await matrix({ text, format: 'pdf' }, 'p1');
    const pdf = await readPdf(await readFile(join(filesDir, result.storageKey)));
    expect(result).toMatchObject({ requirements: 33, pages: pdf.pages.length });
    const words = pdf.pages
      .flat()
      .map((piece) => piece.text)
      .join(' ');
    expect(words).toContain('report the end of it.');
    expect(words).not.toContain('…');
    for (const page of pdf.pages) expect(overlaps(page)).toEqual([]);
    expect(pdf.bookmarks).toEqual([
      'Compliance matrix opp-7',
      'Section L: Instructions to offerors (14 requirements)',
      'Section M: Evaluation factors for award (2 requirements)',
      'Section C: Description, specifications, statement of work (17 requirements)',
      'What the Government says that it will do',
    ]);
  });

  it('reads several attachments in the order given, names them, and waits for one that is not there yet', async () => {
    file = Buffer.from('=cmd() The Contractor shall count.');
    await attach({ attachmentId: 'm2', source: { url: 'https://files.example/x' } });
    await attach({ attachmentId: 'm3', source: { key: 'uploads/given.txt' } });
    const result = await matrix({ attachmentIds: ['m3', 'm2', 'm3'], format: 'xlsx' }, 'x2');
    const book = new ExcelJS.Workbook();
    await book.xlsx.readFile(join(filesDir, result.storageKey));
    const sheet = book.getWorksheet('Requirements');
    expect([2, 3, 4].map((row) => sheet?.getCell(`H${row}`).value)).toEqual([
      'given.txt',
      'solicitation.txt',
      null,
    ]);
    expect(sheet?.getCell('E3').value).toBe('=cmd() The Contractor shall count.');
    await expect(matrix({ attachmentIds: ['m2', 'never'], format: 'xlsx' }, 'x3')).rejects.toMatchObject({
      code: 'ATTACHMENT_NOT_FOUND',
      retryable: true,
    });
  });

  it('refuses a scan as the only source, and names it beside others', async () => {
    file = Buffer.from(' \n');
    fileName = 'scan.txt';
    await attach({ attachmentId: 's1', source: { url: 'https://files.example/s' } });
    await expect(matrix({ attachmentIds: ['s1'], format: 'xlsx' }, 's1')).rejects.toMatchObject({
      code: 'NO_TEXT',
      retryable: false,
    });
    file = Buffer.from('C.1 The Contractor shall clean.');
    fileName = 'readable.txt';
    await attach({ attachmentId: 's2', source: { url: 'https://files.example/r' } });
    const { storageKey } = await matrix({ attachmentIds: ['s1', 's2'], format: 'xlsx' }, 's2');
    const book = new ExcelJS.Workbook();
    await book.xlsx.readFile(join(filesDir, storageKey));
    const summary = book.getWorksheet('Summary')?.getSheetValues().flat();
    expect(summary).toContain('scan.txt (no text: it may be a scan)');
    expect(summary).toContain('readable.txt');
  });

  it('makes a matrix of a text that requires nothing', async () => {
    for (const format of ['xlsx', 'pdf'] as const)
      expect(
        await matrix({ text: 'The building has four floors.', format }, `nothing-${format}`),
      ).toMatchObject({ requirements: 0 });
  });
});
