import type pg from 'pg';
import type { ExportDataset, ExportFilter, ExportQuery, ExportRow, ExportSource } from '../port.ts';
import { reachable } from './connection.ts';

interface Table {
  readonly name: string;
  /** The order of the rows: a key, so that the index gives them and nothing is sorted. */
  readonly key: string;
  /** The column that says whose a row is. */
  readonly owner?: string;
}

const tables: Readonly<Record<ExportDataset, Table>> = {
  opportunities: { name: 'opportunities', key: 'posted_on, notice_id' },
  entities: { name: 'entities', key: 'uei' },
  proposals: { name: 'proposals', key: 'id', owner: 'user_id' },
  stories: { name: 'stories', key: 'id' },
  deliveries: { name: 'email_deliveries', key: 'job_key, recipient' },
};

/** Columns that PostgreSQL would write in its own notation for arrays. */
const lists = new Set(['impact_tags', 'business_types', 'sba_types']);

/** Values stay as they came: parsing them costs more than all else, and the writers want text. */
const asTheyCame = { getTypeParser: () => (value: string) => value };

/**
 * Reads datasets through a cursor in one transaction (repeatable read), so that a sync that writes meanwhile changes
 * nothing. The next batch is asked for while the last is being written.
 */
export function createExports(pool: pg.Pool): ExportSource {
  return {
    async *rows(query, batchSize, signal) {
      signal?.throwIfAborted();
      // Before a client is taken: a name that is refused must not keep one.
      const { select, count, parameters } = statements(query);
      const client = await reachable(() => pool.connect());
      let finished = false;
      // Not one promise that all queries race with: it would keep the rows of each of them until the end.
      const waiting = new Set<(reason: unknown) => void>();
      const stop = () => {
        for (const reject of waiting) reject(signal?.reason);
      };
      signal?.addEventListener('abort', stop, { once: true });
      const ask = (text: string, values: unknown[] = []): Promise<string[][]> =>
        new Promise((resolve, reject) => {
          if (signal?.aborted) return reject(signal.reason);
          waiting.add(reject);
          reachable(() => client.query<string[]>({ text, values, rowMode: 'array', types: asTheyCame }))
            .then(({ rows }) => resolve(rows), reject)
            .finally(() => waiting.delete(reject));
        });
      try {
        await ask('begin isolation level repeatable read read only');
        await ask(`select set_config('timezone', 'UTC', true), set_config('datestyle', 'ISO', true)`);
        const [[total] = []] = await ask(count, parameters);
        await ask(`declare batch no scroll cursor for ${select}`, parameters);
        const fetch = `fetch ${Math.trunc(batchSize)} from batch`;
        let next = ask(fetch);
        while (true) {
          const rows: ExportRow[] = await next;
          if (rows.length === 0) break;
          next = ask(fetch);
          next.catch(() => undefined);
          yield { total: Number(total), rows };
          // Something old still refers to each finished query until all memory is cleaned up. With its rows it would make V8
          // keep what lives for milliseconds as if it were there to stay: 150 MB of a worker that exports a million rows.
          rows.length = 0;
        }
        await ask('commit');
        finished = true;
      } finally {
        signal?.removeEventListener('abort', stop);
        // A reader that stops early leaves a transaction open: such a client is not worth mending.
        client.release(!finished);
      }
    },
  };
}

function statements({ dataset, columns, filters, userId }: ExportQuery): {
  readonly select: string;
  readonly count: string;
  readonly parameters: unknown[];
} {
  const table = tables[dataset];
  const parameters: unknown[] = [];
  const conditions = filters.map((filter) => condition(filter, parameters));
  if (table.owner !== undefined) conditions.push(`${table.owner} = $${parameters.push(userId)}`);
  const where = conditions.length === 0 ? '' : ` where ${conditions.join(' and ')}`;
  const selected = columns.map((column) =>
    lists.has(column) ? `array_to_json(${identifier(column)})` : identifier(column),
  );
  return {
    select: `select ${selected.join(', ')} from ${table.name}${where} order by ${table.key}`,
    count: `select count(*) from ${table.name}${where}`,
    parameters,
  };
}

function condition({ column, is, values }: ExportFilter, parameters: unknown[]): string {
  const name = identifier(column);
  if (is === 'from') return `${name} >= $${parameters.push(values[0])}`;
  if (is === 'to') return `${name} <= $${parameters.push(values[0])}`;
  // The type of the column is asked of PostgreSQL, which knows it.
  return `${name} in (${values.map((value) => `$${parameters.push(value)}`).join(', ')})`;
}

/** Names come from the datasets' own lists; this keeps it true when somebody forgets to check. */
function identifier(column: string): string {
  if (!/^[a-z0-9_]{1,60}$/.test(column)) throw new Error(`"${column}" is no name of a column.`);
  return `"${column}"`;
}
