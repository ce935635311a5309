/** Export and report jobs end to end: rows from PostgreSQL, files in local storage. `node bench/exports-jobs.ts [rows]` */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { exportData } from '../processors/document/export-data.ts';
import { generateReport } from '../processors/document/generate-report.ts';
import { startEmbeddedServer } from '../src/backend/embedded-server.ts';
import { openPool } from '../src/integrations/database/postgres/connection.ts';
import { openDatabase } from '../src/integrations/database/postgres/index.ts';
import { migrate } from '../src/integrations/database/postgres/migrate.ts';
import { createLocalStorage } from '../src/integrations/storage/local.ts';
import { Events } from '../src/observability/events.ts';

const rows = Number(process.argv[2] ?? '1000000');
const dir = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
const server = await startEmbeddedServer({ dataDir: dir });
const pool = openPool(server.url, 1);
await migrate(pool, join(import.meta.dirname, '../migrations'));
await pool.query(
  `insert into opportunities (notice_id, title, agency, notice_type, set_aside, naics, posted_on, response_deadline,
                              award_amount, url, raw, content_hash)
   select md5(n::text), 'Preventive maintenance of building ' || n || ', base year and options', 'AGENCY ' || n % 40,
          'Solicitation', case when n % 3 = 0 then 'Total Small Business Set-Aside (FAR 19.5)' end, '541512',
          case when n <= 510 then date '2026-11-01' else date '2025-01-01' + (n % 600)::int end,
          timestamptz '2026-01-01T17:00:00Z' + n % 300 * interval '1 day',
          case when n % 5 = 0 then n * 10.5 end, 'https://sam.gov/opp/' || md5(n::text) || '/view', '{}', 'hash'
   from generate_series(1, $1) as n`,
  [rows],
);
await pool.query('vacuum analyze opportunities');
await pool.end();
const services = {
  database: openDatabase({ url: server.url, poolMax: 4 }),
  storage: createLocalStorage({ dir: join(dir, 'files') }),
  events: new Events(),
};
const quiet = () => undefined;
const refuse = () => Promise.reject(new Error('No further jobs are added here.'));
const common = {
  log: { debug: quiet, info: quiet, warn: quiet, error: quiet },
  signal: new AbortController().signal,
  progress: quiet,
  addJob: refuse,
  addJobs: refuse,
  services,
};
const jobOf = (name: string, key: string) => ({
  id: '1',
  queue: 'document',
  name,
  attempt: 1,
  maxAttempts: 1,
  key,
  correlationId: 'bench',
});

async function exportOnce(format: 'csv' | 'ndjson' | 'xlsx', filters?: Record<string, string>) {
  const data = {
    userId: 'u',
    dataset: 'opportunities' as const,
    format,
    filters,
    columns: [
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
    ],
  };
  const type = 'export-data' as const;
  return exportData.run({ ...common, job: jobOf(type, format), type, data, payload: { type, data } });
}

async function reportOnce(key: string) {
  const data = {
    userId: 'u',
    reportType: 'opportunities' as const,
    format: 'pdf' as const,
    dateRange: { start: '2026-11-01', end: '2026-11-01' },
  };
  const type = 'generate-report' as const;
  return generateReport.run({ ...common, job: jobOf(type, key), type, data, payload: { type, data } });
}

/** Runs `work` and prints its rate with what the event loop had to bear, in ms. */
async function timed(what: string, count: number, work: () => Promise<unknown>): Promise<void> {
  const delay = monitorEventLoopDelay({ resolution: 1 });
  delay.enable();
  const began = performance.now();
  await work();
  const seconds = (performance.now() - began) / 1_000;
  delay.disable();
  const peak = Math.round(process.resourceUsage().maxRSS / 1_024);
  process.stdout.write(
    `${what}: ${(count / seconds).toFixed(count > 1_000 ? 0 : 1)}/s, peak so far ${peak} MB, event loop p99 ${(delay.percentile(99) / 1e6).toFixed(1)} ms, longest ${(delay.max / 1e6).toFixed(0)} ms\n`,
  );
}

try {
  for (const format of ['csv', 'ndjson', 'xlsx'] as const)
    await timed(`export ${format}`, rows, () => exportOnce(format));
  await reportOnce('warm');
  await timed('PDF reports of 510 lines, two at once', 20, async () => {
    for (let at = 0; at < 10; at += 1) await Promise.all([reportOnce(`a${at}`), reportOnce(`b${at}`)]);
  });
  await timed('export csv beside PDF reports', rows, async () => {
    let done = false;
    const exporting = exportOnce('csv').finally(() => {
      done = true;
    });
    for (let at = 0; !done; at += 1) await reportOnce(`c${at}`);
    await exporting;
  });
} finally {
  await services.database.close();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
}
