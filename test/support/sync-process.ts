import { openDatabase } from '../../src/integrations/database/postgres/index.ts';
import { createSamGov } from '../../src/integrations/sam-gov/client.ts';
import { runSync } from './sync-job.ts';

/** A worker process that only syncs, to be killed: arguments are the database, SAM.gov's address, the job's key, the day. */
const [databaseUrl = '', baseUrl = '', key = '', day = ''] = process.argv.slice(2);
const database = openDatabase({ url: databaseUrl, poolMax: 2 });
const samGov = createSamGov({ apiKey: 'key', baseUrl, minIntervalMs: 0 });
const result = await runSync({ database, samGov, key, now: () => new Date(`${day}T12:00:00Z`) });
process.stdout.write(JSON.stringify(result));
await database.close();
