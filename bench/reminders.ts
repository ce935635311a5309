import type pg from 'pg';
import type { Backend } from '../src/backend/port.ts';
import { QueueManager } from '../src/queue/queue-manager.ts';

/** So many users, each of whom may have a reminder. */
export async function seedUsers(pool: pg.Pool, users: number): Promise<void> {
  await pool.query(
    `insert into users (id, email, name)
     select 'u-' || n, 'u' || n || '@example.org', 'User' from generate_series(1, $1::int) n on conflict do nothing`,
    [users],
  );
}

/** A reminder of five opportunities for each of the users, in the queue before any worker starts. */
export async function queueReminders(backend: Backend, users: number): Promise<QueueManager> {
  const onError = (queue: string, error: Error) => process.stderr.write(`${queue}: ${error.message}\n`);
  const queues = new QueueManager({ backend, pending: {}, maxAttempts: 3, backoffMs: 1_000, onError });
  for (let at = 0; at < users; at += 500) {
    const some = Array.from({ length: Math.min(500, users - at) }, (_, index) => reminder(at + index + 1));
    await queues.addManyUntyped('email', some);
  }
  return queues;
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
