import { openBackend } from '../../src/backend/index.ts';
import { deadLetterSuite } from '../contract/dead-letters.ts';
import { redisWorlds } from '../support/redis-worlds.ts';

deadLetterSuite('PostgreSQL', async ({ databaseUrl }) => ({
  open: () => openBackend({ kind: 'postgres', redisUrl: undefined, databaseUrl, workers: 8 }),
  close: async () => undefined,
}));

redisWorlds('dead letters on Redis', (openStore) => deadLetterSuite('Redis', openStore));
