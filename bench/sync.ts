import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { startEmbeddedServer } from '../src/backend/embedded-server.ts';
import { openPool } from '../src/integrations/database/postgres/connection.ts';
import { migrate } from '../src/integrations/database/postgres/migrate.ts';
import { packageRoot } from '../src/package.ts';
import { makeSample } from '../src/sample/index.ts';
import { startSamGovSandbox } from '../src/sample/sam-gov-sandbox.ts';

/**
 * How fast a sync is, and how much memory its process needs: `node bench/sync.ts [opportunities] [entities]`. SAM.gov is
 * the sandbox in this process, the sync a process of its own, the database the embedded PostgreSQL with its ordinary
 * settings. The process runs with V8's space for young objects bounded, as a worker with little memory should: without the
 * bound it peaks about 120 MiB higher. The time is from the first request to the end of the process.
 */
const [opportunities = 100_000, entities = 5_000] = process.argv.slice(2).map(Number);
const day = new Date().toISOString().slice(0, 10);
const ended = z.object({
  result: z.object({ fetched: z.number(), inserted: z.number() }),
  peakBytes: z.number(),
});

const dataDir = await mkdtemp(join(tmpdir(), 'millrace-bench-sync-'));
const server = await startEmbeddedServer({ dataDir });
const sample = makeSample({ asOf: new Date(), opportunities, entities });
const sandbox = await startSamGovSandbox({ ...sample, host: '127.0.0.1' });
try {
  const pool = openPool(server.url, 1);
  await migrate(pool, join(packageRoot, 'migrations'));
  await pool.end();
  await measure('opportunities, all new', 'sam-gov-opportunities', 'job-1');
  await measure('opportunities, unchanged', 'sam-gov-opportunities', 'job-2');
  await measure('entities, all new', 'sam-gov-entities', 'job-3');
  await measure('entities, unchanged', 'sam-gov-entities', 'job-4');
} finally {
  await sandbox.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}

async function measure(label: string, type: string, key: string): Promise<void> {
  const script = join(packageRoot, 'test/support/sync-process.ts');
  const options = { databaseUrl: server.url, samGovUrl: sandbox.url, key, day, type, pageSize: 1_000 };
  const first = sandbox.arrival(sandbox.requests + 1).then(() => performance.now());
  const child = spawn(process.execPath, ['--max-semi-space-size=8', script, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output = text(child.stdout);
  await once(child, 'exit');
  const { result, peakBytes } = ended.parse(JSON.parse(await output));
  const seconds = (performance.now() - (await first)) / 1_000;
  const rate = Math.round(result.fetched / seconds);
  const figures = `${result.fetched} records in ${seconds.toFixed(1)} s: ${rate} records/s, peak ${Math.round(peakBytes / 2 ** 20)} MiB`;
  process.stdout.write(`${label.padEnd(26)} ${figures}\n`);
}
