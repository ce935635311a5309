import type { Config } from '../../config/index.ts';
import { queueNames } from '../../queues/index.ts';
import { connectionsOf } from '../backend/index.ts';

/** How many connections to PostgreSQL this process and its worker processes may hold at once. */
export function connectionsNeeded(config: Config): number {
  const data = config.database.supabase === undefined ? config.database.poolMax : 0;
  const queues = (workers: number) => (config.backend.kind === 'redis' ? 0 : connectionsOf(workers));
  const working = config.roles.includes('worker') ? config.worker.processes : 0;
  if (working === 1) return data + queues(queueNames.length);
  return data + queues(0) + working * (data + queues(queueNames.length));
}
