import { openBackend } from '../../src/backend/index.ts';
import { jobControlSuite } from '../contract/job-control.ts';
import { redisWorlds } from '../support/redis-worlds.ts';

jobControlSuite('PostgreSQL', async ({ databaseUrl }) => ({
  open: () => openBackend({ kind: 'postgres', redisUrl: undefined, databaseUrl, workers: 16 }),
  close: async () => undefined,
}));

redisWorlds('steering jobs on Redis', (openStore) => jobControlSuite('Redis', openStore));
