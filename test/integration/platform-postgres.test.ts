import { openBackend } from '../../src/backend/index.ts';
import { platformSuite } from '../contract/platform.ts';
import { createWorld } from '../support/world.ts';

platformSuite('postgres', async () => {
  const world = await createWorld();
  return {
    open: () =>
      openBackend({ kind: 'postgres', redisUrl: undefined, databaseUrl: world.databaseUrl, workers: 8 }),
    close: () => world.close(),
  };
});
