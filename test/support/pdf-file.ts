import PDFDocument from 'pdfkit';

/** Draws a PDF and gives its bytes; `compress` off leaves its text readable in the file. */
export async function pdfOf(
  draw: (doc: PDFKit.PDFDocument) => void,
  options: PDFKit.PDFDocumentOptions = {},
): Promise<Buffer> {
  const doc = new PDFDocument({ margin: 40, size: 'A4', ...options });
  const chunks: Buffer[] = [];
  doc.on('data', (chunk: Buffer) => chunks.push(chunk));
  const ended = new Promise<void>((resolve, reject) => {
    doc.once('end', resolve);
    doc.once('error', reject);
  });
  draw(doc);
  doc.end();
  await ended;
  return Buffer.concat(chunks);
}

export interface InvoiceLine {
  readonly description: string;
  readonly quantity: string;
  readonly unitPrice: string;
  readonly amount: string;
}

/** The smallest invoice that the default mapping reads whole. */
export function simpleInvoice(lines: readonly InvoiceLine[], number = 'INV-2026-0042'): Promise<Buffer> {
  return pdfOf((doc) => {
    doc.fontSize(10);
    doc.text(`Invoice number: ${number}`, 40, 40).text('Invoice date: 11/24/2026', 40, 56);
    let y = 90;
    const row = (cells: readonly string[]) => {
      const [description = '', quantity = '', unitPrice = '', amount = ''] = cells;
      doc.text(description, 40, y, { width: 220 });
      doc.text(quantity, 270, y, { width: 50, align: 'right' });
      doc.text(unitPrice, 340, y, { width: 80, align: 'right' });
      doc.text(amount, 440, y, { width: 90, align: 'right' });
      y += 18;
    };
    row(['Description', 'Qty', 'Unit price', 'Amount']);
    for (const line of lines) row([line.description, line.quantity, line.unitPrice, line.amount]);
    row(['', '', 'Total', '$99.50']);
  });
}

export const threeLines: readonly InvoiceLine[] = [
  { description: 'Infusion pump', quantity: '2', unitPrice: '10.00', amount: '20.00' },
  { description: 'Tubing <sterile> & clamps', quantity: '10', unitPrice: '0.95', amount: '9.50' },
  { description: 'Maintenance', quantity: '1', unitPrice: '70.00', amount: '70.00' },
];
