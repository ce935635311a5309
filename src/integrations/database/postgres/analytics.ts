import type { Analytics } from '../port.ts';
import type { Connection } from './connection.ts';
import { text } from './rows.ts';

/** The aggregates, as materialized views that are refreshed beside their readers. */
export function createAnalytics(connection: Connection): Analytics {
  return {
    async refresh(scope) {
      const rows = await connection.query('select name from refresh_analytics($1) as name', [scope]);
      return rows.map((row) => text(row, 'name'));
    },
  };
}
