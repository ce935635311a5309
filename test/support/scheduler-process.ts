/**
 * One scheduler as a process of its own, with a schedule of every second: `node scheduler-process.ts <url> [hang]`.
 * Its jobs are rows of `enqueued`, which has no unique constraint: a tick enqueued twice shows as two rows. With `hang`
 * it claims ticks and never gets to enqueue them. It says `ready` when it runs, and ends by itself after SIGTERM.
 */
import pg from 'pg';
import { createScheduler } from '../../schedulers/index.ts';
import { connect } from '../../src/integrations/database/postgres/connection.ts';
import { createTicks } from '../../src/integrations/database/postgres/ticks.ts';
import { Events } from '../../src/observability/events.ts';
import { silentLogger } from '../../src/observability/logger.ts';

const [, , url, mode] = process.argv;
const pool = new pg.Pool({ connectionString: url, max: 3 });
const events = new Events();
events.on('schedule.tick', ({ outcome }) => {
  if (outcome === 'failed') process.exitCode = 1;
});

const scheduler = createScheduler({
  schedules: [{ name: 'every-second', cron: '* * * * * *', catchUpMs: 3_600_000, enabled: true }],
  timeZone: 'UTC',
  ticks: createTicks(connect(pool)),
  async enqueue(_schedule, _tickAt, jobKey) {
    if (mode === 'hang') {
      // A second that begins during the start is part of it, and would keep it from being ready.
      process.stdout.write('ready\n');
      await new Promise(() => undefined);
    }
    await pool.query('insert into enqueued (key, at) values ($1, clock_timestamp())', [jobKey]);
    return jobKey;
  },
  events,
  log: silentLogger(),
  clock: Date.now,
  owner: String(process.pid),
  sweepMs: 2_000,
});

// No process.exit: a stopped scheduler must not keep its process alive.
process.once('SIGTERM', async () => {
  await scheduler.stop();
  await pool.end();
});
await scheduler.start();
process.stdout.write('ready\n');
