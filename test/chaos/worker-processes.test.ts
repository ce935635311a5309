import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { usualAssessment } from '../support/fake-openai.ts';
import { type Mill, openMill } from '../support/mill.ts';
import { until } from '../support/platform.ts';
import { embeddedStore, postgresStore, redisStore, type Store } from '../support/stores.ts';

const long = process.env.MILLRACE_LONG === '1';
const stores: readonly (readonly [string, Store | undefined])[] = [
  ['postgres', postgresStore],
  ...(long
    ? ([
        ['embedded', embeddedStore],
        ['redis', redisStore(12)],
      ] as const)
    : []),
];

/** Answers of the model that wait until they are let go. */
function held(mill: Mill, count: number): () => void {
  let letGo = () => undefined;
  const gate = new Promise<undefined>((resolve) => {
    letGo = () => void resolve(undefined);
  });
  mill.fake.next(...Array.from({ length: count }, () => () => gate));
  return letGo;
}

function runs(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return true;
  } catch {
    return false;
  }
}

const storyCounts = (mill: Mill) => mill.queues.counts('story-enhancement');

/** Each story has the model's scores, saved once; each mail is in the outbox once. */
async function expectAllDone(mill: Mill, stories: readonly string[], mails: number): Promise<void> {
  for (const id of stories) {
    const story = await mill.database.stories.find(id);
    expect(story).toMatchObject({ hypeScore: usualAssessment.hypeScore, revision: 1, enhancedRevision: 1 });
  }
  expect(await mill.sentMails()).toBe(mails);
  if (mails === 0) return;
  const outbox = await readdir(join(mill.world.dataDir, 'outbox'));
  expect(outbox.filter((name) => name.endsWith('.eml'))).toHaveLength(mails);
}

describe.each(stores)('several worker processes on %s', (_name, openStore) => {
  test('end when their parent is killed, after handing back their jobs', async ({ skip }) => {
    if (openStore === undefined) return skip('no Redis on this machine');
    const mill = await openMill(openStore);
    const stories = await mill.addStories(6);
    await mill.addMails(0, 20);
    held(mill, 6);
    // Far longer than the test: only a job that was handed back is taken again in time.
    const environment = { WORKER_PROCESSES: '2', LOCK_DURATION: '240000' };
    const parent = await mill.start(environment);
    await until('all stories are being read', async () => mill.fake.requests.length === 6);
    await until('all mails are sent', async () => (await mill.completed('email')) === 20);
    const pids = await mill.pids();
    expect(pids).toHaveLength(2);
    await parent.kill('SIGKILL');
    await until('the worker processes have ended', async () => !pids.some(runs));
    expect(await storyCounts(mill)).toMatchObject({ active: 0, waiting: 6 });

    const next = await mill.start(environment);
    await until('all stories are scored', async () => (await storyCounts(mill)).completed === 6);
    await expectAllDone(mill, stories, 20);
    const replaced = await mill.pids();
    expect(await next.kill('SIGTERM')).toEqual({ code: 0, signal: null });
    expect(replaced.filter(runs)).toEqual([]);
  }, 240_000);
});

describe('several worker processes', () => {
  test('lose no job when one is killed in the middle of enhancing, and count tokens and jobs honestly', async () => {
    const mill = await openMill(postgresStore);
    await mill.start({ WORKER_PROCESSES: '2' });
    const stories = await mill.addStories(8);
    const letGo = held(mill, 8);
    await until('all stories are being read', async () => mill.fake.requests.length === 8);
    const [victim] = await mill.pids();
    await mill.killWorker(victim);
    await mill.addMails(0, 30);
    await until('another process is up', async () => {
      const workers = await mill.workers();
      return workers.every(({ healthy }) => healthy) && workers.some(({ restarts }) => restarts === 1);
    });
    await until('what it had begun is begun again', async () => mill.fake.requests.length > 8, 90_000);
    letGo();
    await until('all stories are scored', async () => (await storyCounts(mill)).completed === 8, 90_000);
    await until('all mails are sent', async () => (await mill.completed('email')) === 30);
    await expectAllDone(mill, stories, 30);

    // Eight answers were seen. Those that the killed process was waiting for are counted with their bound.
    const again = mill.fake.requests.length - 8;
    const { rows } = await mill.pool.query('select calls::int, input_tokens::int from model_usage');
    expect(rows).toEqual([{ calls: 8, input_tokens: 8 * 350 }]);
    const { rows: lost } = await mill.pool.query('select tokens::int from model_reservations');
    expect(lost).toHaveLength(again);

    const enhanced = { queue: 'story-enhancement', job: 'enhance-story', status: 'completed' };
    await until('all jobs are counted', async () => {
      const mails = { queue: 'email', job: 'send-welcome', status: 'completed' };
      const seen = await mill.metric('worker_jobs_processed_total', mails);
      return seen === 30 && (await mill.metric('worker_jobs_processed_total', enhanced)) === 8;
    });
    expect(await mill.metric('worker_ai_tokens_total', { direction: 'input' })).toBe(8 * 350);
    // A gauge of the queue is the queue's, however many processes there are.
    const size = await mill.metric('worker_queue_size', { queue: 'email', state: 'completed' });
    expect(size).toBeLessThanOrEqual(30);
    expect(await mill.metric('worker_process_ends_total', { reason: 'died' })).toBe(1);

    const [other] = await mill.pids();
    await mill.killWorker(other);
    await until('it is replaced too', async () => {
      const pids = await mill.pids();
      return pids.length === 2 && !pids.some((pid) => pid === other);
    });
    expect(await mill.metric('worker_jobs_processed_total', enhanced)).toBe(8);
  }, 240_000);

  test('are replaced when they pass the limit of memory, and their jobs finish', async () => {
    const mill = await openMill(postgresStore);
    const parent = await mill.start({
      WORKER_PROCESSES: '2',
      MAX_MEMORY_RESTART: '400M',
      LOCK_DURATION: '240000',
    });
    const stories = await mill.addStories(6);
    const letGo = held(mill, 6);
    await until('all stories are being read', async () => mill.fake.requests.length === 6);
    // A signal to process 0 would be one to all of this run.
    const [hungry = Number.NaN, other = Number.NaN] = await mill.pids();
    process.kill(hungry, 'SIGUSR2');
    await until('it drains', async () => (await mill.workers())[0]?.state === 'draining');
    expect(parent.output()).toContain('has passed MAX_MEMORY_RESTART');
    expect(runs(hungry)).toBe(true);
    letGo();
    await until('another is up in its place', async () => {
      const [first] = await mill.workers();
      return first?.healthy === true && first.pid !== hungry;
    });
    expect(runs(hungry)).toBe(false);
    expect((await mill.pids())[1]).toBe(other);
    await until('all stories are scored', async () => (await storyCounts(mill)).completed === 6);
    // Nothing was asked twice: each job finished where it had begun.
    expect(mill.fake.requests).toHaveLength(6);
    await expectAllDone(mill, stories, 0);

    held(mill, 1);
    await mill.addStories(1, 'last');
    await until('a job runs', async () => mill.fake.requests.length === 7);
    const pids = await mill.pids();
    parent.child.kill('SIGTERM');
    await until('it stops', async () => parent.output().includes('reason: "SIGTERM"'));
    expect(await parent.kill('SIGTERM')).toEqual({ code: 1, signal: null });
    await until('nothing is left', async () => !pids.some(runs));
  }, 240_000);
});

test('one process alone starts anew in its place when it has passed the limit of memory', async () => {
  const mill = await openMill(postgresStore);
  const alone = await mill.start({ MAX_MEMORY_RESTART: '400M', LOCK_DURATION: '240000' });
  const stories = await mill.addStories(2);
  const letGo = held(mill, 2);
  await until('all stories are being read', async () => mill.fake.requests.length === 2);
  const pid = alone.child.pid ?? Number.NaN;
  process.kill(pid, 'SIGUSR2');
  const ups = () => alone.output().split('is up (').length - 1;
  await until('it drains', async () => alone.output().includes('MAX_MEMORY_RESTART is passed'), 40_000);
  expect(ups()).toBe(1);
  letGo();
  await until('it is up again', async () => ups() === 2);
  expect(await storyCounts(mill)).toMatchObject({ completed: 2, waiting: 0 });
  await expectAllDone(mill, stories, 0);
  await mill.addMails(0, 5);
  await until('it works', async () => (await mill.completed('email')) === 5);
  expect(alone.child.exitCode).toBeNull();
  expect(runs(pid)).toBe(true);
  expect(await alone.kill('SIGTERM')).toEqual({ code: 0, signal: null });
}, 240_000);
