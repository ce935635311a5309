import ExcelJS from 'exceljs';
import fc from 'fast-check';
import PDFDocument from 'pdfkit';
import { describe, expect, it } from 'vitest';
import { utils, write } from 'xlsx';
import { createTextExtractor } from '../../src/integrations/attachments/text-extractor.ts';
import { wordFile, zipFile } from '../support/zip-file.ts';

const never = new AbortController().signal;
const extractor = createTextExtractor();
const read = (bytes: Uint8Array) => extractor.extract(bytes, never);

async function pdfOf(pages: readonly string[], options: PDFKit.PDFDocumentOptions = {}): Promise<Buffer> {
  const doc = new PDFDocument({ ...options, autoFirstPage: false, compress: false });
  const chunks: Buffer[] = [];
  doc.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise((resolve) => doc.once('end', resolve));
  for (const text of pages) doc.addPage().text(text);
  doc.end();
  await ended;
  return Buffer.concat(chunks);
}

const paragraph = (text: string) => `<w:p><w:r><w:t xml:space="preserve">${text}</w:t></w:r></w:p>`;

/** Two shares, 7 % and 28.5 %, as SheetJS writes them. */
function sharesOf(bookType: 'xlsx' | 'ods'): Buffer {
  const sheet = { '!ref': 'A1:B1', A1: { t: 'n', v: 0.07, z: '0%' }, B1: { t: 'n', v: 0.285, z: '0.00%' } };
  const book = utils.book_new();
  utils.book_append_sheet(book, sheet, 'Shares');
  return Buffer.from(write(book, { type: 'buffer', bookType }));
}

/** One file of XML (OpenDocument 1.3 part 3, 3.1.2); programs write their many namespaces before the type. */
function flatOpenDocument(type: string): Buffer {
  const names = Array.from({ length: 200 }, (_, index) => `xmlns:n${index}="urn:example:${index}"`).join(' ');
  return Buffer.from(
    `<?xml version="1.0" encoding="UTF-8"?>\n<office:document ${names} office:version="1.3" office:mimetype="application/vnd.oasis.opendocument.${type}"><office:body><p>The Contractor shall.</p></office:body></office:document>\n`,
  );
}

/** The type comes first, so that readers find it at a fixed place (OpenDocument 1.3 part 2, 3.3). */
function openDocument(type: string): Buffer {
  return zipFile([
    { name: 'mimetype', content: `application/vnd.oasis.opendocument.${type}` },
    { name: 'content.xml', content: '<office:document-content/>' },
  ]);
}

describe('reading attachments', () => {
  it('reads a PDF by page, and a page without text as an empty one', async () => {
    const pdf = await pdfOf(['L.1 Offerors shall submit.', '', 'The last page.']);
    expect(await read(pdf)).toEqual({
      kind: 'pdf',
      contentType: 'application/pdf',
      pages: ['L.1 Offerors shall submit.', '', 'The last page.'],
    });
  });

  it('reads a Word document by the pages that it was last broken into', async () => {
    const body = [
      paragraph('Offerors &amp; quoters'),
      '<w:p><w:r><w:t>One</w:t><w:tab/><w:t>two</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>',
      '<w:p><w:r><w:br w:type="page"/></w:r><w:r><w:lastRenderedPageBreak/><w:t>Second page</w:t></w:r></w:p>',
    ].join('');
    const found = await read(wordFile(body));
    expect(found.kind).toBe('docx');
    expect(found.pages).toEqual(['Offerors & quoters\n\nOne\ttwo', 'Second page']);
  });

  it('puts a note of a Word document on the page that refers to it, and reads a box once', async () => {
    const body = [
      '<w:p><w:r><w:t>Clean</w:t></w:r><w:r><w:footnoteReference w:id="2"/></w:r></w:p>',
      '<mc:AlternateContent xmlns:mc="m"><mc:Choice>',
      paragraph('In a box'),
      '</mc:Choice><mc:Fallback>',
      paragraph('In a box'),
      '</mc:Fallback></mc:AlternateContent>',
      '<w:p><w:r><w:br w:type="page"/></w:r><w:r><w:t>Second page</w:t></w:r></w:p>',
    ].join('');
    const footnotes = `<w:footnotes xmlns:w="w"><w:footnote w:id="0">${paragraph('')}</w:footnote><w:footnote w:id="2">${paragraph('Products must be green.')}</w:footnote></w:footnotes>`;
    const found = await read(wordFile(body, { footnotes }));
    expect(found.pages).toEqual(['Clean\n\nIn a box\n\nProducts must be green.', 'Second page']);
  });

  it('reads a workbook by sheet, with dates, formulas and merged cells as one sees them', async () => {
    const book = new ExcelJS.Workbook();
    const sheet = book.addWorksheet('Prices');
    sheet.addRow(['Item', 12.5, new Date('2027-03-01T00:00:00Z'), { formula: '1+1', result: 2 }]);
    sheet.addRow(['Wide', 'x']);
    sheet.mergeCells('A2:B2');
    book.addWorksheet('Empty');
    const found = await read(Buffer.from(await book.xlsx.writeBuffer()));
    expect(found.kind).toBe('xlsx');
    expect(found.pages).toEqual(['Prices\n\nItem\t12.5\t2027-03-01\t2\nWide', 'Empty']);
  });

  it('reads shares of a workbook in percents, as exact as the cells show them', async () => {
    const book = new ExcelJS.Workbook();
    const row = book
      .addWorksheet('Shares')
      .addRow([0.25, 0.125, -0.0333, 12.5, { formula: '1/3', result: 1 / 3 }, 0.5, 0.7]);
    const formats = ['0%', '0.00%', '0.0#%;[Red]\\-0.0#%', '#,##0%', '0.0%', '0.00" of 100%"'];
    for (const [index, format] of formats.entries()) row.getCell(index + 1).numFmt = format;
    const found = await read(Buffer.from(await book.xlsx.writeBuffer()));
    expect(found.pages).toEqual(['Shares\n\n25%\t12.50%\t-3.33%\t1,250%\t33.3%\t0.5\t0.7']);
  });

  it('reads amounts of money of a workbook with their currency, as exact as the cells show them', async () => {
    const shown: readonly [value: number, format: string, text: string][] = [
      [1_200.5, '"$"#,##0.00', '$1,200.50'],
      [1_200.5, '$#,##0_);[Red]\\($#,##0\\)', '$1,201'],
      [-1_200.5, '_("$"* #,##0.00_);_("$"* \\(#,##0.00\\);_("$"* "-"??_);_(@_)', '-$1,200.50'],
      [-7, '#,##0.00\\ [$€-407]', '-7.00 €'],
      [99.999, '[$£-809]#,##0.00', '£100.00'],
      [1_500_000, '[$USD]\\ 0', 'USD 1500000'],
      [12, '"EUR" 0.00', 'EUR 12.00'],
      [0.25, '"$" 0%', '25%'],
      [-0.001, '"$"0.00', '$0.00'],
      [2_500_000, '"$"0.0,,"M"', '2500000'],
      [3.5, '0.00" per $"', '3.5'],
      [3.5, '0.00"/h ""$"', '3.50 $'],
      [3.5, '#,##0.00', '3.5'],
      [3.5, '"costs; $"', '3.5'],
    ];
    const book = new ExcelJS.Workbook();
    const row = book.addWorksheet('Prices').addRow(shown.map(([value]) => value));
    for (const [index, [, format]] of shown.entries()) row.getCell(index + 1).numFmt = format;
    const found = await read(Buffer.from(await book.xlsx.writeBuffer()));
    expect(found.pages[0]?.split('\n').at(-1)?.split('\t')).toEqual(shown.map(([, , text]) => text));
  });

  it('reads shares of a workbook that another program wrote', async () => {
    expect((await read(sharesOf('xlsx'))).pages).toEqual(['Shares\n\n7%\t28.50%']);
  });

  it.each([
    ['a spreadsheet', sharesOf('ods'), /OpenDocument file \(ods\).* as Excel \(xlsx\) or PDF/],
    ['a text', openDocument('text'), /OpenDocument file \(odt\).* as Word \(docx\) or PDF/],
    ['a template', openDocument('text-template'), /OpenDocument file \(ott\).* as Word \(docx\) or PDF/],
    ['slides', openDocument('presentation'), /OpenDocument file \(odp\).* as PDF/],
    ['a flat text', flatOpenDocument('text'), /OpenDocument file \(fodt\).* as Word \(docx\) or PDF/],
    [
      'a flat spreadsheet',
      flatOpenDocument('spreadsheet'),
      /OpenDocument file \(fods\).* as Excel \(xlsx\) or PDF/,
    ],
  ])('refuses %s of OpenDocument with what to save it as', async (_name, bytes, message) => {
    await expect(read(bytes)).rejects.toMatchObject({
      code: 'ATTACHMENT_UNSUPPORTED',
      message: expect.stringMatching(message),
    });
  });

  it.each([
    ['UTF-8', Buffer.from('Grüße\r\n€')],
    ['UTF-8 with its mark', Buffer.from('\ufeffGrüße\n€')],
    ['UTF-16 LE with its mark', Buffer.from('\ufeffGrüße\n€', 'utf16le')],
    ['UTF-16 BE with its mark', Buffer.from('\ufeffGrüße\n€', 'utf16le').swap16()],
    ['UTF-16 LE without', Buffer.from('Grüße, plain letters\n€', 'utf16le')],
    ['Windows-1252', Buffer.from([0x47, 0x72, 0xfc, 0xdf, 0x65, 0x0a, 0x80])],
  ])('reads text in %s', async (_name, bytes) => {
    const { kind, pages } = await read(bytes);
    expect(kind).toBe('text');
    expect(pages).toHaveLength(1);
    expect(pages[0]).toMatch(/^Grüße(, plain letters)?\n€$/);
  });

  it('parts text at form feeds and leaves out what the database could not keep', async () => {
    expect((await read(Buffer.from('one\ftwo\u0085'))).pages).toEqual(['one', 'two']);
  });

  it.each([
    ['an empty file', Buffer.alloc(0), 'ATTACHMENT_UNREADABLE'],
    ['a web page', Buffer.from('<!DOCTYPE html><title>Sign in</title>'), 'ATTACHMENT_UNSUPPORTED'],
    [
      'a picture',
      Buffer.from(
        'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==',
        'base64',
      ),
      'ATTACHMENT_UNSUPPORTED',
    ],
    ['bytes of no kind', Buffer.from([0, 1, 2, 3, 255, 254, 0, 0, 7]), 'ATTACHMENT_UNSUPPORTED'],
    [
      'an archive of something else',
      zipFile([{ name: 'readme.txt', content: 'x' }]),
      'ATTACHMENT_UNSUPPORTED',
    ],
    [
      'an encrypted Office file',
      Buffer.concat([
        Buffer.from('d0cf11e0a1b11ae1', 'hex'),
        Buffer.alloc(512),
        Buffer.from('EncryptedPackage', 'utf16le'),
      ]),
      'ATTACHMENT_ENCRYPTED',
    ],
  ])('refuses %s with what is wrong', async (_name, bytes, code) => {
    await expect(read(bytes)).rejects.toMatchObject({ code, retryable: false });
  });

  it('refuses a PDF that opens with a password', async () => {
    const pdf = await pdfOf(['secret'], { userPassword: 'open sesame' });
    await expect(read(pdf)).rejects.toMatchObject({ code: 'ATTACHMENT_ENCRYPTED' });
  });

  it('goes by the bytes, whatever a name may say: broken files of each kind end as typed errors', async () => {
    const pdf = await pdfOf(['whole']);
    const word = wordFile(paragraph('whole'));
    for (const bytes of [
      pdf.subarray(0, 400),
      word.subarray(0, word.length - 40),
      Buffer.from('%PDF-1.7\nnothing of the kind'),
    ])
      await expect(read(bytes)).rejects.toMatchObject({
        retryable: false,
        code: expect.stringMatching(/^ATTACHMENT_/),
      });
  });

  it('is not impressed by a PDF that claims 100,000 pages', async () => {
    const pdf = await pdfOf(['one', 'two']);
    const claims = Buffer.from(pdf.toString('latin1').replace('/Count 2', '/Count 100000'), 'latin1');
    const pages = await read(claims).then(
      (found) => found.pages,
      (error: unknown) => error,
    );
    if (Array.isArray(pages)) expect(pages).toEqual(['one', 'two']);
    else expect(pages).toMatchObject({ code: expect.stringMatching(/^ATTACHMENT_/) });
  });

  it('stops a zip bomb by what comes out of it, also when it lies about its size', async () => {
    const filler = `${paragraph('a'.repeat(40_000_000))}`;
    await expect(read(wordFile(filler))).rejects.toMatchObject({ code: 'ATTACHMENT_TOO_LARGE' });
    await expect(read(wordFile(filler, { claimedBytes: 100 }))).rejects.toMatchObject({
      code: expect.stringMatching(/^ATTACHMENT_(TOO_LARGE|UNREADABLE)$/),
    });
    const small = createTextExtractor({ maxUnpackedBytes: 1_000 });
    await expect(small.extract(wordFile(paragraph('b'.repeat(2_000))), never)).rejects.toMatchObject({
      code: 'ATTACHMENT_TOO_LARGE',
    });
  });

  it('expands no entities that a Word document declares', async () => {
    const names = Array.from(
      { length: 9 },
      (_, level) => `<!ENTITY e${level + 1} "${`&e${level};`.repeat(10)}">`,
    ).join('');
    const bomb = wordFile(paragraph('&e9;'), { prolog: `<!DOCTYPE x [<!ENTITY e0 "ha">${names}]>` });
    await expect(read(bomb)).rejects.toMatchObject({ code: 'ATTACHMENT_UNREADABLE' });
  });

  it('holds to its limits of text and pages', async () => {
    const text = createTextExtractor({ maxCharacters: 10, maxPages: 2 });
    await expect(text.extract(Buffer.from('eleven chars'), never)).rejects.toMatchObject({
      code: 'ATTACHMENT_TOO_LARGE',
    });
    await expect(text.extract(Buffer.from('a\fb\fc'), never)).rejects.toMatchObject({
      code: 'ATTACHMENT_TOO_LARGE',
    });
  });

  it('ends a thread that takes too long or too much memory, and stops when it is told to', async () => {
    const slow = createTextExtractor({ timeoutMs: 1 });
    await expect(slow.extract(Buffer.from('text'), never)).rejects.toMatchObject({
      code: 'ATTACHMENT_UNREADABLE',
      retryable: false,
    });
    const narrow = createTextExtractor({ maxMemoryBytes: 24 * 1024 * 1024 });
    const large = wordFile(
      Array.from({ length: 60_000 }, (_, index) => paragraph(`Line ${index} ${'of text '.repeat(20)}`)).join(
        '',
      ),
    );
    await expect(narrow.extract(large, never)).rejects.toMatchObject({ code: 'ATTACHMENT_TOO_LARGE' });
    const stop = new AbortController();
    const reading = extractor.extract(Buffer.from('text'), stop.signal);
    const reason = new Error('the worker is stopping');
    stop.abort(reason);
    await expect(reading).rejects.toBe(reason);
  });

  it('ends every damaged file as text or as a typed error', async () => {
    const word = wordFile(paragraph('Some text to be damaged.'));
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: word.length - 1 }),
        fc.integer({ min: 0, max: 255 }),
        async (at, byte) => {
          const damaged = Buffer.from(word);
          damaged[at] = byte;
          const found = await read(damaged).then(
            ({ pages }) => pages.length > 0,
            ({ code }) => String(code).startsWith('ATTACHMENT_'),
          );
          expect(found).toBe(true);
        },
      ),
      { numRuns: 8 },
    );
  });
});
