/**
 * `npm run bench -- documents [rows] [--source]`: export and report jobs end to end, in a worker process as it runs in
 * production: rows from the embedded PostgreSQL, files in local storage, `/health` asked for all the while. Each line is a
 * process of its own, so that its peak of memory is its own.
 */
import { execFile } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { startEmbeddedServer } from '../src/backend/embedded-server.ts';
import { openBackend } from '../src/backend/index.ts';
import { openPool } from '../src/integrations/database/postgres/connection.ts';
import { migrate } from '../src/integrations/database/postgres/migrate.ts';
import { packageRoot } from '../src/package.ts';
import { QueueManager } from '../src/queue/queue-manager.ts';
import { startWorker, type WorkerProcess } from './documents-worker.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { source: { type: 'boolean', default: false }, only: { type: 'string' } },
});
const rows = Number(positionals[0] ?? '1000000');
const reportLines = 510;
const columns = [
  'notice_id',
  'title',
  'agency',
  'notice_type',
  'set_aside',
  'naics',
  'posted_on',
  'response_deadline',
  'award_amount',
  'url',
];

const dir = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
if (!values.source) await promisify(execFile)(process.execPath, ['--run', 'build'], { cwd: packageRoot });
const server = await startEmbeddedServer({ dataDir: dir });
const backend = await openBackend({
  kind: 'postgres',
  redisUrl: undefined,
  databaseUrl: server.url,
  workers: 0,
});
const queues = new QueueManager({
  backend,
  pending: {},
  maxAttempts: 3,
  backoffMs: 1_000,
  onError: (queue, error) => process.stderr.write(`${queue}: ${error.message}\n`),
});

async function fill(): Promise<void> {
  const pool = openPool(server.url, 1);
  await migrate(pool, join(packageRoot, 'migrations'));
  await pool.query(
    `insert into opportunities (notice_id, title, agency, notice_type, set_aside, naics, posted_on, response_deadline,
                                award_amount, url, raw, content_hash)
     select md5(n::text), 'Preventive maintenance of building ' || n || ', base year and options', 'AGENCY ' || n % 40,
            'Solicitation', case when n % 3 = 0 then 'Total Small Business Set-Aside (FAR 19.5)' end, '541512',
            case when n <= ${reportLines} then date '2026-11-01' else date '2025-01-01' + (n % 600)::int end,
            timestamptz '2026-01-01T17:00:00Z' + n % 300 * interval '1 day',
            case when n % 5 = 0 then n * 10.5 end, 'https://sam.gov/opp/' || md5(n::text) || '/view', '{}', 'hash'
     from generate_series(1, $1) as n`,
    [rows],
  );
  await pool.query('vacuum analyze opportunities');
  await pool.end();
}

/** Waits for a job and answers the seconds that it ran; a second attempt means that its lock was lost. */
async function ran(id: string): Promise<number> {
  while (true) {
    const job = await queues.job('document', id);
    if (job?.state === 'failed' || (job?.attempts.made ?? 0) > 1)
      throw new Error(
        `Job ${id} did not end in its first attempt: ${job?.failure ?? 'it was given to another worker'}`,
      );
    if (job?.state === 'completed' && job.startedAt !== undefined && job.finishedAt !== undefined)
      return (job.finishedAt.getTime() - job.startedAt.getTime()) / 1_000;
    await pause(50);
  }
}

async function exported(format: 'csv' | 'ndjson' | 'xlsx'): Promise<number> {
  const data = { userId: 'u', dataset: 'opportunities' as const, format, columns };
  return ran((await queues.addJob('document', 'export-data', { type: 'export-data', data })).id);
}

async function reported(): Promise<number> {
  const dateRange = { start: '2026-11-01', end: '2026-11-01' };
  const data = { userId: 'u', reportType: 'opportunities' as const, format: 'pdf' as const, dateRange };
  return ran((await queues.addJob('document', 'generate-report', { type: 'generate-report', data })).id);
}

/** One line: `work` answers what it has done and how fast. */
async function measured(what: string, work: () => Promise<string>): Promise<void> {
  if (values.only !== undefined && what !== values.only) return;
  const worker: WorkerProcess = await startWorker({
    databaseUrl: server.url,
    dataDir: join(dir, 'worker'),
    fromSource: values.source,
  });
  try {
    let rate = '';
    const cost = await worker.watch(async () => {
      rate = await work();
    });
    process.stdout.write(
      `| ${what} | ${rate} | ${cost.idleMb} | ${cost.peakMb} | ${cost.loopP99Ms} / ${cost.loopMaxMs} | ${cost.healthP99Ms} / ${cost.healthMaxMs} |\n`,
    );
  } finally {
    await worker.stop();
    await rm(join(dir, 'worker/storage'), { recursive: true, force: true });
  }
}

const perSecond = (count: number, seconds: number) => `${Math.round(count / seconds)} rows/s`;

try {
  await fill();
  process.stdout.write(
    `${rows} rows of ten columns, reports of ${reportLines} lines, ${values.source ? 'from source' : 'built'}\n| | rate | MB idle | MB peak | event loop ms p99 / longest | /health ms p99 / longest |\n`,
  );
  for (const format of ['csv', 'ndjson', 'xlsx'] as const)
    await measured(`export ${format}`, async () => perSecond(rows, await exported(format)));
  await measured('reports, two at once', async () => {
    await Promise.all([reported(), reported()]);
    const began = performance.now();
    const count = 20;
    await Promise.all(Array.from({ length: count }, reported));
    return `${((count * 1_000) / (performance.now() - began)).toFixed(1)} reports/s`;
  });
  for (const format of ['csv', 'xlsx'] as const)
    await measured(`export ${format} beside reports`, async () => {
      let done = false;
      const exporting = exported(format).finally(() => {
        done = true;
      });
      let reports = 0;
      for (; !done; reports += 1) await reported();
      return `${perSecond(rows, await exporting)}, ${reports} reports`;
    });
} finally {
  await queues.close();
  await backend.close();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
}
