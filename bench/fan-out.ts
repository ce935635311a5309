/**
 * `npm run bench -- fan-out [users]`: reminders for users who each saved three opportunities that close soon, added as jobs
 * to queues on the embedded PostgreSQL: how fast, and in how much memory. Half the users must cost the same memory.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { dispatchReminders } from '../processors/email/dispatch-reminders.ts';
import { startEmbeddedServer } from '../src/backend/embedded-server.ts';
import { openBackend } from '../src/backend/index.ts';
import { openPool } from '../src/integrations/database/postgres/connection.ts';
import { openDatabase } from '../src/integrations/database/postgres/index.ts';
import { migrate } from '../src/integrations/database/postgres/migrate.ts';
import { packageRoot } from '../src/package.ts';
import { QueueManager } from '../src/queue/queue-manager.ts';

const most = Number(process.argv[2] ?? '100000');
const addedAt = new Date('2026-11-23T09:00:00Z');
const dir = await mkdtemp(join(tmpdir(), 'millrace-bench-fan-out-'));
const server = await startEmbeddedServer({ dataDir: dir });
const pool = openPool(server.url, 1);
const database = openDatabase({ url: server.url, poolMax: 2 });
const backend = await openBackend({
  kind: 'postgres',
  redisUrl: undefined,
  databaseUrl: server.url,
  workers: 0,
});
const onError = (queue: string, error: Error) => process.stderr.write(`${queue}: ${error.message}\n`);
const queues = new QueueManager({ backend, pending: {}, maxAttempts: 3, backoffMs: 1_000, onError });

async function seed(users: number): Promise<void> {
  await pool.query('truncate users, saved_opportunities, opportunities cascade');
  await pool.query(
    `insert into opportunities (notice_id, title, agency, posted_on, response_deadline, raw, content_hash, url)
     select 'n' || n, 'Preventive maintenance of building ' || n, 'VA', '2026-11-17', '2026-11-25T12:00:00Z', '{}', 'a', null
       from generate_series(1, 300) n`,
  );
  await pool.query(
    `insert into users (id, email, name) select 'u-' || n, 'u' || n || '@example.org', 'User' from generate_series(1, $1::int) n`,
    [users],
  );
  await pool.query(
    `insert into saved_opportunities (user_id, notice_id)
     select 'u-' || n, 'n' || 1 + (n + k * 100) % 300 from generate_series(1, $1::int) n, generate_series(0, 2) k`,
    [users],
  );
  await pool.query('analyze users, saved_opportunities, opportunities');
}

async function measured(users: number, round: string): Promise<void> {
  await seed(users);
  let peak = 0;
  const key = `bench-${round}`;
  const payload = { type: 'dispatch-reminders' as const, data: { withinDays: 7, date: round } };
  const began = performance.now();
  const result = await dispatchReminders.run({
    ...payload,
    payload,
    job: {
      id: key,
      queue: 'email',
      name: 'dispatch-reminders',
      attempt: 1,
      maxAttempts: 3,
      key,
      correlationId: key,
      addedAt,
    },
    log: { debug: ignore, info: ignore, warn: ignore, error: ignore },
    signal: new AbortController().signal,
    progress: () => {
      peak = Math.max(peak, process.memoryUsage.rss());
    },
    addJob: () => Promise.reject(new Error('A fan-out adds its jobs in bulk.')),
    addJobs: (queue, jobs) =>
      queues.addManyUntyped(
        queue,
        jobs.map(({ name, payload: data, options }) => ({
          name,
          payload: data,
          options: { ...options, correlationId: key },
        })),
      ),
    services: { database },
  });
  if (result.added !== users) throw new Error(`${result.added} of ${users} were added.`);
  const seconds = (performance.now() - began) / 1_000;
  process.stdout.write(
    `${String(users).padStart(7)} users: ${Math.round(users / seconds)} users/s, peak ${Math.round(peak / 2 ** 20)} MB\n`,
  );
}

function ignore(): void {
  // The log is not looked at here.
}

try {
  await migrate(pool, join(packageRoot, 'migrations'));
  await measured(Math.ceil(most / 20), '2026-11-22');
  await measured(Math.ceil(most / 2), '2026-11-23');
  await measured(most, '2026-11-24');
} finally {
  await queues.close();
  await backend.close();
  await database.close();
  await pool.end();
  await server.stop();
  await rm(dir, { recursive: true, force: true });
}
