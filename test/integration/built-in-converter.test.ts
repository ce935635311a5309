import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Readable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { promisify } from 'node:util';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { BuiltInOptions } from '../../src/integrations/conversion-gateway/built-in/converter.ts';
import { createBuiltInConverter } from '../../src/integrations/conversion-gateway/built-in/converter.ts';
import { launchChromium } from '../support/chromium.ts';
import { readConversionXml } from '../support/conversion-xml.ts';
import {
  type InvoiceStyle,
  invoiceHtml,
  invoicePdf,
  makeInvoice,
  plainStyle,
  type TrueInvoice,
} from '../support/invoices.ts';
import { pdfOf } from '../support/pdf-file.ts';

const run = promisify(execFile);
const long = process.env.MILLRACE_LONG === '1';
const folders = [join(import.meta.dirname, '../../mappings')];

async function convert(pdf: Uint8Array, mapping = 'default', options: Partial<BuiltInOptions> = {}) {
  const converter = createBuiltInConverter({ folders, ...options });
  const source = {
    fileName: 'a.pdf',
    bytes: pdf.length,
    open: async () => Readable.from([Buffer.from(pdf)]),
  };
  return converter.convert(source, mapping, (xml) => text(xml), new AbortController().signal);
}

async function read(pdf: Uint8Array, language: InvoiceStyle['language'] = 'en') {
  return readConversionXml((await convert(pdf, language === 'de' ? 'invoice-de' : 'default')).kept);
}

async function expectWhole(pdf: Uint8Array, invoice: TrueInvoice, language: InvoiceStyle['language'] = 'en') {
  const found = await read(pdf, language);
  expect(found.items).toEqual(invoice.items);
  expect(found.fields).toMatchObject({
    invoiceNumber: invoice.number,
    invoiceDate: '2026-11-24',
    total: invoice.total,
  });
  expect(found.currencies.total).toBe(language === 'de' ? 'EUR' : 'USD');
  return found;
}

describe('an invoice of 510 items', () => {
  it('is read whole, each item as it is', { timeout: 60_000 }, async () => {
    const invoice = makeInvoice(510);
    const found = await expectWhole(await invoicePdf(invoice, { ...plainStyle, running: true }), invoice);
    expect(found.pages).toBeGreaterThan(10);
    expect([...found.itemPages]).toEqual([...found.itemPages].sort((a, b) => a - b));
    expect(new Set(found.itemPages).size).toBe(found.pages);
  });

  it('comes out the same each time', { timeout: 60_000 }, async () => {
    const pdf = await invoicePdf(makeInvoice(60));
    expect((await convert(pdf)).kept).toBe((await convert(pdf)).kept);
  });
});

describe('an invoice drawn by pdfkit', () => {
  const styles: readonly [string, Partial<InvoiceStyle>][] = [
    ['with decimal commas', { language: 'de', running: true }],
    ['with headers in the middle of their columns', { headers: 'centred' }],
    ['with headers to the left of right-aligned columns', { headers: 'left' }],
    ['with numbers in the middle of their rows', { rows: 'middle', padding: 6 }],
    ['with a header on its first page alone', { repeatHeader: false, running: true }],
    ['on pages turned by 90 degrees', { rotate: 90, running: true }],
    ['on pages turned by 180 degrees', { rotate: 180 }],
    ['on pages turned by 270 degrees', { rotate: 270 }],
    ['with rows that touch', { padding: 0 }],
  ];
  it.each(styles)('%s is read whole', { timeout: 60_000 }, async (_what, style) => {
    const invoice = makeInvoice(90, 7);
    const whole = { ...plainStyle, ...style };
    await expectWhole(await invoicePdf(invoice, whole), invoice, whole.language);
  });

  it('in any of the styles, with any items, is read whole', { timeout: 120_000 }, async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.record({
          language: fc.constantFrom('en' as const, 'de' as const),
          headers: fc.constantFrom('as-cells' as const, 'centred' as const, 'left' as const),
          rows: fc.constantFrom('top' as const, 'middle' as const),
          repeatHeader: fc.boolean(),
          rotate: fc.constantFrom(0 as const, 90 as const, 180 as const, 270 as const),
          running: fc.boolean(),
          padding: fc.integer({ min: 4, max: 14 }),
        }),
        fc.integer({ min: 1, max: 60 }),
        fc.integer({ min: 1, max: 10_000 }),
        async (style, count, seed) => {
          const invoice = makeInvoice(count, seed);
          await expectWhole(await invoicePdf(invoice, style), invoice, style.language);
        },
      ),
      { numRuns: long ? 60 : 8 },
    );
  });
});

describe('an invoice made by other programs', () => {
  it('as Chromium prints it, is read whole', { timeout: 120_000 }, async () => {
    const invoice = makeInvoice(120, 3);
    const browser = await launchChromium();
    try {
      const page = await browser.newPage();
      for (const [language, middle] of [
        ['en', false],
        ['de', true],
      ] as const) {
        await page.setContent(invoiceHtml(invoice, language, middle));
        await expectWhole(await page.pdf({ format: 'A4' }), invoice, language);
      }
    } finally {
      await browser.close();
    }
  });

  it('as cairo writes it, is read whole', { timeout: 60_000 }, async () => {
    const invoice = makeInvoice(120, 5);
    const dir = await mkdtemp(join(tmpdir(), 'millrace-cairo-'));
    try {
      await writeFile(join(dir, 'in.pdf'), await invoicePdf(invoice, { ...plainStyle, running: true }));
      await run('pdftocairo', ['-pdf', join(dir, 'in.pdf'), join(dir, 'out.pdf')]);
      const pdf = await readFile(join(dir, 'out.pdf'));
      expect(pdf.toString('latin1')).toContain('cairo');
      await expectWhole(pdf, invoice);
    } finally {
      await rm(dir, { recursive: true, force: true });
    }
  });
});

describe('a PDF that cannot be read', () => {
  it('for want of text says so', async () => {
    const drawing = await pdfOf((doc) => doc.rect(10, 10, 50, 50).fill());
    await expect(convert(drawing)).rejects.toMatchObject({ code: 'NO_TEXT', retryable: false });
  });

  it('without its password says so', async () => {
    const locked = await pdfOf((doc) => doc.text('Secret'), { userPassword: 'x', ownerPassword: 'y' });
    await expect(convert(locked)).rejects.toMatchObject({ code: 'PDF_ENCRYPTED', retryable: false });
  });

  it.each([
    ['is cut short', async () => (await invoicePdf(makeInvoice(30))).subarray(0, 700)],
    ['is none', async () => Buffer.from('%PDF-1.7\nand then nothing of the kind')],
    ['is empty', async () => Buffer.alloc(0)],
  ])('since it %s, says so', async (_what, make) => {
    await expect(convert(await make())).rejects.toMatchObject({ retryable: false });
    await expect(convert(await make())).rejects.toSatisfy(
      (error: { code: string }) => error.code === 'PDF_UNREADABLE' || error.code === 'NO_TEXT',
    );
  });

  it('within its time, its memory or its pages is given up, and the process lives on', async () => {
    const pdf = await invoicePdf(makeInvoice(200));
    await expect(convert(pdf, 'default', { timeoutMs: 1 })).rejects.toMatchObject({ code: 'PDF_UNREADABLE' });
    await expect(convert(pdf, 'default', { maxMemoryBytes: 8 * 2 ** 20 })).rejects.toMatchObject({
      code: 'PDF_UNREADABLE',
    });
    await expect(convert(pdf, 'default', { limits: { maxPages: 2 } })).rejects.toMatchObject({
      code: 'PDF_UNREADABLE',
    });
    await expect(convert(pdf, 'default', { maxPdfBytes: 1_000 })).rejects.toMatchObject({
      code: 'TOO_LARGE',
    });
  });

  it('with bytes changed anywhere never does more than fail', { timeout: 120_000 }, async () => {
    const pdf = await invoicePdf(makeInvoice(8), plainStyle, { compress: false });
    await fc.assert(
      fc.asyncProperty(
        fc.array(fc.tuple(fc.nat(pdf.length - 1), fc.nat(255)), { minLength: 1, maxLength: 30 }),
        async (changes) => {
          const broken = Buffer.from(pdf);
          for (const [at, byte] of changes) broken[at] = byte;
          const outcome = await convert(broken).then(
            ({ kept }) => readConversionXml(kept),
            (error: { code: string }) => error.code,
          );
          if (typeof outcome === 'string')
            expect(['PDF_UNREADABLE', 'NO_TEXT', 'PDF_ENCRYPTED']).toContain(outcome);
        },
      ),
      { numRuns: long ? 60 : 10 },
    );
  });
});
