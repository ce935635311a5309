import type pg from 'pg';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { openBackend } from '../../src/backend/index.ts';
import type { Backend } from '../../src/backend/port.ts';
import { connect, openPool } from '../../src/integrations/database/postgres/connection.ts';
import { openPlatform, type Platform, until } from '../support/platform.ts';
import { startTcpProxy, type TcpProxy } from '../support/tcp-proxy.ts';
import { createWorld, type World } from '../support/world.ts';

const welcome = { type: 'welcome', data: { userId: 'u', email: 'ada@example.com', name: 'Ada' } } as const;

/** The tables may be away while the queues are there: they need not be in the same store. */
describe('a job whose database', () => {
  let world: World;
  let backend: Backend;
  let line: TcpProxy;
  let pool: pg.Pool;
  let platform: Platform;
  beforeAll(async () => {
    world = await createWorld();
    const { databaseUrl } = world;
    backend = await openBackend({ kind: 'postgres', redisUrl: undefined, databaseUrl, workers: 4 });
    line = await startTcpProxy(databaseUrl);
    pool = openPool(line.url, 1);
    const database = connect(pool);
    platform = await openPlatform({
      backend,
      processors: {
        email: {
          'send-welcome': async () => {
            await database.query('select 1');
            return { status: 'sent', provider: 'test' };
          },
        },
      },
    });
  });
  afterAll(async () => {
    await platform.close();
    await pool.end();
    await line.close();
    await backend.close();
    await world.close();
  });

  test('is away waits for it at no cost of an attempt', async () => {
    await line.cut();
    const waits = platform.next('job.waiting');
    const { id } = await platform.queues.addJob('email', 'send-welcome', welcome, { attempts: 1 });
    expect(await waits).toMatchObject({ delayMs: 5_000, failure: { code: 'DATABASE_UNAVAILABLE' } });
    await line.resume();
    await until(
      'it is completed when its delay is over',
      async () => (await platform.queues.job('email', id))?.state === 'completed',
    );
    expect(await platform.queues.job('email', id)).toMatchObject({ attempts: { made: 1, max: 1 } });
  });

  test('goes away over its statement has spent an attempt: it may be what the server dies of', async () => {
    // The pool keeps a connection, whose next answer is lost.
    await connect(pool).query('select 1');
    line.loseAnswers(1);
    const dead = platform.next('job.dead_lettered');
    await platform.queues.addJob('email', 'send-welcome', welcome, { attempts: 1 });
    expect(await dead).toMatchObject({ failure: { code: 'DATABASE_UNAVAILABLE' } });
  });
});
