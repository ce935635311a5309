import { defineCleanupData } from '../../processors/sync/cleanup-data.ts';
import { openDatabase } from '../../src/integrations/database/postgres/index.ts';
import { createLocalStorage } from '../../src/integrations/storage/local.ts';

/** A cleanup that kills itself: arguments are the database, the files' folder, and after how many files it dies. */
const [databaseUrl = '', dataDir = '', removals = '0'] = process.argv.slice(2);
const storage = createLocalStorage({ dir: dataDir });
let left = Number(removals);
const ignore = () => undefined;
const refuse = () => Promise.reject(new Error('A cleanup adds no jobs.'));
const data = { dryRun: false };
const key = 'cleanup-1';

await defineCleanupData({ batchSize: 4 }).run({
  job: { id: key, queue: 'sync', name: 'cleanup-data', attempt: 1, maxAttempts: 3, key, correlationId: key },
  type: 'cleanup-data',
  data,
  payload: { type: 'cleanup-data', data },
  log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
  signal: new AbortController().signal,
  progress: ignore,
  addJob: refuse,
  addJobs: refuse,
  services: {
    database: openDatabase({ url: databaseUrl, poolMax: 2 }),
    storage: {
      ...storage,
      async remove(file) {
        // Odd numbers die after the file is gone, even ones before.
        if (left === 0) process.kill(process.pid, 'SIGKILL');
        await storage.remove(file);
        left -= 1;
        if (left === 0 && Number(removals) % 2 === 1) process.kill(process.pid, 'SIGKILL');
      },
    },
  },
});
