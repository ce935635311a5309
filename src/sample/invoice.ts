import PDFDocument from 'pdfkit';
import { createRandom } from './random.ts';

type Good = readonly [description: string, cents: number];

const goods: readonly [Good, ...Good[]] = [
  ['Infusion pump, volumetric, with drug library', 184_900],
  ['Syringe pump, 60 ml, stackable', 97_250],
  ['Administration set, vented, 20 drops/ml, sterile', 415],
  ['Nitrile examination gloves, powder-free, box of 100', 1_190],
  ['Patient monitor, 12 inch, with pulse oximetry, non-invasive blood pressure and five-lead ECG', 243_000],
  ['Disposable blood pressure cuff, adult', 385],
  ['Oxygen mask, non-rebreathing, adult, with tubing of 2.1 m', 268],
  ['On-site calibration, per device, with certificate', 14_500],
];

const places = [
  { left: 40, width: 25, align: 'left' },
  { left: 70, width: 235, align: 'left' },
  { left: 310, width: 45, align: 'right' },
  { left: 365, width: 80, align: 'right' },
  { left: 455, width: 100, align: 'right' },
] as const;
const bottom = 770;

/** An invoice of two pages with invented goods, as the default mapping reads it; the same each time. */
export async function sampleInvoice(items = 44): Promise<Uint8Array<ArrayBuffer>> {
  const doc = new PDFDocument({
    size: 'A4',
    margins: { top: 40, bottom: 20, left: 40, right: 40 },
    info: { Title: 'Invoice MW-2026-0117', Author: 'Millbrook Medical Supply' },
  });
  const chunks: Buffer[] = [];
  doc.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve, reject) => {
    doc.once('end', resolve);
    doc.once('error', reject);
  });
  draw(doc, items);
  doc.end();
  await ended;
  return new Uint8Array(Buffer.concat(chunks));
}

function draw(doc: PDFKit.PDFDocument, items: number): void {
  const random = createRandom(117);
  doc.font('Helvetica-Bold').fontSize(20).text('Invoice', 40, 40);
  doc.font('Helvetica').fontSize(9);
  const facts = [
    ['Invoice number:', 'MW-2026-0117'],
    ['Invoice date:', '11/24/2026'],
    ['Due date:', '12/24/2026'],
    ['Purchase order:', '36C24127R0042'],
  ] as const;
  for (const [index, [label, value]] of facts.entries()) {
    doc.text(label, 365, 42 + index * 14).text(value, 455, 42 + index * 14, { width: 100, align: 'right' });
  }
  doc.text('Bill to', 40, 90).text('VA Medical Center Springfield', 40, 104);
  doc.text('1 Long Road', 40, 116).text('Springfield, IL 62701', 40, 128);

  let y = 170;
  const put = (texts: readonly string[], at: number) => {
    for (const [index, text] of texts.entries()) {
      const place = places[index];
      if (place !== undefined) doc.text(text, place.left, at, { width: place.width, align: place.align });
    }
  };
  const header = () => {
    doc
      .rect(36, y - 4, 523, 17)
      .fill('#e6ebf0')
      .fill('#000000');
    doc.font('Helvetica-Bold');
    put(['No', 'Description', 'Qty', 'Unit price', 'Amount'], y);
    doc.font('Helvetica');
    y += 20;
  };
  header();
  let cents = 0;
  for (let number = 1; number <= items; number++) {
    const [description, price] = random.pick(goods);
    const quantity = random.whole(1, 40);
    const height = doc.heightOfString(description, { width: places[1].width });
    if (y + height > bottom) {
      doc.addPage();
      y = 50;
      header();
    }
    put([String(number), description, String(quantity), money(price), money(price * quantity)], y);
    cents += price * quantity;
    y += height + 4;
  }
  const tax = Math.round(cents * 0.0625);
  y += 8;
  for (const [label, amount] of [
    ['Subtotal', cents],
    ['Sales tax', tax],
    ['Total due', cents + tax],
  ] as const) {
    doc
      .text(label, 365, y, { width: 80, align: 'right' })
      .text(`$${money(amount)}`, 455, y, { width: 100, align: 'right' });
    y += 14;
  }
}

function money(cents: number): string {
  return (cents / 100).toLocaleString('en-US', { minimumFractionDigits: 2, maximumFractionDigits: 2 });
}
