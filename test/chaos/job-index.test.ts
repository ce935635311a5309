import { describe, expect, test } from 'vitest';
import { queueNames } from '../../queues/index.ts';
import type { IndexedState } from '../../src/integrations/database/port.ts';
import { createJobIndexCatchUp } from '../../src/maintenance/catch-up-job-index.ts';
import { createJobIndexReconciler } from '../../src/maintenance/reconcile-job-index.ts';
import { Events } from '../../src/observability/events.ts';
import { createStoredMask } from '../../src/queue/masking/index.ts';
import { type Mill, openMill } from '../support/mill.ts';
import { until } from '../support/platform.ts';
import { postgresStore, redisStore, type Store } from '../support/stores.ts';

const mails = 600;
const stores: readonly (readonly [string, Store | undefined])[] = [
  ['postgres', postgresStore],
  ['redis', redisStore(13)],
];

describe.each(stores)('the job index of workers that are killed, on %s', (_name, store) => {
  test('agrees with the queue for every job', { timeout: 180_000 }, async ({ skip }) => {
    if (store === undefined) return skip('no Redis on this machine');
    const mill = await openMill(store);
    // Whoever adds writes nothing here either, as a service that dies right after its add.
    await mill.addMails(0, mails / 2);
    await mill.start({ ROLE: 'worker' });
    await until('a part of the jobs is done', async () => (await mill.completed('email')) >= mails / 4);
    // In the middle of the load, with up to a second of sights unwritten.
    await mill.killWorker(mill.process?.child.pid);
    await mill.addMails(mails / 2, mails / 2);
    await mill.start({ ROLE: 'worker' });
    await until('all jobs are done', async () => (await mill.completed('email')) === mails, 90_000);
    await mill.process?.kill('SIGTERM');
    // As the next process would: what both had put down in haste is filed, once.
    while ((await mill.database.jobIndex.unstash()).sights > 0);

    const stored = {
      queues: queueNames,
      queueOf: (name: string) => mill.queues.queue(name),
      index: mill.database.jobIndex,
      mask: createStoredMask(),
      events: new Events(),
    };
    // And what both had left to their queues is read; one of them may have died while it read.
    await mill.pool.query('update job_index_left set held_until = null');
    const onError = (error: unknown) => expect.fail(String(error));
    await createJobIndexCatchUp({ ...stored, onError }).readAll();
    const { jobCancellations: cancellations } = mill.database;
    const mend = createJobIndexReconciler({ ...stored, cancellations, graceMs: 0 });
    // Rounds are bounded, and look further down each time: what is left comes in the next ones.
    await until(
      'queue and index agree',
      async () => {
        await mend();
        return (await disagreeing(mill)).length === 0;
      },
      60_000,
    );
    expect(await mend()).toBe(0);
    expect(await disagreeing(mill)).toEqual([]);
  });
});

/** The jobs of which queue and index do not say the same. */
async function disagreeing({ queues, pool }: Mill): Promise<string[]> {
  const { rows } = await pool.query<{ id: string; state: IndexedState; attempts: number; whole: boolean }>(
    `select job_id as id, state, attempts, payload is not null and correlation_id <> '' as whole from job_index where queue = 'email'`,
  );
  const indexed = new Map(rows.map((row) => [row.id, row]));
  const jobs = await queues.queue('email').getJobs(['completed'], 0, mails, true);
  expect(jobs).toHaveLength(mails);
  const known = jobs.filter(({ id = '', attemptsMade }) => {
    const row = indexed.get(id);
    return row?.state === 'completed' && row.attempts === attemptsMade && row.whole;
  });
  const right = new Set(known.map(({ id }) => id));
  const strangers = rows.filter(({ id }) => !jobs.some((job) => job.id === id));
  return [
    ...jobs
      .filter(({ id }) => !right.has(id))
      .map(({ id = '', attemptsMade }) => `${id}, ${attemptsMade}: ${JSON.stringify(indexed.get(id))}`),
    ...strangers.map(({ id }) => `${id} is no job`),
  ];
}
