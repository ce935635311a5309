import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../src/backend/index.ts';
import type { Backend } from '../../src/backend/port.ts';
import type { Database } from '../../src/integrations/database/port.ts';
import { openDatabase } from '../../src/integrations/database/postgres/index.ts';
import { openSupabase } from '../../src/integrations/database/supabase/index.ts';
import { openPlatform, type Platform, until } from '../support/platform.ts';
import { startSupabase } from '../support/postgrest.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { createWorld, type World } from '../support/world.ts';

const welcome = { type: 'welcome', data: { userId: 'u', email: 'ada@example.com', name: 'Ada' } } as const;

interface Store {
  /** To the database's server, or to Supabase's. */
  readonly line: TcpProxy;
  readonly database: Database;
  close(): Promise<void>;
}

async function onPostgres({ databaseUrl }: World): Promise<Store> {
  const line = await startTcpProxy(databaseUrl);
  const database = openDatabase({ url: line.url, poolMax: 1 });
  return { line, database, close: () => line.close() };
}

async function onSupabase({ databaseUrl }: World): Promise<Store> {
  const { url, serviceRoleKey, close } = await startSupabase(databaseUrl);
  const line = await startTcpProxy(url);
  const database = openSupabase({ url: line.url.replace(/\/$/, ''), serviceRoleKey });
  return { line, database, close: () => line.close().then(close) };
}

/** The tables may be away while the queues are there: they need not be in the same store. */
describe.each([
  ['PostgreSQL', onPostgres],
  ['Supabase', onSupabase],
])('a job whose database (%s)', (_name, openStore) => {
  let world: World;
  let backend: Backend;
  let store: Store;
  let platform: Platform;
  beforeAll(async () => {
    world = await createWorld();
    const { databaseUrl } = world;
    backend = await openBackend({ kind: 'postgres', redisUrl: undefined, databaseUrl, workers: 4 });
    store = await openStore(world);
    platform = await openPlatform({
      backend,
      processors: {
        email: {
          'send-welcome': async () => {
            await store.database.ping();
            return { status: 'sent', provider: 'test' };
          },
        },
      },
    });
  });
  afterAll(async () => {
    await platform.close();
    await store.database.close();
    await store.close();
    await backend.close();
    await world.close();
  });

  test('is away waits for it at no cost of an attempt', async () => {
    await store.line.cut();
    const waits = platform.next('job.waiting');
    const { id } = await platform.queues.addJob('email', 'send-welcome', welcome, { attempts: 1 });
    expect(await waits).toMatchObject({ delayMs: 5_000, failure: { code: 'DATABASE_UNAVAILABLE' } });
    await store.line.resume();
    await until(
      'it is completed when its delay is over',
      async () => (await platform.queues.job('email', id))?.state === 'completed',
    );
    expect(await platform.queues.job('email', id)).toMatchObject({ attempts: { made: 1, max: 1 } });
  });

  test('goes away over its statement has spent an attempt: it may be what the server dies of', async () => {
    // Its connection is kept, and the next answer over it is lost.
    await store.database.ping();
    store.line.loseAnswers(1);
    const dead = platform.next('job.dead_lettered');
    await platform.queues.addJob('email', 'send-welcome', welcome, { attempts: 1 });
    expect(await dead).toMatchObject({ failure: { code: 'DATABASE_UNAVAILABLE' } });
  });
});
