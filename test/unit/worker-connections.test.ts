import { expect, it } from 'vitest';
import { loadConfig } from '../../config/index.ts';
import { connectionsNeeded } from '../../src/composition/connections.ts';

const needed = (environment: Readonly<Record<string, string>>) => connectionsNeeded(loadConfig(environment));

it('counts the connections to PostgreSQL of a process and its worker processes', () => {
  // Data 10, the statements of producers and of workers 4 each, LISTEN for each of 4 queues.
  expect(needed({})).toBe(10 + 12);
  expect(needed({ ROLE: 'api' })).toBe(10 + 8);
  expect(needed({ WORKER_PROCESSES: '4' })).toBe(10 + 8 + 4 * (10 + 12));
  expect(needed({ WORKER_PROCESSES: '4', ROLE: 'api' })).toBe(10 + 8);
  expect(needed({ WORKER_PROCESSES: '4', DATABASE_POOL_MAX: '5' })).toBe(5 + 8 + 4 * (5 + 12));
  expect(needed({ WORKER_PROCESSES: '4', REDIS_URL: 'redis://localhost' })).toBe(10 + 4 * 10);
  const supabase = { SUPABASE_URL: 'https://x.supabase.co', SUPABASE_SERVICE_ROLE_KEY: 'key-of-service' };
  expect(needed({ WORKER_PROCESSES: '4', ...supabase })).toBe(8 + 4 * 12);
});
