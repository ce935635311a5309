import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';
import { type Config, loadConfig } from '../../config/index.ts';
import { developmentSecret } from '../development.ts';
import { messageOf } from '../errors/classify.ts';
import { createTokens } from '../http/tokens.ts';
import { packageRoot } from '../package.ts';
import { makeSample } from '../sample/index.ts';
import { type ApiClient, createApiClient, isReady, type JobStatus } from './api-client.ts';
import { addDemoJobs, addReports, type DemoJob } from './demo-jobs.ts';
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
  const reports = await addReports(api);
  const reportEnds = await watchJobs(api, reports, out);

  out.write('\nWhat was made:\n\n');
  const jobs = [...first, ...reports];
  const ends = [...firstEnds, ...reportEnds];
  for (const [index, job] of jobs.entries()) {
    const end = ends[index];
    if (end !== undefined) out.write(`  ${job.label.padEnd(34)} ${productOf(config, job, end)}\n`);
  }
  out.write(`\n  The board shows them all: ${baseUrl}/admin/queues\n\n`);
  if (ends.some(({ state }) => state === 'failed')) process.exitCode = 1;
}

/** Names what a job has left, and where. */
function productOf(config: Config, job: DemoJob, end: JobStatus): string {
  if (end.state === 'failed') return `failed: ${end.failure ?? ''}`;
  const result: Readonly<Record<string, unknown>> =
    typeof end.result === 'object' && end.result !== null ? { ...end.result } : {};
  switch (job.queue) {
    case 'email':
      return result.provider === 'outbox'
        ? join(config.dataDir, 'outbox', String(result.messageId))
        : `${result.status} by ${result.provider}`;
    case 'document':
      return `${join(config.dataDir, 'storage', String(result.storageKey))} (${result.bytes} bytes)`;
    case 'sync':
      return `${result.fetched} opportunities: ${result.inserted} new, ${result.updated} changed, ${result.unchanged} as before`;
    default: {
      const scores: Readonly<Record<string, unknown>> =
        typeof result.enhancedScores === 'object' && result.enhancedScores !== null
          ? { ...result.enhancedScores }
          : {};
      return `hype ${scores.hypeScore}, ethics ${scores.ethicsScore}${result.enhanced === true ? ` by ${result.model}` : ' (local scores)'}`;
    }
  }
}

async function startPlatform(baseUrl: string, out: NodeJS.WriteStream): Promise<ChildProcess> {
  out.write(`Nothing answers at ${baseUrl}: starting the platform.\n`);
  const child = spawn(process.execPath, [join(packageRoot, 'src/main.ts')], {
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
