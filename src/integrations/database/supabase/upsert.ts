import type { Row } from '../postgres/connection.ts';
import type { Api } from './api.ts';

/** Keeps one request's body to a size that every gateway takes. */
const mostRows = 1_000;

/**
 * Inserts rows by their `id`, or replaces their columns. All rows must name the same columns. Each batch is a
 * transaction of its own; run again it changes nothing more.
 */
export async function upsert(api: Api, table: string, rows: readonly Row[]): Promise<void> {
  // A statement may touch a row once only, so of two entries with one id the later is taken.
  const unique = [...new Map(rows.map((row) => [row.id, row])).values()];
  for (let start = 0; start < unique.length; start += mostRows) {
    const batch = unique.slice(start, start + mostRows);
    const written = await api.counted(
      api.tables.from(table).upsert(batch, { onConflict: 'id', count: 'exact' }),
    );
    if (written !== batch.length) {
      throw new Error(
        `Supabase wrote ${written} of ${batch.length} rows of ${table}: a policy or a rule is in the way.`,
      );
    }
  }
}
