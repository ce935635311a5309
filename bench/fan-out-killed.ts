/**
 * `npm run bench -- fan-out-killed [users]`: a fan-out to all users and their mails, end to end, by worker processes that are
 * killed: twice in the middle of the fan-out and once in the middle of the mails. How much memory each of them took at most,
 * and how many mails each user has.
 */
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startEmbeddedServer } from '../src/backend/embedded-server.ts';
import { openBackend } from '../src/backend/index.ts';
import { openPool } from '../src/integrations/database/postgres/connection.ts';
import { migrate } from '../src/integrations/database/postgres/migrate.ts';
import { packageRoot } from '../src/package.ts';
import { QueueManager } from '../src/queue/queue-manager.ts';
import { startWorker } from './documents-worker.ts';
import { seedUsers } from './reminders.ts';
import { sendsTo, startSendGrid } from './sendgrid.ts';

const users = Number(process.argv[2] ?? '100000');
const answerMs = 5;
const places = 50;
const dir = await mkdtemp(join(tmpdir(), 'millrace-bench-killed-'));
const server = await startEmbeddedServer({ dataDir: dir });
const pool = openPool(server.url, 1);
const backend = await openBackend({
  kind: 'postgres',
  redisUrl: undefined,
  databaseUrl: server.url,
  workers: 0,
});
const onError = (queue: string, error: Error) => process.stderr.write(`${queue}: ${error.message}\n`);
const queues = new QueueManager({ backend, pending: {}, maxAttempts: 3, backoffMs: 1_000, onError });

async function seed(): Promise<void> {
  await seedUsers(pool, users);
  await pool.query(
    `insert into opportunities (notice_id, title, agency, posted_on, response_deadline, raw, content_hash, url)
     select 'n' || n, 'Preventive maintenance of building ' || n, 'VA', current_date, now() + interval '3 days', '{}', 'a', null
       from generate_series(1, 300) n`,
  );
  await pool.query(
    `insert into saved_opportunities (user_id, notice_id)
     select 'u-' || n, 'n' || 1 + (n + k * 100) % 300 from generate_series(1, $1::int) n, generate_series(0, 2) k`,
    [users],
  );
  await pool.query('analyze users, saved_opportunities, opportunities');
}

async function countOf(sql: string): Promise<number> {
  const { rows } = await pool.query<{ count: number }>(`select count(*)::int as count from ${sql}`);
  return rows[0]?.count ?? 0;
}
const reminders = () => countOf("bullmq.job where queue = 'email' and name = 'send-reminder'");
const sent = () => countOf("email_deliveries where status = 'sent'");

/** Lets a worker process work until `reached`, tells of it and kills it. */
async function worked(what: string, atOnce: number, reached: () => Promise<boolean>): Promise<void> {
  const began = performance.now();
  const worker = await startWorker({
    databaseUrl: server.url,
    dataDir: join(dir, 'worker'),
    fromSource: true,
    environment: {
      ...sendsTo(sendGrid.baseUrl),
      QUEUE_BACKEND: 'postgres',
      WORKER_CONCURRENCY: String(atOnce),
    },
  });
  while (!(await reached())) await pause(500);
  const [, kilobytes] = /VmHWM:\s+(\d+) kB/.exec(readFileSync(`/proc/${worker.pid}/status`, 'utf8')) ?? [];
  process.kill(worker.pid, 'SIGKILL');
  await worker.stop();
  const seconds = Math.round((performance.now() - began) / 1_000);
  process.stdout.write(
    `${what}: killed after ${seconds} s with ${await reminders()} reminders in the queue and ${await sent()} mails sent, peak ${Math.round(Number(kilobytes) / 1_024)} MB\n`,
  );
}

const sendGrid = await startSendGrid(answerMs, users);
try {
  await migrate(pool, join(packageRoot, 'migrations'));
  await seed();
  await queues.addJob('email', 'dispatch-reminders', { type: 'dispatch-reminders', data: {} });
  // One job at a time: the fan-out is all that runs.
  await worked('fan-out', 1, async () => (await reminders()) >= users / 3);
  await worked('fan-out, again', 1, async () => (await reminders()) >= (2 * users) / 3);
  await worked('fan-out and mails', places, async () => (await sent()) >= users / 2);
  await worked('mails', places, async () => {
    const { waiting, active } = await queues.counts('email');
    return waiting + active === 0;
  });
  const { mails, distinct } = await sendGrid.told();
  const rows = await countOf('email_deliveries');
  process.stdout.write(
    `${users} users: ${distinct} have a mail, ${mails - distinct} of them a second one; ${rows} rows in the ledger, ${await sent()} sent\n`,
  );
} finally {
  sendGrid.stop();
  await queues.close();
  await backend.close();
  await pool.end();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
}
