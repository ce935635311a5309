import type { ExportRow, ExportSource } from '../port.ts';
import { number, text, texts } from '../postgres/rows.ts';
import { type Api, rowOf } from './api.ts';

/** A page comes as one value, so that Supabase's limit of rows does not cut it; this keeps it to a few megabytes. */
const mostRows = 5_000;

/**
 * Reads datasets in pages, by keyset. Each page is a snapshot of its own, since no transaction outlives a request: rows
 * that came after the first page are left out, but one that is changed or removed meanwhile is read as it is then, so that
 * `total`, which is counted once, may then be off by it.
 */
export function createExports(api: Api): ExportSource {
  return {
    async *rows(query, batchSize, signal) {
      signal?.throwIfAborted();
      const limit = Math.min(batchSize, mostRows);
      const first = await read(api, query, { after: null, asOf: null }, limit, signal);
      const total = number(first, 'total');
      let page = first;
      while (true) {
        const rows = cells(page.rows);
        if (rows.length === 0) return;
        yield { total, rows };
        if (rows.length < limit) return;
        page = await read(
          api,
          query,
          { after: texts(page, 'after'), asOf: text(page, 'as_of') },
          limit,
          signal,
        );
      }
    },
  };
}

async function read(
  api: Api,
  { dataset, columns, filters, userId }: Parameters<ExportSource['rows']>[0],
  place: { after: string[] | null; asOf: string | null },
  limit: number,
  signal: AbortSignal | undefined,
) {
  const page = await api.call(
    'export_page',
    {
      p_dataset: dataset,
      p_columns: columns,
      p_filters: filters,
      p_user_id: userId,
      p_after: place.after,
      p_as_of: place.asOf,
      p_limit: limit,
    },
    signal,
  );
  return rowOf(page);
}

function cells(value: unknown): ExportRow[] {
  if (!Array.isArray(value) || !value.every(isRow)) throw new Error('export_page answered no rows.');
  return value;
}

function isRow(value: unknown): value is ExportRow {
  return Array.isArray(value) && value.every((cell) => cell === null || typeof cell === 'string');
}
