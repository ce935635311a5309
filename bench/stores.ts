import { type ChildProcess, spawn } from 'node:child_process';
import { once } from 'node:events';
import { accessSync, constants } from 'node:fs';
import { delimiter, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { Redis } from 'ioredis';
import pg from 'pg';
import { startEmbeddedServer } from '../src/backend/embedded-server.ts';
import { freePort } from '../test/support/free-port.ts';

/** A store of the bench's own, with a place for each peer in it. */
export interface Store {
  readonly kind: 'redis' | 'postgres';
  readonly version: string;
  /** Where a peer's queues live: a database of their own. */
  urlOf(peer: Peer): string;
  /** Removes all jobs of both peers. */
  clear(): Promise<void>;
  stop(): Promise<void>;
}

type Peer = 'raw' | 'millrace';

const peers = ['raw', 'millrace'] as const;

/** Where `redis-server` is, if the machine has one. */
export function findRedis(): string | undefined {
  const candidates = (process.env.PATH ?? '').split(delimiter).map((dir) => join(dir, 'redis-server'));
  return candidates.find((file) => {
    try {
      accessSync(file, constants.X_OK);
      return true;
    } catch {
      return false;
    }
  });
}

/** Redis on a free port of loopback, without persistence. */
export async function startRedis(program: string, dir: string): Promise<Store> {
  const port = await freePort();
  const server = spawn(
    program,
    ['--bind', '127.0.0.1', '--port', String(port), '--save', '', '--appendonly', 'no', '--dir', dir],
    { stdio: 'ignore' },
  );
  const url = (peer: Peer) => `redis://127.0.0.1:${port}/${peers.indexOf(peer)}`;
  const client = new Redis(url('raw'), { lazyConnect: true, retryStrategy: () => null });
  client.on('error', () => undefined);
  await answering(client, server);
  return {
    kind: 'redis',
    version: `Redis ${/redis_version:(\S+)/.exec(await client.info('server'))?.[1] ?? 'of an unknown version'}`,
    urlOf: url,
    async clear() {
      await client.flushall();
    },
    async stop() {
      client.disconnect();
      if (server.exitCode !== null) return;
      const ended = once(server, 'exit');
      server.kill();
      await ended;
    },
  };
}

async function answering(client: Redis, server: ChildProcess): Promise<void> {
  for (let attempt = 0; server.exitCode === null && attempt < 100; attempt++) {
    try {
      await client.connect();
      return;
    } catch {
      await pause(50);
    }
  }
  server.kill();
  throw new Error('redis-server did not answer within 5 s; start it by hand to see why.');
}

/** The embedded PostgreSQL with its ordinary settings: every commit is on disk before it is answered. */
export async function startPostgres(dataDir: string): Promise<Store> {
  const server = await startEmbeddedServer({ dataDir });
  const databaseOf = (peer: Peer) => {
    const url = new URL(server.url);
    url.pathname = `/bench_${peer}`;
    return url.href;
  };
  const version = await onServer(server.url, async (client) => {
    for (const peer of peers) await client.query(`create database bench_${peer}`);
    const { rows } = await client.query<{ server_version: string }>('show server_version');
    return rows[0]?.server_version ?? 'of an unknown version';
  });
  return {
    kind: 'postgres',
    version: `PostgreSQL ${version}`,
    urlOf: databaseOf,
    async clear() {
      for (const peer of peers) {
        await onServer(databaseOf(peer), (client) =>
          client.query('truncate bullmq.job, bullmq.event restart identity cascade'),
        );
      }
    },
    stop: () => server.stop(),
  };
}

async function onServer<T>(url: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
  const client = new pg.Client({ connectionString: url });
  await client.connect();
  try {
    return await work(client);
  } finally {
    await client.end();
  }
}
