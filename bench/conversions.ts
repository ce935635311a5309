/**
 * `npm run bench -- conversions [--source] [--claims]`: how long claiming a row takes when forty do it at once, and conversions end to
 * end in a worker process as it runs in production, each line a process of its own, so that its peak of memory is its own.
 * `--claims` leaves out the second.
 */
import { execFile } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { parseArgs, promisify } from 'node:util';
import { z } from 'zod';
import { createTokens } from '../src/access/tokens.ts';
import { startEmbeddedServer } from '../src/backend/embedded-server.ts';
import { openPool } from '../src/integrations/database/postgres/connection.ts';
import { openDatabase } from '../src/integrations/database/postgres/index.ts';
import { migrate } from '../src/integrations/database/postgres/migrate.ts';
import { packageRoot } from '../src/package.ts';
import { startFakeGateway } from '../test/support/fake-gateway.ts';
import { invoicePdf, makeInvoice } from '../test/support/invoices.ts';
import { jwtSecret, startWorker } from './documents-worker.ts';

const { values } = parseArgs({
  options: { source: { type: 'boolean', default: false }, claims: { type: 'boolean', default: false } },
});
const intakes = 40;
const rows = 5_000;
const conversions = 30;
const items = 510;
const mebibyte = 2 ** 20;

const dir = await mkdtemp(join(tmpdir(), 'millrace-bench-'));
if (!values.source && !values.claims)
  await promisify(execFile)(process.execPath, ['--run', 'build'], { cwd: packageRoot });
const server = await startEmbeddedServer({ dataDir: dir });
const pool = openPool(server.url, 1);

/** Forty connections, each claiming one row after another until none is left. */
async function claim(): Promise<void> {
  await pool.query(
    `insert into conversions (upload_path, created_at)
     select 'uploads/' || n, timestamptz '2020-01-01' - (n * interval '1 second') from generate_series(1, $1) n`,
    [rows],
  );
  const database = openDatabase({ url: server.url, poolMax: intakes });
  const times: number[] = [];
  const taken = new Set<string>();
  const take = async (worker: string) => {
    // Of the rows that one intake gets each is younger than the one before.
    for (let last = 0; ; ) {
      const began = performance.now();
      const claimed = await database.conversions.claim({ worker, seconds: 300, limit: 1, mostLost: 5 });
      const [row] = claimed;
      if (row === undefined) return;
      times.push(performance.now() - began);
      const at = row.createdAt.getTime();
      if (last !== 0 && at <= last) throw new Error('A younger row was claimed before an older one.');
      if (taken.has(row.id)) throw new Error(`The row ${row.id} was claimed twice.`);
      taken.add(row.id);
      last = at;
    }
  };
  // Connections are opened before: a worker opens its own once.
  await Promise.all(Array.from({ length: intakes }, () => database.ping()));
  const began = performance.now();
  await Promise.all(Array.from({ length: intakes }, (_, index) => take(`intake-${index}`)));
  const seconds = (performance.now() - began) / 1_000;
  await database.close();
  await pool.query('delete from conversions');
  if (taken.size !== rows) throw new Error(`${taken.size} of ${rows} rows were claimed.`);
  times.sort((a, b) => a - b);
  const at = (share: number) => (times[Math.floor(times.length * share)] ?? 0).toFixed(1);
  process.stdout.write(
    `claiming ${times.length} rows, ${intakes} at once: ${Math.round(rows / seconds)} rows/s, p50 ${at(0.5)} ms, p99 ${at(0.99)} ms, longest ${at(0.9999)} ms\n\n`,
  );
}

const answer = z.object({
  data: z.object({
    conversion: z.object({
      id: z.string(),
      status: z.string(),
      lineItems: z.number().nullable(),
      errorMessage: z.string().nullable(),
    }),
  }),
});

/** Uploads PDFs and waits for all of them; answers what it did and how fast. */
async function convert(
  url: string,
  pdfs: readonly Uint8Array<ArrayBuffer>[],
  wanted: number | null,
): Promise<string> {
  const headers = {
    Authorization: `Bearer ${await createTokens(jwtSecret).issue({ role: 'producer', subject: 'bench' }, new Date(Date.now() + 3_600_000))}`,
  };
  const ids: string[] = [];
  const began = performance.now();
  for (const pdf of pdfs) {
    const form = new FormData();
    form.append('file', new Blob([pdf]), 'a.pdf');
    const response = await fetch(`${url}/api/upload`, { method: 'POST', headers, body: form });
    ids.push(answer.parse(await response.json()).data.conversion.id);
  }
  for (const id of ids) {
    while (true) {
      const response = await fetch(`${url}/api/conversions/${id}`, { headers });
      const { status, lineItems, errorMessage } = answer.parse(await response.json()).data.conversion;
      if (status === 'failed') throw new Error(`A conversion failed: ${errorMessage}`);
      if (status === 'complete') {
        if (lineItems !== wanted) throw new Error(`${lineItems} line items were read instead of ${wanted}.`);
        break;
      }
      await pause(20);
    }
  }
  const seconds = (performance.now() - began) / 1_000;
  return `${(pdfs.length / seconds).toFixed(1)}/s, ${(seconds / pdfs.length).toFixed(2)} s each`;
}

async function measured(
  what: string,
  work: (url: string) => Promise<string>,
  environment: Readonly<Record<string, string>> = {},
): Promise<void> {
  const dataDir = join(dir, 'worker');
  const worker = await startWorker({
    databaseUrl: server.url,
    dataDir,
    fromSource: values.source,
    environment,
  });
  try {
    let rate = '';
    const cost = await worker.watch(async () => {
      rate = await work(worker.url);
    });
    process.stdout.write(
      `| ${what} | ${rate} | ${cost.idleMb} | ${cost.peakMb} | ${cost.loopP99Ms} / ${cost.loopMaxMs} | ${cost.healthP99Ms} |\n`,
    );
  } finally {
    await worker.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

/** An invoice with an attachment that no compression makes smaller, of so many bytes together. */
async function largePdf(bytes: number): Promise<Uint8Array<ArrayBuffer>> {
  const build = (filler: number) =>
    invoicePdf(makeInvoice(items), undefined, {}, (doc) =>
      doc.file(randomBytes(filler), { name: 'filler.bin' }),
    );
  const base = (await build(1_000)).length;
  return new Uint8Array(await build(bytes - base - 64 * 1024));
}

async function convertAll(): Promise<void> {
  process.stdout.write('| | rate | MB idle | MB peak | event loop ms p99 / longest | /health ms p99 |\n');
  const pdf = new Uint8Array(await invoicePdf(makeInvoice(items)));
  await measured(
    `built-in, ${conversions} invoices of ${items} items, one at a time`,
    async (url) => {
      await convert(url, [pdf], items);
      let rate = '';
      for (let one = 0; one < conversions; one++) rate = await convert(url, [pdf], items);
      return rate;
    },
    { CONCURRENCY: '1' },
  );
  await measured(`built-in, ${conversions} invoices of ${items} items, two at once`, (url) =>
    convert(
      url,
      Array.from({ length: conversions }, () => pdf),
      items,
    ),
  );
  const large = await largePdf(40 * mebibyte);
  await measured(
    `built-in, three PDFs of ${Math.round(large.length / mebibyte)} MB, one at a time`,
    (url) => convert(url, [large, large, large], items),
    { CONCURRENCY: '1' },
  );

  const gateway = await startFakeGateway();
  const row = Buffer.from(`<row>${'0123456789'.repeat(6_000)}</row>`);
  gateway.meetWith((request, response) => {
    request.resume();
    request.once('end', async () => {
      response.writeHead(200, { 'Content-Type': 'application/xml' }).write('<rows>');
      for (let sent = 0; sent < 99 * mebibyte; sent += row.length)
        if (!response.write(row)) await new Promise((resolve) => response.once('drain', resolve));
      response.end('</rows>');
    });
  });
  await measured(
    'gateway, five PDFs of 40 MB, each answered with 99 MB',
    (url) =>
      convert(
        url,
        Array.from({ length: 5 }, () => large),
        null,
      ),
    { GATEWAY_URL: gateway.url },
  );
  await gateway.close();
}

try {
  await migrate(pool, join(packageRoot, 'migrations'));
  await claim();
  if (!values.claims) await convertAll();
} finally {
  await pool.end();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
}
