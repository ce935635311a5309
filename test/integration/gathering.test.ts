import { gatheringSuite } from '../contract/gathering.ts';
import { redisWorlds } from '../support/redis-worlds.ts';

redisWorlds('calls that are sent together, on Redis', (openStore) => gatheringSuite('Redis', openStore));
