import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { extname } from 'node:path';
import { fileURLToPath } from 'node:url';
import { type Config, loadConfig } from '../../config/index.ts';
import { createTokens } from '../access/tokens.ts';
import { type Client, createClient } from '../client/index.ts';
import { developmentSecret } from '../composition/development.ts';
import { messageOf } from '../errors/classify.ts';
import { makeSample } from '../sample/index.ts';
import { acts, actsForAllUsers, type DemoJob } from './demo-jobs.ts';
import { productOf } from './demo-products.ts';
import { type JobStatus, watchJobs } from './job-lines.ts';
import { isReady } from './ready.ts';

/** The source, or what was built of it. */
const mainProgram = fileURLToPath(new URL(`../main${extname(import.meta.url)}`, import.meta.url));

/**
 * `npm run demo`: one of each kind of job through the running platform, with sample data. Starts the platform when none
 * is up, and stops it again; one that ran before goes on running.
 */
async function main(): Promise<void> {
  const config = loadConfig();
  if (config.production)
    throw new Error(
      'The demo adds sample users and writes to them, so it does not run with NODE_ENV=production.',
    );
  const baseUrl = `http://127.0.0.1:${config.http.port}`;
  const out = process.stdout;
  const started = (await isReady(baseUrl)) ? undefined : await startPlatform(baseUrl, out);
  try {
    const tokens = createTokens(config.auth.jwtSecret ?? (await developmentSecret(config.dataDir)));
    const token = await tokens.issue({ role: 'operator', subject: 'demo' }, new Date(Date.now() + 3_600_000));
    await show(config, createClient({ url: baseUrl, token }), baseUrl, out);
  } finally {
    if (started !== undefined) await stopPlatform(started, out);
  }
}

async function show(config: Config, client: Client, baseUrl: string, out: NodeJS.WriteStream): Promise<void> {
  const sample = makeSample({ asOf: new Date() });
  const ended: { job: DemoJob; end: JobStatus }[] = [];
  const toOutbox = config.mail.provider === 'outbox';
  for (const act of toOutbox ? [...acts, ...actsForAllUsers] : acts) {
    out.write(`\n${act.title}:\n\n`);
    const jobs = await act.add({ config, client, sample, ended });
    const ends = await watchJobs(client, jobs, out);
    for (const [index, job] of jobs.entries()) {
      const end = ends[index];
      if (end !== undefined) ended.push({ job, end });
    }
  }
  out.write('\nWhat was made:\n\n');
  for (const { job, end } of ended) {
    const named = end.state === 'completed' ? await job.product?.(end) : undefined;
    out.write(`  ${job.label.padEnd(34)} ${named ?? productOf(config, job.queue, end)}\n`);
  }
  if (!toOutbox)
    out.write(
      `\n  Mails to all users were left out: they would go out through ${config.mail.provider}. Set EMAIL_PROVIDER=outbox to see them.\n`,
    );
  out.write(`\n  The board shows them all: ${baseUrl}/admin/queues, the mails: ${baseUrl}/admin/mails\n\n`);
  if (ended.some(({ end }) => end.state === 'failed')) process.exitCode = 1;
}

async function startPlatform(baseUrl: string, out: NodeJS.WriteStream): Promise<ChildProcess> {
  out.write(`Nothing answers at ${baseUrl}: starting the platform.\n`);
  const child = spawn(process.execPath, ['--max-semi-space-size=8', mainProgram], {
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
