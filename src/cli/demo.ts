import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Config, loadConfig } from '../../config/index.ts';
import { developmentSecret } from '../composition/development.ts';
import { openStorage } from '../composition/drivers.ts';
import { messageOf } from '../errors/classify.ts';
import { createTokens } from '../http/tokens.ts';
import { packageRoot } from '../package.ts';
import { makeSample } from '../sample/index.ts';
import { sampleSolicitation } from '../sample/solicitation.ts';
import { type ApiClient, createApiClient, isReady, type JobStatus } from './api-client.ts';
import {
  addDemoJobs,
  addDocumentMail,
  addMatrices,
  addReports,
  addSolicitation,
  addUpkeep,
  type DemoJob,
} from './demo-jobs.ts';
import { watchJobs } from './job-lines.ts';

/**
 * `npm run demo`: one of each kind of job through the running platform, with sample data. Starts the platform when none
 * is up, and stops it again; one that ran before goes on running.
 */
async function main(): Promise<void> {
  const config = loadConfig();
  const baseUrl = `http://127.0.0.1:${config.http.port}`;
  const out = process.stdout;
  const started = (await isReady(baseUrl)) ? undefined : await startPlatform(baseUrl, out);
  try {
    const tokens = createTokens(config.auth.jwtSecret ?? (await developmentSecret(config.dataDir)));
    const api = createApiClient(baseUrl, await tokens.issue('operator', '1h', 'demo'));
    await show(config, api, baseUrl, out);
  } finally {
    if (started !== undefined) await stopPlatform(started, out);
  }
}

async function show(config: Config, api: ApiClient, baseUrl: string, out: NodeJS.WriteStream): Promise<void> {
  const sample = makeSample({ asOf: new Date() });
  out.write('\nJobs for every queue:\n\n');
  const first = await addDemoJobs(api, sample);
  const firstEnds = await watchJobs(api, first, out);
  out.write('\nReports on what was synced:\n\n');
  const reports = [...(await addUpkeep(api)), ...(await addReports(api))];
  const reportEnds = await watchJobs(api, reports, out);
  const mails = await Promise.all(
    documentsOf(reportEnds)
      .slice(0, 1)
      .map((id) => addDocumentMail(api, id)),
  );
  const mailEnds = await watchJobs(api, mails, out);

  out.write('\nA solicitation and what it requires:\n\n');
  const solicitation = [await addSolicitation(api, await storeSolicitation(config))];
  const solicitationEnds = await watchJobs(api, solicitation, out);
  const matrices = await addMatrices(api);
  const matrixEnds = await watchJobs(api, matrices, out);

  out.write('\nWhat was made:\n\n');
  const jobs = [...first, ...reports, ...mails, ...solicitation, ...matrices];
  const ends = [...firstEnds, ...reportEnds, ...mailEnds, ...solicitationEnds, ...matrixEnds];
  for (const [index, job] of jobs.entries()) {
    const end = ends[index];
    if (end !== undefined) out.write(`  ${job.label.padEnd(34)} ${productOf(config, job, end)}\n`);
  }
  out.write(`\n  The board shows them all: ${baseUrl}/admin/queues\n\n`);
  if (ends.some(({ state }) => state === 'failed')) process.exitCode = 1;
}

/** Puts the sample where the platform reads it. */
async function storeSolicitation(config: Config): Promise<string> {
  const { storage } = await openStorage(config);
  const { key } = await storage.put('samples/solicitation.txt', Buffer.from(sampleSolicitation));
  return key;
}

function placeOf({ storage, dataDir }: Config, key: string): string {
  return storage.provider === 'local' ? join(dataDir, 'storage', key) : `${storage.bucket}/${key}`;
}

function documentsOf(ends: readonly JobStatus[]): string[] {
  return ends.flatMap(({ result }) =>
    typeof result === 'object' && result !== null && 'documentId' in result
      ? [String(result.documentId)]
      : [],
  );
}

/** Names what a job has left, and where. */
function productOf(config: Config, job: DemoJob, end: JobStatus): string {
  if (end.state === 'failed') return `failed: ${end.failure ?? ''}`;
  const result: Readonly<Record<string, unknown>> =
    typeof end.result === 'object' && end.result !== null ? { ...end.result } : {};
  switch (job.queue) {
    case 'email':
      if (result.considered !== undefined)
        return `${result.considered} users considered, ${result.added} mails added`;
      return result.provider === 'outbox'
        ? join(config.dataDir, 'outbox', String(result.messageId))
        : `${result.status} by ${result.provider}`;
    case 'document':
      return `${placeOf(config, String(result.storageKey))} (${result.bytes} bytes)`;
    case 'sync':
      return upkeepOf(result);
    default: {
      const scores: Readonly<Record<string, unknown>> =
        typeof result.enhancedScores === 'object' && result.enhancedScores !== null
          ? { ...result.enhancedScores }
          : {};
      return `hype ${scores.hypeScore}, ethics ${scores.ethicsScore}${result.enhanced === true ? ` by ${result.model}` : ' (local scores)'}`;
    }
  }
}

function upkeepOf(result: Readonly<Record<string, unknown>>): string {
  if (Array.isArray(result.refreshed)) return `${result.refreshed.join(', ')} in ${result.durationMs} ms`;
  if (typeof result.removed === 'object' && result.removed !== null) {
    const due = Object.entries(result.removed).filter(([, count]) => count !== 0);
    return due.length === 0
      ? 'nothing is old enough'
      : due.map(([what, count]) => `${count} ${what}`).join(', ');
  }
  return `${result.fetched} records: ${result.inserted} new, ${result.updated} changed, ${result.unchanged} as before`;
}

async function startPlatform(baseUrl: string, out: NodeJS.WriteStream): Promise<ChildProcess> {
  out.write(`Nothing answers at ${baseUrl}: starting the platform.\n`);
  const child = spawn(process.execPath, ['--max-semi-space-size=8', join(packageRoot, 'src/main.ts')], {
    stdio: ['ignore', 'ignore', 'inherit'],
    // A group of its own: Ctrl-C ends the demo, which then stops the platform in order.
    detached: true,
  });
  const ended = once(child, 'exit');
  while (!(await isReady(baseUrl))) {
    const gone = await Promise.race([
      ended.then(() => true),
      new Promise<false>((resolve) => setTimeout(() => resolve(false), 100)),
    ]);
    if (gone) throw new Error('The platform did not start; what it said is above.');
  }
  return child;
}

async function stopPlatform(child: ChildProcess, out: NodeJS.WriteStream): Promise<void> {
  out.write('Stopping the platform. To look around, run: npm start\n');
  const ended = once(child, 'exit');
  child.kill('SIGTERM');
  await ended;
}

main().catch((error: unknown) => {
  process.stderr.write(`${messageOf(error)}\n`);
  process.exitCode = 1;
});
