import { PassThrough } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { pdfRenderer } from './pdf.ts';
import { type PdfTask, type RenderedPdf, reportOf } from './pdf-task.ts';

/** What a rendering thread runs: one report to the bytes of a PDF. */
export default async function renderTask({ report, maxRows }: PdfTask): Promise<unknown> {
  const sink = new PassThrough();
  const [rendered, content] = await Promise.all([pdfRenderer(maxRows)(reportOf(report), sink), buffer(sink)]);
  const bytes = Uint8Array.from(content);
  const value: RenderedPdf = { ...rendered, bytes };
  // The bytes change hands instead of being copied.
  return move({
    get [transferableSymbol]() {
      return [bytes.buffer];
    },
    get [valueSymbol]() {
      return value;
    },
  });
}
