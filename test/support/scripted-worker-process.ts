import { linkToSupervisor } from '../../src/lifecycle/supervised.ts';

/**
 * A worker process for tests of the supervisor: it does no jobs, and behaves as `TEST_WORKERS` says for its number, one
 * word for each time that it is started (the last for all further times):
 *
 * - `fine` comes up, drains when told to, and counts one job for each start;
 * - `fails` cannot start and says why; `crashes` says nothing;
 * - `away` cannot start for want of a database;
 * - `hungry` is fine, and passes any limit of memory;
 * - `stuck` comes up and then never comes back from what it does;
 * - `deaf` comes up and drains for ever.
 */
const link = await linkToSupervisor();
if (link === undefined) throw new Error('This process is started by a supervisor.');
const { worker } = link.begin;
const scripts: unknown = JSON.parse(process.env.TEST_WORKERS ?? '[]');
const script: unknown = Array.isArray(scripts) ? scripts[worker - 1] : undefined;
const behaviours = typeof script === 'string' ? script.split(' ') : [];
// The supervisor counts starts, and tells a process nothing of it; the folder keeps it.
const starts = await countStart();
const behaviour = behaviours[Math.min(starts, behaviours.length) - 1];

if (behaviour === 'crashes') process.exit(3);
if (behaviour === 'fails') {
  await link.failed('PREFLIGHT_FAILED', `Worker ${worker} has no PORT_OF_CALL.`);
  process.exit(1);
}
if (behaviour === 'away') {
  await link.failed('DATABASE_UNAVAILABLE', `Worker ${worker} has no database.`);
  process.exit(1);
}
const alive = setInterval(() => undefined, 1_000);
link.serve({
  healthy: true,
  jobs: 0,
  snapshot: async () => [
    {
      name: 'jobs_total',
      help: 'jobs',
      type: 'counter',
      values: [{ value: 1, labels: {} }],
      aggregator: 'sum',
    },
  ],
  drain() {
    if (behaviour === 'deaf') return;
    void link.close().then(() => {
      clearInterval(alive);
      process.exit(0);
    });
  },
  orphaned: () => process.exit(4),
});
if (behaviour === 'hungry') process.memoryUsage.rss = () => 10 ** 12;
link.up();
if (behaviour === 'stuck') {
  // Let what was said so far leave first.
  setTimeout(() => {
    for (;;);
  }, 200);
}

async function countStart(): Promise<number> {
  const { appendFile, readFile } = await import('node:fs/promises');
  const file = `${process.env.TEST_WORKERS_DIR}/${worker}`;
  await appendFile(file, 'x');
  return (await readFile(file, 'utf8')).length;
}
