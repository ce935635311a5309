/**
 * The end of `npm run bench -- mails [mails] [at once]`: mails end to end in a worker process as it runs in production: taken
 * from the queue, rendered, claimed in the ledger, sent to a SendGrid on loopback that answers in 50 ms, settled and
 * completed. The bound of 50 at once is 1,000 a second, of 25 it is 500; SendGrid and the stores are on the same cores, so
 * their time is told as well.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedServer } from '../src/backend/embedded-server.ts';
import { openBackend } from '../src/backend/index.ts';
import { openPool } from '../src/integrations/database/postgres/connection.ts';
import { migrate } from '../src/integrations/database/postgres/migrate.ts';
import { packageRoot } from '../src/package.ts';
import { startWorker } from './documents-worker.ts';
import { processorMs } from './processor-time.ts';
import { queueReminders, seedUsers } from './reminders.ts';
import { sendsTo, startSendGrid } from './sendgrid.ts';
import { findRedis, startRedis } from './stores.ts';

const answerMs = 50;
const [mails = 6_000, atOnce = 50] = process.argv.slice(2).map(Number);

const dir = await mkdtemp(join(tmpdir(), 'millrace-bench-mails-'));
const server = await startEmbeddedServer({ dataDir: dir });
const postmaster = Number(readFileSync(join(dir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]);
const pool = openPool(server.url, 1);
await migrate(pool, join(packageRoot, 'migrations'));
await seedUsers(pool, mails);

/** One line: all mails wait in the queue before the worker starts. */
async function measured(kind: 'redis' | 'postgres', redisUrl: string | undefined): Promise<void> {
  const backend = await openBackend({ kind, redisUrl, databaseUrl: server.url, workers: 0 });
  const queues = await queueReminders(backend, mails);
  const sendGrid = await startSendGrid(answerMs, mails);
  const worker = await startWorker({
    databaseUrl: server.url,
    dataDir: join(dir, 'worker'),
    fromSource: true,
    environment: {
      ...sendsTo(sendGrid.baseUrl),
      QUEUE_BACKEND: kind,
      LOCK_DURATION: '30000',
      WORKER_CONCURRENCY: String(atOnce),
      ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
    },
  });
  const spent = () => ({
    worker: processorMs(worker.pid),
    sendGrid: processorMs(sendGrid.pid),
    postgres: processorMs(postmaster),
  });
  try {
    await sendGrid.first;
    const before = spent();
    const end = await sendGrid.last();
    const after = spent();
    const rate = (mails * 1_000) / end.ms;
    const bound = (atOnce * 1_000) / answerMs;
    const each = (name: keyof typeof before) => ((after[name] - before[name]) / mails).toFixed(2);
    process.stdout.write(
      `queues on ${kind.padEnd(9)} ${Math.round(rate)} mails/s, ${(rate / bound).toFixed(2)} of the bound of ${bound}, ${end.mostOpen} at once; ms of processor a mail: worker ${each('worker')}, PostgreSQL ${each('postgres')}, SendGrid ${each('sendGrid')}\n`,
    );
  } finally {
    sendGrid.stop();
    await worker.stop();
    await queues.close();
    await backend.close();
  }
}

const program = findRedis();
const redis = program === undefined ? undefined : await startRedis(program, dir);
try {
  if (redis === undefined)
    process.stdout.write('No redis-server is here: the queues are on PostgreSQL alone.\n');
  else await measured('redis', redis.urlOf('millrace'));
  await pool.query('truncate email_deliveries');
  await measured('postgres', undefined);
} finally {
  await redis?.stop();
  await pool.end();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
}
