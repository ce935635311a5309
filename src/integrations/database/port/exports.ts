export const exportDatasets = ['opportunities', 'entities', 'proposals', 'stories', 'deliveries'] as const;

export type ExportDataset = (typeof exportDatasets)[number];

/** What rows an export holds. Columns and filters bear the names of the table's columns. */
export interface ExportQuery {
  readonly dataset: ExportDataset;
  readonly columns: readonly string[];
  readonly filters: readonly ExportFilter[];
  /** Of what belongs to users, only this one's is given. */
  readonly userId: string;
}

/** `any`: the column has one of the values; `from` and `to`: it is not before, or not after, the one value. */
export interface ExportFilter {
  readonly column: string;
  readonly is: 'any' | 'from' | 'to';
  readonly values: readonly string[];
}

/** Values as PostgreSQL writes them: `t` and `f`, `2024-01-31`, `2024-01-31 17:00:00+00` (always UTC), lists as JSON. */
export type ExportRow = readonly (string | null)[];

/** What exports read. */
export interface ExportSource {
  /**
   * Rows in batches, in the order of their key, all from one snapshot; `total` is how many the snapshot has. A batch's list
   * is the reader's until the next is asked for. When the signal comes, the reading ends with its reason, also while the
   * database is still at work.
   */
  rows(
    query: ExportQuery,
    batchSize: number,
    signal?: AbortSignal,
  ): AsyncIterable<{ readonly total: number; readonly rows: readonly ExportRow[] }>;
}
