import { createRequire } from 'node:module';
import { pdfOf } from './pdf-file.ts';

/** Its subsets have codes of their own for each letter, as most programs embed fonts. */
const sans = createRequire(import.meta.url).resolve('dejavu-fonts-ttf/ttf/DejaVuSans.ttf');

/** A line item as it should be read: plain decimals, one line of text. */
export interface TrueItem {
  readonly position: string;
  readonly description: string;
  readonly quantity: string;
  readonly unitPrice: string;
  readonly amount: string;
}

export interface TrueInvoice {
  readonly number: string;
  readonly items: readonly TrueItem[];
  readonly total: string;
}

export interface InvoiceStyle {
  readonly language: 'en' | 'de';
  /** How headers stand over their columns. */
  readonly headers: 'as-cells' | 'centred' | 'left';
  /** Where the numbers of a row stand when its description has several lines. */
  readonly rows: 'top' | 'middle';
  /** Whether each page begins with the header again. */
  readonly repeatHeader: boolean;
  /** Quarters of a turn that the page is stored with. */
  readonly rotate: 0 | 90 | 180 | 270;
  /** Headings and feet on each page, and sums that are carried over. */
  readonly running: boolean;
  /** Space between rows, beside their lines' own. */
  readonly padding: number;
}

export const plainStyle: InvoiceStyle = {
  language: 'en',
  headers: 'as-cells',
  rows: 'top',
  repeatHeader: true,
  rotate: 0,
  running: false,
  padding: 4,
};

const words =
  'infusion pump tubing sterile clamp mask nitrile gloves box of 100 pack large small 3/8" adapter kit service visit on-site Größe Ω naïve & <sealed> No. 7'.split(
    ' ',
  );

/** An invoice of so many items, the same for the same number; every third description is too long for one line. */
export function makeInvoice(count: number, seed = 1): TrueInvoice {
  let state = seed;
  const next = (below: number) => {
    state = (state * 48_271) % 2_147_483_647;
    return state % below;
  };
  let cents = 0;
  const items = Array.from({ length: count }, (_, index): TrueItem => {
    const quantity = next(120) + 1;
    const unit = next(2_000_000) + 1;
    const length = index % 3 === 2 ? 9 + next(8) : 1 + next(3);
    const text = Array.from({ length }, () => words[next(words.length)] ?? '').join(' ');
    cents += quantity * unit;
    return {
      position: String(index + 1),
      description: `Item ${index + 1} ${text}`,
      quantity: String(quantity),
      unitPrice: decimal(unit),
      amount: decimal(quantity * unit),
    };
  });
  return { number: `INV-2026-${String(seed).padStart(4, '0')}`, items, total: decimal(cents) };
}

function decimal(cents: number): string {
  return `${Math.floor(cents / 100)}.${String(cents % 100).padStart(2, '0')}`;
}

/** A plain decimal as people of that language write it. */
function written(plain: string, language: InvoiceStyle['language'], currency = false): string {
  const [whole = '', fraction] = plain.split('.');
  const [group, mark] = language === 'de' ? ['.', ','] : [',', '.'];
  const grouped = whole.replace(/\B(?=(\d{3})+$)/g, group);
  const number = fraction === undefined ? grouped : `${grouped}${mark}${fraction}`;
  if (!currency) return number;
  return language === 'de' ? `${number} €` : `$${number}`;
}

const invoiceWords = {
  en: {
    number: 'Invoice number:',
    date: 'Invoice date:',
    day: '11/24/2026',
    columns: ['No', 'Description', 'Qty', 'Unit price', 'Amount'],
    carried: 'Carried forward',
    total: 'Total due',
    page: 'Page',
  },
  de: {
    number: 'Rechnungsnummer:',
    date: 'Rechnungsdatum:',
    day: '24.11.2026',
    columns: ['Pos.', 'Bezeichnung', 'Menge', 'Einzelpreis', 'Gesamtpreis'],
    carried: 'Übertrag',
    total: 'Rechnungsbetrag',
    page: 'Seite',
  },
} as const;

const columns = [
  { left: 40, width: 30, align: 'left' },
  { left: 75, width: 190, align: 'left' },
  { left: 270, width: 45, align: 'right' },
  { left: 325, width: 95, align: 'right' },
  { left: 430, width: 125, align: 'right' },
] as const;

/** Lines end well above a foot of the page, as on paper. */
const lastY = 740;

/** Draws an invoice with pdfkit. */
export function invoicePdf(
  invoice: TrueInvoice,
  style: InvoiceStyle = plainStyle,
  options: PDFKit.PDFDocumentOptions = {},
  more: (doc: PDFKit.PDFDocument) => void = () => undefined,
): Promise<Buffer> {
  const { language } = style;
  const say = invoiceWords[language];
  return pdfOf(
    (doc) => {
      let y = 40;
      let page = 1;
      doc.registerFont('Sans', sans).font('Sans').fontSize(8);
      const lineHeight = doc.currentLineHeight(true);
      const put = (text: string, column: number, at: number, align?: 'left' | 'right' | 'center') => {
        const place = columns[column];
        if (place === undefined) return;
        doc.text(text, place.left, at, { width: place.width, align: align ?? place.align });
      };
      const header = () => {
        const align = { 'as-cells': undefined, centred: 'center', left: 'left' }[style.headers];
        for (const [column, text] of say.columns.entries())
          put(text, column, y, align === 'center' ? 'center' : align === 'left' ? 'left' : undefined);
        y += lineHeight + style.padding + 4;
      };
      const decorate = () => {
        if (style.rotate !== 0) Object.assign(doc.page.dictionary.data, { Rotate: style.rotate });
        if (!style.running) return;
        doc.text('Acme Medical Supplies Inc., 1 Long Road, Springfield', 40, 20, { lineBreak: false });
        doc.text(`${say.page} ${page}`, 40, 800, { lineBreak: false });
      };
      decorate();
      doc.text(`${say.number} ${invoice.number}`, 40, y).text(`${say.date} ${say.day}`, 330, y);
      y += 40;
      header();
      let sum = 0;
      for (const item of invoice.items) {
        const height = doc.heightOfString(item.description, { width: columns[1].width });
        if (y + height > lastY) {
          if (style.running) {
            put(say.carried, 1, y);
            put(written(decimal(sum), language, true), 4, y);
          }
          page += 1;
          doc.addPage();
          y = 60;
          decorate();
          if (style.repeatHeader) header();
        }
        const at = style.rows === 'top' ? y : y + (height - lineHeight) / 2;
        put(item.position, 0, at);
        put(item.description, 1, y);
        put(written(item.quantity, language), 2, at);
        put(written(item.unitPrice, language), 3, at);
        put(written(item.amount, language, true), 4, at);
        sum += Math.round(Number(item.amount) * 100);
        y += height + style.padding;
      }
      y += 6;
      put(say.total, 3, y);
      put(written(invoice.total, language, true), 4, y);
      more(doc);
      doc.text('Thank you for your business. Please pay within 30 days.', 40, y + 40);
    },
    { margins: { top: 20, bottom: 10, left: 20, right: 20 }, ...options },
  );
}

/** The same invoice as a page for a browser to print. */
export function invoiceHtml(
  invoice: TrueInvoice,
  language: InvoiceStyle['language'],
  middle: boolean,
): string {
  const say = invoiceWords[language];
  const safe = (text: string) => text.replace(/[&<>]/g, (mark) => `&#${mark.charCodeAt(0)};`);
  const rows = invoice.items.map(
    ({ position, description, quantity, unitPrice, amount }) =>
      `<tr><td>${position}<td>${safe(description)}<td class=n>${written(quantity, language)}<td class=n>${written(unitPrice, language)}<td class=n>${written(amount, language, true)}`,
  );
  return `<!doctype html><meta charset=utf-8><style>
    body { font: 11px sans-serif } table { width: 100%; border-collapse: collapse }
    td, th { padding: 3px 6px; vertical-align: ${middle ? 'middle' : 'top'}; border: 1px solid #999 }
    td:nth-child(2) { width: 38% } .n { text-align: right } tr { break-inside: avoid }
  </style><p>${say.number} ${invoice.number}<p>${say.date} ${say.day}
  <table><thead><tr>${say.columns.map((text) => `<th>${text}`).join('')}</thead><tbody>${rows.join('')}</tbody></table>
  <p>${say.total} ${written(invoice.total, language, true)}`;
}
