import { platformSuite } from '../contract/platform.ts';
import { redisWorlds } from '../support/redis-worlds.ts';

redisWorlds('the platform on redis', (openStore) => platformSuite('redis', openStore));
