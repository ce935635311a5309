import { createHash } from 'node:crypto';
import { type FauxqsServer, startFauxqs } from 'fauxqs';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from '../../config/index.ts';
import { type App, createApp } from '../../src/app.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createRedactor } from '../../src/observability/redaction.ts';
import { startFakeSupabaseStorage } from '../support/fake-supabase-storage.ts';
import { until } from '../support/platform.ts';
import { startSupabase } from '../support/postgrest.ts';
import { ask, at, textAt } from '../support/site.ts';
import { createWorld, type World } from '../support/world.ts';
import { insertRows, sampleRows } from './report-data.ts';

const jwtSecret = 'a-secret-of-the-tests-with-more-than-32-bytes';

interface Remote {
  readonly environment: Readonly<Record<string, string>>;
  /** How links to its files begin. */
  readonly linksBegin: string;
  /** From here on it does not answer. */
  stopStorage(): Promise<void> | void;
  stop(): Promise<void>;
}

async function startS3(): Promise<Remote> {
  const server: FauxqsServer = await startFauxqs({ port: 0, logger: false, host: '127.0.0.1' });
  server.createBucket('documents');
  const endpoint = `http://127.0.0.1:${server.port}`;
  return {
    environment: {
      AWS_ENABLED: 'true',
      AWS_S3_BUCKET: 'documents',
      AWS_ACCESS_KEY: 'key',
      AWS_SECRET_KEY: 'secret-of-the-bucket',
      AWS_S3_ENDPOINT: endpoint,
    },
    linksBegin: `${endpoint}/documents/reports/`,
    stopStorage: () => server.stop(),
    stop: () => Promise.resolve(),
  };
}

async function startWholeSupabase({ databaseUrl }: World): Promise<Remote> {
  const tables = await startSupabase(databaseUrl);
  const storage = await startFakeSupabaseStorage({
    serviceRoleKey: tables.serviceRoleKey,
    bucket: 'documents',
    errors: 'codes',
    otherwise: tables.url,
  });
  return {
    environment: { SUPABASE_URL: storage.url, SUPABASE_SERVICE_ROLE_KEY: tables.serviceRoleKey },
    linksBegin: `${storage.url}/storage/v1/object/sign/documents/reports/`,
    stopStorage: () => void storage.misbehave(/./, ...Array.from({ length: 20 }, () => 'reset' as const)),
    async stop() {
      await storage.close();
      await tables.close();
    },
  };
}

describe.each([
  ['S3', startS3],
  ['Supabase Storage, beside the tables', startWholeSupabase],
])('the platform with its files in %s', (_name, start) => {
  let world: World;
  let remote: Remote;
  let app: App;
  let token: string;
  let url: string;

  beforeAll(async () => {
    world = await createWorld();
    await insertRows(world.databaseUrl, sampleRows(60, '2026-08-25', 90));
    remote = await start(world);
    const config = loadConfig({
      NODE_ENV: 'test',
      ROLE: 'api,worker',
      HOST: '127.0.0.1',
      PORT: '0',
      DATA_DIR: world.dataDir,
      DATABASE_URL: world.databaseUrl,
      QUEUE_BACKEND: 'postgres',
      JWT_SECRET: jwtSecret,
      ...remote.environment,
    });
    app = await createApp(config, silentLogger(), createRedactor([]));
    await app.start();
    url = app.http?.url ?? '';
    token = (await app.http?.issueToken('producer', 1)) ?? '';
  });
  afterAll(async () => {
    await app.stop();
    await remote.stop();
    await world.close();
  });

  async function report(format: string): Promise<unknown> {
    const payload = {
      type: 'generate-report',
      data: {
        userId: 'user-1',
        reportType: 'opportunities',
        format,
        dateRange: { start: '2026-08-25', end: '2026-11-22' },
      },
    };
    const added = await ask(`${url}/api/jobs/document/generate-report`, 'POST', { token, body: { payload } });
    expect(added.status).toBe(202);
    const id = textAt(added.json, 'data.job.id');
    let result: unknown;
    await until('the report', async () => {
      const { json } = await ask(`${url}/api/jobs/document/${id}`, 'GET', { token });
      expect(at(json, 'data.job.state')).not.toBe('failed');
      result = at(json, 'data.job.result');
      return typeof at(result, 'documentId') === 'string';
    });
    return result;
  }

  it('makes reports whose links lead to the files themselves, under their names and types', async () => {
    for (const [format, begin] of [
      ['pdf', '%PDF-1.'],
      ['csv', ''],
    ] as const) {
      const result = await report(format);
      const id = textAt(result, 'documentId');
      const { json } = await ask(`${url}/api/documents/${id}`, 'GET', { token });
      const link = textAt(json, 'data.document.url');
      expect(link.startsWith(remote.linksBegin)).toBe(true);
      const goodFor = Date.parse(textAt(json, 'data.document.urlExpiresAt')) - Date.now();
      expect(goodFor).toBeGreaterThan(14 * 60_000);
      const answer = await fetch(link);
      const content = Buffer.from(await answer.arrayBuffer());
      expect(answer.status).toBe(200);
      expect(createHash('sha256').update(content).digest('hex')).toBe(textAt(result, 'sha256'));
      expect(content.toString('latin1').startsWith(begin)).toBe(true);
      expect(answer.headers.get('Content-Type')).toBe(textAt(result, 'contentType'));
      // `fauxqs` takes no notice of this part of a link.
      const disposition =
        answer.headers.get('Content-Disposition') ??
        new URL(link).searchParams.get('response-content-disposition');
      expect(disposition).toContain(textAt(result, 'fileName'));
    }
  });

  it('leads from links of its own to fresh ones of the storage', async () => {
    const { createFileLinks } = await import('../../src/http/file-links.ts');
    const result = await report('csv');
    const document = { id: textAt(result, 'documentId'), fileName: textAt(result, 'fileName') };
    const ours = createFileLinks(jwtSecret, () => url).linkTo(document, 30 * 24 * 3_600_000).url;
    const redirect = await ask(ours, 'GET');
    expect(redirect.status).toBe(302);
    expect(redirect.headers.get('Cache-Control')).toContain('no-store');
    expect(redirect.headers.get('Location')?.startsWith(remote.linksBegin)).toBe(true);
    const content = Buffer.from(await (await fetch(ours)).arrayBuffer());
    expect(createHash('sha256').update(content).digest('hex')).toBe(textAt(result, 'sha256'));
    const head = await ask(ours, 'HEAD');
    expect([head.status, head.headers.get('Content-Length')]).toEqual([200, String(content.length)]);
    expect((await ask(`${ours}x`, 'GET')).status).toBe(403);
  });

  it('is healthy while its storage is, and says so when it is away', async () => {
    const storage = async () => at((await ask(`${url}/health`, 'GET')).json, 'data.components.storage');
    expect(await storage()).toMatchObject({ state: 'up' });
    await remote.stopStorage();
    expect(await storage()).toMatchObject({ state: 'down' });
  });
});
