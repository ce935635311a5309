import type { ExportRow } from '../../src/integrations/database/port.ts';
import { ownFolders } from '../../src/integrations/storage/port.ts';
import { defineProcessor } from '../define.ts';
import { writeCsv } from './export/csv.ts';
import { writeNdjson } from './export/ndjson.ts';
import { type ExportPlan, exportPlan } from './export/plan.ts';
import type { ExportWriter } from './export/writer.ts';
import { type SummaryLine, xlsxWriter } from './export/xlsx.ts';
import { renderInto } from './render-into.ts';
import { documentIdOf } from './report/plan.ts';

type Format = 'csv' | 'xlsx' | 'ndjson';

const contentTypes: Readonly<Record<Format, string>> = {
  csv: 'text/csv; charset=utf-8',
  xlsx: 'application/vnd.openxmlformats-officedocument.spreadsheetml.sheet',
  ndjson: 'application/x-ndjson',
};

/** Rows read at once: a few milliseconds of writing, some hundred kilobytes. */
const batchSize = 1_000;

/**
 * Streams a dataset of any size into a file: rows of one snapshot, in the order of their key, in constant memory. Id and
 * key come from the job, so an attempt that is run again writes the same file and the same row.
 */
export const exportData = defineProcessor(
  'document',
  'export-data',
  ['database', 'storage', 'events'],
  async ({ data, job, signal, progress, services: { database, storage, events } }) => {
    const { dataset, format, userId } = data;
    const plan = exportPlan(data);
    const documentId = documentIdOf(job.key, 'export-data');
    const query = { dataset, userId, columns: plan.columns.map(({ name }) => name), filters: plan.filters };
    const batches = counted(database.exports.rows(query, batchSize, signal), (rows, total) =>
      progress(Math.floor((98 * rows) / Math.max(1, total)), `${rows} of ${total} rows`),
    );
    progress(0, 'Counting');
    const { file, rendered: rows } = await renderInto(
      storage,
      `${ownFolders.exports}/${documentId}.${format}`,
      (sink) => writerOf(format, dataset, plan)(plan.columns, batches, sink),
      signal,
    );
    const document = {
      fileName: `${dataset}-${new Date().toISOString().slice(0, 10)}.${format}`,
      contentType: contentTypes[format],
      bytes: file.bytes,
      rows,
      sha256: file.sha256,
      storageKey: file.key,
    };
    await database.documents.save({
      ...document,
      id: documentId,
      jobKey: job.key,
      jobId: job.id,
      addedBy: job.addedBy ?? '',
      userId,
      kind: `export-${dataset}`,
      format,
      title: `Export of ${dataset}`,
      pages: undefined,
    });
    events.emit('document.generated', {
      kind: `export-${dataset}`,
      format,
      renderer: 'own',
      bytes: file.bytes,
    });
    progress(100, `${rows} rows`);
    return { documentId, ...document };
  },
);

function writerOf(format: Format, dataset: string, { columns, filters }: ExportPlan): ExportWriter {
  if (format === 'csv') return writeCsv;
  if (format === 'ndjson') return writeNdjson;
  const name = `${dataset.charAt(0).toUpperCase()}${dataset.slice(1)}`;
  return xlsxWriter(name, {
    // Without the time: an attempt that is run again writes the same file.
    summary: (rows) => [
      ['Dataset', name],
      ['Rows', rows],
      ['Columns', columns.map((column) => column.name).join(', ')],
      ...filters.map(({ column, is, values }): SummaryLine => {
        const bound = is === 'any' ? '' : `${is} `;
        return ['Filter', `${column}: ${bound}${values.join(', ')}`];
      }),
    ],
  });
}

async function* counted(
  batches: AsyncIterable<{ readonly total: number; readonly rows: readonly ExportRow[] }>,
  onRows: (rows: number, total: number) => void,
): AsyncGenerator<readonly ExportRow[]> {
  let written = 0;
  for await (const { total, rows } of batches) {
    yield rows;
    written += rows.length;
    onRows(written, total);
  }
}
