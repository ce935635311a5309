import { readdir } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { queueNames } from '../../queues/index.ts';
import type { Database } from '../../src/integrations/database/port.ts';
import { openPool } from '../../src/integrations/database/postgres/connection.ts';
import { openDatabase } from '../../src/integrations/database/postgres/index.ts';
import { QueueManager } from '../../src/queue/queue-manager.ts';
import { type MillraceProcess, startMillrace } from '../support/millrace-process.ts';
import { until } from '../support/platform.ts';
import { embeddedStore, type OpenStore, postgresStore, redisStore, type Store } from '../support/stores.ts';
import { createWorld, type World } from '../support/world.ts';

const welcomes = 300;
const reports = 100;
const storyCount = 100;
const total = welcomes + reports + storyCount;

const stores: readonly (readonly [string, Store | undefined])[] = [
  ['postgres', postgresStore],
  ['embedded', embeddedStore],
  ['redis', redisStore(11)],
];

describe.each(stores)('a worker that dies, on %s', (_name, openStore) => {
  let world: World;
  let store: OpenStore;
  let queues: QueueManager;
  let database: Database;
  let pool: pg.Pool;
  let worker: MillraceProcess | undefined;

  beforeEach(async ({ skip }) => {
    if (openStore === undefined) return skip('no Redis on this machine');
    world = await createWorld();
    store = await openStore(world);
    database = openDatabase({ url: store.databaseUrl, poolMax: 4 });
    pool = openPool(store.databaseUrl, 2);
    const { backend } = store;
    queues = new QueueManager({
      backend,
      pending: {},
      maxAttempts: 3,
      backoffMs: 100,
      onError: () => undefined,
    });
  });
  afterEach(async () => {
    if (openStore === undefined) return;
    await worker?.kill('SIGKILL');
    await queues.close();
    await database.close();
    await pool.end();
    await store.close();
    await world.close();
  });

  const start = async () => {
    worker = await startMillrace({
      ...store.environment,
      ROLE: 'worker',
      DATA_DIR: world.dataDir,
      EMAIL_PROVIDER: 'outbox',
      LOCK_DURATION: '10000',
      NODE_ENV: 'test',
    });
    return worker;
  };
  const finished = async () => {
    const counts = await Promise.all(queueNames.map((queue) => queues.counts(queue)));
    return counts.reduce((sum, { completed, failed }) => sum + completed + failed, 0);
  };

  test('has 500 mixed jobs done, each once, after three kills', { timeout: 300_000 }, async () => {
    const ids = await addMixedJobs(database, queues);
    expect(ids).toBe(total);
    for (const share of [0.1, 0.35, 0.6]) {
      const { kill, child } = await start();
      await until(`${share} of the jobs are done`, async () => (await finished()) >= total * share, 90_000);
      await kill('SIGKILL');
      await store.endLocks(child.pid);
    }
    await start();
    await until('all jobs are done', async () => (await remaining(queues)) === 0, 90_000);
    for (const queue of queueNames) expect((await queues.counts(queue)).failed, queue).toBe(0);

    const { rows: deliveries } = await pool.query(
      `select status, count(*)::int, count(distinct recipient)::int as recipients from email_deliveries group by status`,
    );
    expect(deliveries).toEqual([{ status: 'sent', count: welcomes, recipients: welcomes }]);
    const mails = await readdir(join(world.dataDir, 'outbox'));
    expect(mails.filter((name) => name.endsWith('.eml'))).toHaveLength(welcomes);

    const { rows: documents } = await pool.query<{ storage_key: string }>(
      'select storage_key from documents',
    );
    expect(new Set(documents.map((row) => row.storage_key)).size).toBe(reports);
    const files = await readdir(join(world.dataDir, 'storage/reports'));
    expect(files.sort()).toEqual(documents.map((row) => row.storage_key.replace('reports/', '')).sort());
  });

  test('lets running jobs finish on SIGTERM and ends with 0', async () => {
    await addMixedJobs(database, queues, { welcomes: 20, reports: 20, stories: 0 });
    const { kill, output } = await start();
    await until('jobs are running', async () => (await finished()) >= 2);
    expect(await kill('SIGTERM')).toEqual({ code: 0, signal: null });
    worker = undefined;
    expect(output()).toContain('stopped');
    for (const queue of queueNames) expect((await queues.counts(queue)).active, queue).toBe(0);
  });
});

async function remaining(queues: QueueManager): Promise<number> {
  const counts = await Promise.all(queueNames.map((queue) => queues.counts(queue)));
  return counts.reduce((sum, { waiting, active, delayed }) => sum + waiting + active + delayed, 0);
}

async function addMixedJobs(
  database: Database,
  queues: QueueManager,
  share: { welcomes: number; reports: number; stories: number } = { welcomes, reports, stories: storyCount },
): Promise<number> {
  const mails = await queues.addJobs(
    'email',
    Array.from({ length: share.welcomes }, (_, index) => ({
      name: 'send-welcome' as const,
      payload: {
        type: 'welcome' as const,
        data: { userId: `user-${index}`, email: `user-${index}@example.com`, name: `User ${index}` },
      },
    })),
  );
  const documents = await queues.addJobs(
    'document',
    Array.from({ length: share.reports }, (_, index) => ({
      name: 'generate-report' as const,
      payload: {
        type: 'generate-report' as const,
        data: { userId: `user-${index}`, reportType: 'opportunities' as const, format: 'csv' as const },
      },
    })),
  );
  const storyIds = Array.from({ length: share.stories }, (_, index) => `story-${index}`);
  for (const id of storyIds) {
    const scores = { hypeScore: 5, ethicsScore: 5 };
    const text = { title: 'A title', content: 'Some text.', sectorTag: undefined, impactTags: [] };
    await database.stories.create({ id, ...text, ...scores, jobId: `story-enhancement-${id}` });
  }
  const stories = await queues.addJobs(
    'story-enhancement',
    storyIds.map((storyId) => ({
      name: 'enhance-story' as const,
      payload: { type: 'story-enhancement' as const, data: { storyId } },
    })),
  );
  return mails.length + documents.length + stories.length;
}
