import { openBackend } from '../../src/backend/index.ts';
import { jobIndexSuite } from '../contract/job-index.ts';
import { redisWorlds } from '../support/redis-worlds.ts';

jobIndexSuite('PostgreSQL', async ({ databaseUrl }) => ({
  open: () => openBackend({ kind: 'postgres', redisUrl: undefined, databaseUrl, workers: 8 }),
  close: async () => undefined,
}));

redisWorlds('the index of jobs on Redis', (openStore) => jobIndexSuite('Redis', openStore));
