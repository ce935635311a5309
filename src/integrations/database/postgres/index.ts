import type { Database } from '../port.ts';
import { connect, openPool } from './connection.ts';
import { createDeliveries } from './deliveries.ts';
import { createDocuments } from './documents.ts';
import { createOpportunities } from './opportunities.ts';
import { createReports } from './reports.ts';
import { createStories } from './stories.ts';
import { createTicks } from './ticks.ts';
import { createUsers } from './users.ts';

export interface DatabaseOptions {
  readonly url: string;
  readonly poolMax: number;
}

/** Opens the application's tables on PostgreSQL; nothing is connected before the first query. */
export function openDatabase({ url, poolMax }: DatabaseOptions): Database {
  const pool = openPool(url, poolMax);
  const connection = connect(pool);
  return {
    users: createUsers(connection),
    deliveries: createDeliveries(connection),
    documents: createDocuments(connection),
    opportunities: createOpportunities(connection),
    stories: createStories(connection),
    ticks: createTicks(connection),
    reports: createReports(connection),
    async ping() {
      const began = performance.now();
      await connection.query('select 1');
      return performance.now() - began;
    },
    close: () => pool.end(),
  };
}
