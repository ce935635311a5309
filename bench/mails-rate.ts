/**
 * The last part of `npm run bench -- mails`: the limit that all worker processes share. Two of them have more to send than
 * `EMAIL_RATE_LIMIT` lets them, so their SendGrid sees how much of it is used, and whether any second has more.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startEmbeddedServer } from '../src/backend/embedded-server.ts';
import { openBackend } from '../src/backend/index.ts';
import { openPool } from '../src/integrations/database/postgres/connection.ts';
import { migrate } from '../src/integrations/database/postgres/migrate.ts';
import { packageRoot } from '../src/package.ts';
import { startWorker } from './documents-worker.ts';
import { queueReminders, seedUsers } from './reminders.ts';
import { sendsTo, startSendGrid } from './sendgrid.ts';

const answerMs = 50;
const seconds = 15;
const processes = 2;

const dir = await mkdtemp(join(tmpdir(), 'millrace-bench-rate-'));
const server = await startEmbeddedServer({ dataDir: dir });
const pool = openPool(server.url, 1);

async function measured(perSecond: number): Promise<void> {
  const mails = perSecond * seconds;
  await seedUsers(pool, mails);
  const backend = await openBackend({
    kind: 'postgres',
    redisUrl: undefined,
    databaseUrl: server.url,
    workers: 0,
  });
  const queues = await queueReminders(backend, mails);
  const sendGrid = await startSendGrid(answerMs, mails);
  const worker = await startWorker({
    databaseUrl: server.url,
    dataDir: join(dir, 'worker'),
    fromSource: true,
    environment: {
      ...sendsTo(sendGrid.baseUrl),
      EMAIL_RATE_LIMIT: String(perSecond),
      QUEUE_BACKEND: 'postgres',
      LOCK_DURATION: '30000',
      WORKER_PROCESSES: String(processes),
    },
  });
  try {
    const { ms, busiestSecond } = await sendGrid.last();
    const rate = (mails * 1_000) / (ms - answerMs);
    const share = (rate / perSecond).toFixed(3);
    process.stdout.write(
      `a limit of ${String(perSecond).padStart(3)} a second for ${processes} worker processes: ${rate.toFixed(1)} mails/s (${share} of it), ${busiestSecond} in the busiest second\n`,
    );
  } finally {
    sendGrid.stop();
    await worker.stop();
    await queues.close();
    await backend.close();
    await pool.query('truncate email_deliveries');
  }
}

try {
  await migrate(pool, join(packageRoot, 'migrations'));
  for (const perSecond of [20, 100, 300]) await measured(perSecond);
} finally {
  await pool.end();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
}
