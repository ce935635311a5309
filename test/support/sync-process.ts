import { z } from 'zod';
import { openDatabase } from '../../src/integrations/database/postgres/index.ts';
import { createSamGov } from '../../src/integrations/sam-gov/client.ts';
import { runSyncThrough } from './sync-job.ts';

/**
 * A worker process that only syncs, to be killed, measured or run beside others; its one argument is JSON. Writes the
 * result, or the code of the error, and the largest resident set it had.
 */
const options = z
  .object({
    databaseUrl: z.string(),
    samGovUrl: z.string(),
    key: z.string(),
    day: z.string(),
    type: z.enum(['sam-gov-opportunities', 'sam-gov-entities']).default('sam-gov-opportunities'),
    pageSize: z.int().default(10),
    dailyLimit: z.int().default(1_000_000),
    extractFolder: z.string().optional(),
  })
  .parse(JSON.parse(process.argv[2] ?? '{}'));

const database = openDatabase({ url: options.databaseUrl, poolMax: 2 });
const outcome = await runSyncThrough({
  database,
  samGov: createSamGov({
    apiKey: 'key',
    baseUrl: options.samGovUrl,
    minIntervalMs: 0,
    ...(options.extractFolder === undefined ? {} : { extractFolder: options.extractFolder }),
  }),
  key: options.key,
  payload: { type: options.type, data: { fullSync: true } },
  pageSize: options.pageSize,
  dailyLimit: options.dailyLimit,
  now: () => new Date(`${options.day}T12:00:00Z`),
}).then(
  (result) => ({ result }),
  (error: unknown) => {
    if (error instanceof Error && 'code' in error) return { code: error.code };
    throw error;
  },
);
// maxRSS is in KiB.
const peakBytes = process.resourceUsage().maxRSS * 1_024;
process.stdout.write(JSON.stringify({ ...outcome, peakBytes }));
await database.close();
