import type { Writable } from 'node:stream';
import { ownFolders } from '../../src/integrations/storage/port.ts';
import { defineProcessor } from '../define.ts';
import { extractRequirements, type Requirement } from './compliance/extract.ts';
import { type Matrix, makeMatrix } from './compliance/matrix.ts';
import { readDocuments } from './compliance/read-documents.ts';
import { drawInThread } from './pdf-threads.ts';
import { renderInto } from './render-into.ts';
import { taken } from './report/feeding.ts';
import { documentIdOf } from './report/plan.ts';

interface Format {
  readonly contentType: string;
  readonly renderer: string;
  readonly write: (
    matrix: Matrix,
    sink: Writable,
    signal: AbortSignal,
  ) => Promise<{ readonly pages?: number }>;
}

const formats: Readonly<Record<'xlsx' | 'pdf', Format>> = {
  xlsx: {
    contentType: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
    renderer: 'exceljs',
    // Loaded when the first workbook is asked for: exceljs takes 9 MB of a worker that may never need it.
    write: async (matrix, sink) => (await import('./compliance/workbook.ts')).writeMatrixBook(matrix, sink),
  },
  pdf: { contentType: 'application/pdf', renderer: 'pdfkit', write: drawMatrix },
};

async function drawMatrix(matrix: Matrix, sink: Writable, signal: AbortSignal) {
  const { bytes, rows: _, ...drawn } = await drawInThread({ kind: 'matrix', matrix }, signal);
  sink.end(bytes);
  await taken(sink);
  return drawn;
}

/** Finds what a solicitation requires and writes it as a matrix to fill in. A retry replaces what was written before. */
export const generateComplianceMatrix = defineProcessor(
  'document',
  'generate-compliance-matrix',
  ['database', 'storage', 'events'],
  async ({ data, job, signal, progress, services: { database, storage, events } }) => {
    const format = formats[data.format];
    progress(0, 'Reading');
    const found: Requirement[] = [];
    const documents: string[] = [];
    const expected = data.attachmentIds?.length ?? 1;
    for await (const { name, pages } of readDocuments(database.attachments, data)) {
      signal.throwIfAborted();
      found.push(...(await extractRequirements(pages, documents.length, signal)));
      documents.push(name);
      progress(Math.floor((70 * documents.length) / expected), `${found.length} sentences that bind`);
    }
    const matrix = makeMatrix(found, { opportunityId: data.opportunityId, madeAt: new Date(), documents });

    progress(75, 'Writing');
    const documentId = documentIdOf(job.key, 'generate-compliance-matrix');
    const { file, rendered } = await renderInto(
      storage,
      `${ownFolders.matrices}/${documentId}.${data.format}`,
      (sink) => format.write(matrix, sink, signal),
      signal,
    );
    const document = {
      fileName: `compliance-matrix-${data.opportunityId}.${data.format}`,
      contentType: format.contentType,
      bytes: file.bytes,
      sha256: file.sha256,
      storageKey: file.key,
    };
    const requirements = matrix.requirements.length;
    await database.documents.save({
      ...document,
      id: documentId,
      jobKey: job.key,
      jobId: job.id,
      addedBy: job.addedBy ?? '',
      userId: data.userId,
      kind: 'compliance-matrix',
      format: data.format,
      title: matrix.title,
      pages: rendered.pages,
      rows: requirements,
    });
    events.emit('document.generated', {
      kind: 'compliance-matrix',
      format: data.format,
      renderer: format.renderer,
      bytes: file.bytes,
    });
    progress(100, 'Done');
    return {
      documentId,
      ...document,
      rows: requirements,
      requirements,
      ...(rendered.pages === undefined ? {} : { pages: rendered.pages }),
    };
  },
);
