import { openBackend } from '../../src/backend/index.ts';
import { openPool } from '../../src/integrations/database/postgres/connection.ts';
import { openDatabase } from '../../src/integrations/database/postgres/index.ts';
import { echo, openConversionPlatform } from './conversion-platform.ts';

/**
 * A worker process for conversions: arguments are the database, the files' folder, Redis or nothing, the lease in seconds,
 * and how many conversions it does before it hangs in the middle of one and says so.
 */
const [databaseUrl = '', dataDir = '', redisUrl = '', seconds = '60', conversions = '0'] =
  process.argv.slice(2);
let left = Number(conversions);
const backend = await openBackend({
  kind: redisUrl === '' ? 'postgres' : 'redis',
  redisUrl: redisUrl === '' ? undefined : redisUrl,
  databaseUrl,
  workers: 4,
});
const platform = await openConversionPlatform(
  {
    name: 'process',
    databaseUrl,
    dataDir,
    pool: openPool(databaseUrl, 1),
    database: openDatabase({ url: databaseUrl, poolMax: 4 }),
    close: async () => undefined,
  },
  {
    backend,
    leaseSeconds: Number(seconds),
    concurrency: 1,
    capacity: 4,
    // Longer than the test: here only the lease may bring the row back.
    lockDurationMs: 120_000,
    converter: {
      name: 'built-in',
      async convert(pdf, mapping, keep, signal) {
        left -= 1;
        if (left >= 0) return echo.convert(pdf, mapping, keep, signal);
        process.stdout.write('in the middle\n');
        return new Promise(() => undefined);
      },
    },
  },
);
await platform.openWorkers(`worker-${process.pid}`).start();
await platform.openIntake(`intake-${process.pid}`).start();
process.stdout.write('started\n');
