import { randomBytes } from 'node:crypto';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { afterAll, beforeAll } from 'vitest';
import { type EmbeddedServer, startEmbeddedServer } from '../../src/backend/embedded-server.ts';
import { openBackend } from '../../src/backend/index.ts';
import { platformSuite } from '../contract/platform.ts';
import { databaseUrl } from '../support/servers.ts';

let dataDir: string;
let server: EmbeddedServer;

beforeAll(async () => {
  dataDir = await mkdtemp(join(tmpdir(), 'millrace-embedded-'));
  server = await startEmbeddedServer({ dataDir });
});

afterAll(async () => {
  await server.stop();
  await rm(dataDir, { recursive: true, force: true });
});

platformSuite('embedded', async () => {
  const name = `world_${randomBytes(6).toString('hex')}`;
  const run = async (sql: string) => {
    const client = new pg.Client({ connectionString: server.url });
    await client.connect();
    await client.query(sql);
    await client.end();
  };
  await run(`create database ${name}`);
  return {
    open: () =>
      openBackend({
        kind: 'embedded',
        redisUrl: undefined,
        databaseUrl: databaseUrl(server.url, name),
        workers: 8,
      }),
    close: () => run(`drop database ${name} with (force)`),
  };
});
