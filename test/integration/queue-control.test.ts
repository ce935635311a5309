import { openBackend } from '../../src/backend/index.ts';
import { queueControlSuite } from '../contract/queue-control.ts';
import { redisWorlds } from '../support/redis-worlds.ts';

queueControlSuite('PostgreSQL', async ({ databaseUrl }) => ({
  open: () => openBackend({ kind: 'postgres', redisUrl: undefined, databaseUrl, workers: 8 }),
  close: async () => undefined,
}));

redisWorlds('the queues as a whole on Redis', (openStore) => queueControlSuite('Redis', openStore));
