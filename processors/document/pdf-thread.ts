import { PassThrough, type Writable } from 'node:stream';
import { buffer } from 'node:stream/consumers';
import { move, transferableSymbol, valueSymbol } from 'piscina';
import { renderCerPdf } from './cer/pdf/render.ts';
import { writeMatrixPdf } from './compliance/pdf.ts';
import type { Drawing, DrawnPdf } from './pdf-threads.ts';
import { pdfRenderer } from './report/pdf.ts';
import { reportOf } from './report/pdf-task.ts';

/** What a rendering thread runs: one document to the bytes of a PDF. */
export default async function draw(drawing: Drawing): Promise<unknown> {
  const sink = new PassThrough();
  const [rendered, content] = await Promise.all([drawInto(drawing, sink), buffer(sink)]);
  const bytes = Uint8Array.from(content);
  const value: DrawnPdf = { ...rendered, bytes };
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

function drawInto(drawing: Drawing, sink: Writable): Promise<Omit<DrawnPdf, 'bytes'>> {
  switch (drawing.kind) {
    case 'report':
      return pdfRenderer(drawing.task.maxRows)(reportOf(drawing.task.report), sink);
    case 'cer':
      return renderCerPdf(drawing.content, sink);
    case 'matrix':
      return writeMatrixPdf(drawing.matrix, sink);
  }
}
