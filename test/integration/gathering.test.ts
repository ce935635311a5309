import { openBackend } from '../../src/backend/index.ts';
import { gatheringSuite } from '../contract/gathering.ts';
import { redisWorlds } from '../support/redis-worlds.ts';
import { stockOnPostgres } from '../support/stock-bullmq.ts';
import { storedInPostgres } from '../support/stored-queue.ts';
import { createWorld } from '../support/world.ts';

gatheringSuite('PostgreSQL', async () => {
  const { databaseUrl, close } = await createWorld();
  return {
    open: () => openBackend({ kind: 'postgres', redisUrl: undefined, databaseUrl, workers: 4 }),
    stock: () => stockOnPostgres(databaseUrl),
    stored: (queue) => storedInPostgres(databaseUrl, queue),
    close,
  };
});

redisWorlds('calls that are sent together, on Redis', (openStore) => gatheringSuite('Redis', openStore));
