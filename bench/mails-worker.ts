/**
 * The end of `npm run bench -- mails [mails] [at once]`: mails end to end in a worker process as it runs in production: taken
 * from the queue, rendered, claimed in the ledger, sent to a SendGrid on loopback that answers in 50 ms, settled and
 * completed. The bound of 50 at once is 1,000 a second, of 25 it is 500; SendGrid and the stores are on the same cores, so
 * their time is told as well.
 */
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { z } from 'zod';
import { startEmbeddedServer } from '../src/backend/embedded-server.ts';
import { openBackend } from '../src/backend/index.ts';
import { openPool } from '../src/integrations/database/postgres/connection.ts';
import { migrate } from '../src/integrations/database/postgres/migrate.ts';
import { packageRoot } from '../src/package.ts';
import { QueueManager } from '../src/queue/queue-manager.ts';
import { startWorker } from './documents-worker.ts';
import { processorMs } from './processor-time.ts';
import { findRedis, startRedis } from './stores.ts';

const answerMs = 50;
const [mails = 6_000, atOnce = 50] = process.argv.slice(2).map(Number);
const said = z.discriminatedUnion('event', [
  z.object({ event: z.literal('ready'), port: z.number() }),
  z.object({ event: z.literal('first') }),
  z.object({
    event: z.literal('last'),
    ms: z.number(),
    taken: z.number(),
    distinct: z.number(),
    mostOpen: z.number(),
  }),
]);

const dir = await mkdtemp(join(tmpdir(), 'millrace-bench-mails-'));
const server = await startEmbeddedServer({ dataDir: dir });
const postmaster = Number(readFileSync(join(dir, 'postgres/postmaster.pid'), 'utf8').split('\n')[0]);
const pool = openPool(server.url, 1);
await migrate(pool, join(packageRoot, 'migrations'));
await pool.query(
  `insert into users (id, email, name) select 'u-' || n, 'u' || n || '@example.org', 'User' from generate_series(1, $1::int) n`,
  [mails],
);

/** One line: all mails wait in the queue before the worker starts. */
async function measured(kind: 'redis' | 'postgres', redisUrl: string | undefined): Promise<void> {
  const backend = await openBackend({ kind, redisUrl, databaseUrl: server.url, workers: 0 });
  const onError = (queue: string, error: Error) => process.stderr.write(`${queue}: ${error.message}\n`);
  const queues = new QueueManager({ backend, pending: {}, maxAttempts: 3, backoffMs: 1_000, onError });
  for (let at = 0; at < mails; at += 500) {
    const some = Array.from({ length: Math.min(500, mails - at) }, (_, index) => reminder(at + index + 1));
    await queues.addManyUntyped('email', some);
  }
  const sendGrid = fork(join(import.meta.dirname, 'sendgrid-process.ts'), [String(answerMs), String(mails)]);
  const hear = async (event: string) => {
    for (;;) {
      const [message]: unknown[] = await once(sendGrid, 'message');
      const read = said.parse(message);
      if (read.event === event) return read;
    }
  };
  const ready = await hear('ready');
  const first = hear('first');
  const last = hear('last');
  const worker = await startWorker({
    databaseUrl: server.url,
    dataDir: join(dir, 'worker'),
    fromSource: true,
    environment: {
      EMAIL_PROVIDER: 'sendgrid',
      SENDGRID_API_KEY: 'SG.bench',
      SENDGRID_BASE_URL: `http://127.0.0.1:${ready.event === 'ready' ? ready.port : 0}`,
      EMAIL_FROM: 'bench@example.org',
      QUEUE_BACKEND: kind,
      LOCK_DURATION: '30000',
      WORKER_CONCURRENCY: String(atOnce),
      ...(redisUrl === undefined ? {} : { REDIS_URL: redisUrl }),
    },
  });
  const spent = () => ({
    worker: processorMs(worker.pid),
    sendGrid: processorMs(sendGrid.pid ?? 0),
    postgres: processorMs(postmaster),
  });
  try {
    await first;
    const before = spent();
    const end = await last;
    const after = spent();
    if (end.event !== 'last' || end.distinct !== mails) throw new Error('Not each mail came once.');
    const rate = (mails * 1_000) / end.ms;
    const bound = (atOnce * 1_000) / answerMs;
    const each = (name: keyof typeof before) => ((after[name] - before[name]) / mails).toFixed(2);
    process.stdout.write(
      `queues on ${kind.padEnd(9)} ${Math.round(rate)} mails/s, ${(rate / bound).toFixed(2)} of the bound of ${bound}, ${end.mostOpen} at once; ms of processor a mail: worker ${each('worker')}, PostgreSQL ${each('postgres')}, SendGrid ${each('sendGrid')}\n`,
    );
  } finally {
    sendGrid.disconnect();
    await worker.stop();
    await queues.close();
    await backend.close();
  }
}

function reminder(user: number) {
  const opportunities = Array.from({ length: 5 }, (_, index) => ({
    noticeId: `n${index}`,
    title: `Preventive maintenance of building ${index}, base year and options`,
    agency: 'DEPT OF VETERANS AFFAIRS',
    deadline: '2026-12-24T17:00:00Z',
    url: `https://sam.gov/opp/n${index}/view`,
  }));
  const data = { userId: `u-${user}`, email: `u${user}@example.org`, opportunities };
  return { name: 'send-reminder', payload: { type: 'opportunity-reminder', data }, options: {} };
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
