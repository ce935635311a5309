import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { z } from 'zod';
import { planRange } from '../processors/sync/sync-range.ts';
import { startEmbeddedServer } from '../src/backend/embedded-server.ts';
import { openPool } from '../src/integrations/database/postgres/connection.ts';
import { migrate } from '../src/integrations/database/postgres/migrate.ts';
import { packageRoot } from '../src/package.ts';
import { makeSample } from '../src/sample/index.ts';
import { startSamGovSandbox } from '../src/sample/sam-gov-sandbox.ts';

/**
 * How fast a sync is, and how much memory its process needs, against a plain loop that writes one by one and one that
 * writes in batches: `node bench/sync.ts [opportunities] [entities]`. SAM.gov is the sandbox in this process, each sync
 * and each loop a process of its own, the database the embedded PostgreSQL with its ordinary settings. The processes run
 * with V8's space for young objects bounded, as a worker does. The time is from the first request to the end of the
 * process; that of the loops is without the start and the end of theirs.
 */
const [opportunities = 100_000, entities = 100_000] = process.argv.slice(2).map(Number);
const day = new Date().toISOString().slice(0, 10);
const ended = z.object({
  result: z.object({ fetched: z.number(), inserted: z.number(), updated: z.number(), unchanged: z.number() }),
  peakBytes: z.number(),
});
const looped = z.object({ records: z.number(), seconds: z.number(), peakBytes: z.number() });
/** One by one is slow, and as slow with few. */
const mostOneByOne = 5_000;

const dataDir = await mkdtemp(join(tmpdir(), 'millrace-bench-sync-'));
const server = await startEmbeddedServer({ dataDir });
const sample = makeSample({ asOf: new Date(), opportunities, entities });
const sandbox = await startSamGovSandbox({ ...sample, host: '127.0.0.1' });
try {
  const pool = openPool(server.url, 1);
  await migrate(pool, join(packageRoot, 'migrations'));
  await pool.end();
  for (const kind of ['opportunities', 'entities'] as const) {
    const how = kind === 'entities' ? 'extract' : 'pages';
    await sync(`${kind} (${how}), all new`, `sam-gov-${kind}`, `${kind}-1`);
    await loop(`  a loop, one by one`, kind, 1, mostOneByOne);
    await loop(`  a loop, batches of 500`, kind, 500, 1_000_000);
    await sync(`${kind} (${how}), unchanged`, `sam-gov-${kind}`, `${kind}-2`);
  }
} finally {
  await sandbox.close();
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
}

async function sync(label: string, type: string, key: string): Promise<void> {
  const options = { databaseUrl: server.url, samGovUrl: sandbox.url, key, day, type, pageSize: 1_000 };
  const first = sandbox.arrival(sandbox.requests + 1).then(() => performance.now());
  const output = await run('test/support/sync-process.ts', options);
  const { result, peakBytes } = ended.parse(JSON.parse(output));
  const { fetched, inserted, updated, unchanged } = result;
  if (inserted + updated + unchanged > fetched || fetched === 0) throw new Error(`Of ${fetched}: ${output}`);
  show(label, fetched, (performance.now() - (await first)) / 1_000, peakBytes);
}

async function loop(label: string, kind: string, batch: number, most: number): Promise<void> {
  const range = planRange({ fullSync: true }, undefined, day);
  const options = { databaseUrl: server.url, samGovUrl: sandbox.url, kind, batch, most, ...range };
  const { records, seconds, peakBytes } = looped.parse(JSON.parse(await run('bench/sync-peer.ts', options)));
  show(label, records, seconds, peakBytes);
}

async function run(file: string, options: object): Promise<string> {
  const script = join(packageRoot, file);
  const child = spawn(process.execPath, ['--max-semi-space-size=8', script, JSON.stringify(options)], {
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const output = text(child.stdout);
  const [code] = await once(child, 'exit');
  if (code !== 0) throw new Error(`${file} ended with ${code}.`);
  return output;
}

function show(label: string, records: number, seconds: number, peakBytes: number): void {
  const rate = Math.round(records / seconds);
  const figures = `${records} records in ${seconds.toFixed(1)} s: ${rate} records/s, peak ${Math.round(peakBytes / 2 ** 20)} MiB`;
  process.stdout.write(`${label.padEnd(34)} ${figures}\n`);
}
