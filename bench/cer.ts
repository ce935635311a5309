/**
 * `npm run bench -- cer [--source] [--only pool|worker]`: clinical evaluation reports of the sample's size. `pool`: browsers
 * that are kept, against one launched for each report, in turn. `worker`: ten reports at once in a worker process as it runs
 * in production, with what the process holds (RSS, which MAX_MEMORY_RESTART limits) and what its browsers hold beside it
 * (PSS, so that what their processes share counts once).
 */
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { type PrintedReport, printReport } from '../processors/document/cer/print.ts';
import { reportContent } from '../processors/document/cer/sections.ts';
import { createTokens } from '../src/access/tokens.ts';
import { startEmbeddedServer } from '../src/backend/embedded-server.ts';
import { BrowserPool } from '../src/integrations/chromium/pool.ts';
import { groupUsage } from '../src/integrations/chromium/processes.ts';
import { openPool } from '../src/integrations/database/postgres/connection.ts';
import { migrate } from '../src/integrations/database/postgres/migrate.ts';
import { packageRoot } from '../src/package.ts';
import { browsersOf } from '../test/support/browsers.ts';
import { cerSample } from '../test/support/cer-job.ts';
import { chromiumPath } from '../test/support/chromium.ts';
import { jwtSecret, startWorker } from './documents-worker.ts';

const { values } = parseArgs({
  options: { source: { type: 'boolean', default: false }, only: { type: 'string' } },
});
const rounds = 5;
const perRound = 4;
const atOnce = 10;
const mebibyte = 2 ** 20;
const limitMb = 2_048;
const request = cerSample();
const path = await chromiumPath();

const never = new AbortController().signal;
const median = (numbers: readonly number[]) =>
  [...numbers].sort((a, b) => a - b)[Math.floor(numbers.length / 2)] ?? 0;

function printOn(printer: BrowserPool | undefined): Promise<PrintedReport> {
  const content = reportContent(request, undefined, { id: 'bench', createdAt: new Date(0) });
  return printReport(content, {
    printer,
    failures: 0,
    countFailure: () => Promise.reject(new Error('The browser failed.')),
    lastAttempt: false,
    signal: never,
    onFallback: () => undefined,
  });
}

const openBrowsers = () => new BrowserPool({ executable: () => Promise.resolve(path), maxBrowsers: 1 });

interface Way {
  /** Per report. */
  readonly seconds: number;
  readonly cpuSeconds: number;
}

/** Makes so many reports, one after another, each on the printer that it is given. */
async function make(reports: number, print: () => Promise<number>): Promise<Way> {
  const began = performance.now();
  const own = process.cpuUsage();
  let browsers = 0;
  for (let one = 0; one < reports; one += 1) browsers += await print();
  const { user, system } = process.cpuUsage(own);
  return {
    seconds: (performance.now() - began) / 1_000 / reports,
    cpuSeconds: (browsers + (user + system) / 1e6) / reports,
  };
}

/** Reports by each way, in turn. Processor time counts whatever others do on the machine. */
async function comparePool(): Promise<void> {
  const kept = openBrowsers();
  let pages: number | undefined;
  const printed = async (browsers: BrowserPool) => {
    const before = (await browsers.usage()).cpuSeconds;
    ({ pages } = await printOn(browsers));
    return (await browsers.usage()).cpuSeconds - before;
  };
  const ways: Readonly<Record<string, () => Promise<number>>> = {
    'browser kept': () => printed(kept),
    'browser launched for each report': async () => {
      const browsers = openBrowsers();
      return printed(browsers).finally(() => browsers.close());
    },
    pdfkit: async () => {
      await printOn(undefined);
      return 0;
    },
  };
  const found = new Map<string, Way[]>(Object.keys(ways).map((name) => [name, []]));
  for (let round = 0; round <= rounds; round += 1) {
    for (const [name, print] of Object.entries(ways)) {
      const way = await make(perRound, print);
      // The first warms up.
      if (round > 0) found.get(name)?.push(way);
    }
  }
  await kept.close();
  process.stdout.write(
    `the sample: ${request.literature.length} publications, ${request.adverseEvents.length} events, ${pages} pages; medians of ${rounds} rounds of ${perRound} (least and most)\n| | s a report | reports/s | processor, s a report |\n`,
  );
  for (const [name, each] of found) {
    const seconds = each.map((way) => way.seconds);
    const spread = (of: readonly number[]) =>
      `${median(of).toFixed(2)} (${Math.min(...of).toFixed(2)}-${Math.max(...of).toFixed(2)})`;
    process.stdout.write(
      `| ${name} | ${spread(seconds)} | ${(1 / median(seconds)).toFixed(2)} | ${spread(each.map((way) => way.cpuSeconds))} |\n`,
    );
  }
}

const answer = z.object({
  data: z.object({
    report: z.object({ id: z.string(), status: z.string(), renderer: z.string().nullable() }),
  }),
});

/** Adds ten reports and waits until all are made by a browser; gives the seconds that it took. */
async function makeTen(url: string): Promise<number> {
  const until = new Date(Date.now() + 3_600_000);
  const token = await createTokens(jwtSecret).issue({ role: 'producer', subject: 'bench' }, until);
  const headers = { Authorization: `Bearer ${token}`, 'Content-Type': 'application/json' };
  const began = performance.now();
  const ids = await Promise.all(
    Array.from({ length: atOnce }, async () => {
      const body = JSON.stringify(request);
      const response = await fetch(`${url}/api/cer/reports`, { method: 'POST', headers, body });
      return answer.parse(await response.json()).data.report.id;
    }),
  );
  for (const id of ids) {
    while (true) {
      const response = await fetch(`${url}/api/cer/reports/${id}`, { headers });
      const { status, renderer } = answer.parse(await response.json()).data.report;
      if (status === 'failed') throw new Error(`The report ${id} failed.`);
      if (status === 'completed' && renderer === 'chromium') break;
      if (status === 'completed') throw new Error(`The report ${id} was made by ${renderer}.`);
      await pause(100);
    }
  }
  return (performance.now() - began) / 1_000;
}

/** The most that a process and its browsers held while `work` ran, in MB: each by itself, and at one moment. */
async function heldDuring(pid: number, work: () => Promise<unknown>) {
  const most = { worker: 0, browsers: 0, both: 0, count: 0 };
  let done = false;
  const watching = (async () => {
    while (!done) {
      const status = await readFile(`/proc/${pid}/status`, 'utf8');
      const worker = Number(/VmRSS:\s+(\d+)/.exec(status)?.[1] ?? 0) / 1_024;
      const running = await browsersOf(pid);
      const usages = await Promise.all(running.map(groupUsage));
      const browsers = usages.reduce((sum, usage) => sum + (usage?.memoryBytes ?? 0), 0) / mebibyte;
      most.worker = Math.max(most.worker, worker);
      most.browsers = Math.max(most.browsers, browsers);
      most.both = Math.max(most.both, worker + browsers);
      most.count = Math.max(most.count, running.length);
      await pause(100);
    }
  })();
  await work().finally(() => {
    done = true;
  });
  await watching;
  return most;
}

async function tenAtOnce(): Promise<void> {
  if (!values.source) await promisify(execFile)(process.execPath, ['--run', 'build'], { cwd: packageRoot });
  const dir = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
  const server = await startEmbeddedServer({ dataDir: dir });
  try {
    const pool = openPool(server.url, 1);
    await migrate(pool, join(packageRoot, 'migrations'));
    await pool.end();
    const worker = await startWorker({
      databaseUrl: server.url,
      dataDir: join(dir, 'worker'),
      fromSource: values.source,
      environment: { CONCURRENCY: String(atOnce), CHROMIUM_PATH: path },
    });
    let seconds = 0;
    const most = await heldDuring(worker.pid, async () => {
      seconds = await makeTen(worker.url);
    }).finally(() => worker.stop());
    const mb = (megabytes: number) => Math.round(megabytes);
    process.stdout.write(
      `ten reports at once: ${(atOnce / seconds).toFixed(2)} reports/s; worker process ${mb(most.worker)} MB, ${most.count} browsers ${mb(most.browsers)} MB, together ${mb(most.both)} MB of ${limitMb}\n`,
    );
    if (most.both > limitMb) process.exitCode = 1;
  } finally {
    await server.stop();
    await rm(dir, { recursive: true, force: true });
  }
}

if (values.only !== 'worker') await comparePool();
if (values.only !== 'pool') await tenAtOnce();
