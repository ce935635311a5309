import { randomBytes } from 'node:crypto';
import { once } from 'node:events';
import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { createServer, type Server } from 'node:http';
import { join } from 'node:path';
import { Webhook } from 'standardwebhooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { cerRequest } from '../../queues/cer-request.ts';
import { createTokens } from '../../src/access/tokens.ts';
import { makeCerRequest } from '../../src/sample/cer-request.ts';
import { atWork, browsersOf, processesOf } from '../support/browsers.ts';
import { drawnText, factsOf, squeezed } from '../support/cer-job.ts';
import { chromiumPath } from '../support/chromium.ts';
import { readMail } from '../support/mail-message.ts';
import { type MillraceProcess, startMillrace } from '../support/millrace-process.ts';
import { until } from '../support/platform.ts';
import { parseMetrics } from '../support/prometheus-text.ts';
import { ask, at, textAt } from '../support/site.ts';
import { endLocksIn } from '../support/stores.ts';
import { createWorld, type World } from '../support/world.ts';

const jwtSecret = 'a-secret-of-the-tests-with-more-than-32-bytes';
const secret = `whsec_${randomBytes(32).toString('base64')}`;
const asOf = new Date('2026-01-20T00:00:00Z');
const limitMs = 90_000;

/** The seed's job processing flow, through the whole platform in a process of its own. */
describe('a clinical evaluation report, from the request to the notices', { timeout: 120_000 }, () => {
  let world: World;
  let millrace: MillraceProcess;
  let url: string;
  let token: string;
  let environment: Readonly<Record<string, string>>;
  let receiver: Server;
  let hook: string;
  const received: { headers: Record<string, string>; text: string }[] = [];

  beforeAll(async () => {
    token = await createTokens(jwtSecret).issue(
      { role: 'producer', subject: 'test' },
      new Date(Date.now() + 3_600_000),
    );
    receiver = createServer(async (request, response) => {
      const chunks: Buffer[] = [];
      for await (const chunk of request) chunks.push(chunk);
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      );
      received.push({ headers, text: Buffer.concat(chunks).toString() });
      response.writeHead(200).end();
    }).listen(0, '127.0.0.1');
    await once(receiver, 'listening');
    const address = receiver.address();
    hook = `http://127.0.0.1:${typeof address === 'object' && address !== null ? address.port : 0}/hook`;
    await chromiumPath();
  }, 120_000);
  afterAll(() => {
    receiver.close();
  });
  beforeEach(async () => {
    received.length = 0;
    world = await createWorld();
    environment = {
      DATABASE_URL: world.databaseUrl,
      DATA_DIR: world.dataDir,
      JWT_SECRET: jwtSecret,
      NODE_ENV: 'development',
      EMAIL_PROVIDER: 'outbox',
      APP_URL: 'http://millrace.example',
      WEBHOOK_SECRET: secret,
      CHROMIUM_PATH: await chromiumPath(),
      WORKER_BACKOFF_DELAY: '50',
      // Longer than a busy machine holds a process up; nobody waits for it after the kill.
      LOCK_DURATION: '10000',
    };
    await start();
  });
  afterEach(async () => {
    const worker = millrace.child.pid ?? 0;
    await millrace.kill('SIGTERM');
    expect(await browsersOf(worker)).toEqual([]);
    await world.close();
  });

  const start = async () => {
    millrace = await startMillrace(environment);
    url = `http://127.0.0.1:${/http:\/\/\S+:(\d+)\/api/.exec(millrace.output())?.[1]}`;
  };
  const submit = async (adverseEvents?: number) => {
    const body = {
      ...makeCerRequest({ asOf, ...(adverseEvents === undefined ? {} : { adverseEvents }) }),
      notify: { email: 'quality@aurelia.example', url: hook },
    };
    const answer = await ask(`${url}/api/cer/reports`, 'POST', { token, body });
    expect(answer.status, answer.text).toBe(202);
    return { id: textAt(answer.json, 'data.report.id'), request: cerRequest.parse(body) };
  };
  const look = async (id: string) =>
    at((await ask(`${url}/api/cer/reports/${id}`, 'GET', { token })).json, 'data.report');
  const ended = async (id: string) => {
    await until(
      `report ${id} to end`,
      async () => ['completed', 'failed'].includes(String(at(await look(id), 'status'))),
      limitMs,
    );
    return look(id);
  };
  const mails = async () => {
    const folder = join(world.dataDir, 'outbox');
    const names = await readdir(folder).catch((): string[] => []);
    const files = names.filter((name) => name.endsWith('.eml'));
    return Promise.all(files.map(async (name) => readMail(await readFile(join(folder, name)))));
  };
  const told = () =>
    until('mail and webhook', async () => received.length > 0 && (await mails()).length > 0, limitMs);
  /** The browser, once it prints; or once the report has ended, where that was quicker. */
  const browserAtWork = async (id: string) => {
    let browser = 0;
    await until(
      'a browser is there',
      async () => {
        browser = (await browsersOf(millrace.child.pid ?? 0))[0] ?? 0;
        return browser > 0;
      },
      limitMs,
    );
    await Promise.race([atWork(browser).catch(() => undefined), ended(id)]);
    return browser;
  };

  it('is rendered, downloaded, and told of by mail and by a signed webhook', async () => {
    const { id, request } = await submit();
    expect(await ended(id)).toMatchObject({
      status: 'completed',
      renderer: 'chromium',
      attempts: 1,
      error: null,
      pdf: `/api/cer/reports/${id}/pdf`,
    });
    const response = await fetch(`${url}/api/cer/reports/${id}/pdf`, {
      headers: { Authorization: `Bearer ${token}` },
    });
    expect(response.headers.get('Content-Type')).toBe('application/pdf');
    const pdf = Buffer.from(await response.arrayBuffer());
    const file = join(world.dataDir, 'downloaded.pdf');
    await writeFile(file, pdf);
    const text = await drawnText(file);
    expect(factsOf(request).filter((fact) => !text.includes(squeezed(fact)))).toEqual([]);

    // The report is written before its job is at its end.
    const scrape = async () => parseMetrics(await (await fetch(`${url}/metrics`)).text());
    await until(
      'its job is counted',
      async () => (await scrape()).value('cer_jobs_processed_total', {}) === 1,
    );
    const page = await scrape();
    const value = (name: string, labels = {}) => page.value(name, labels);
    expect(value('cer_jobs_processed_total')).toBe(1);
    expect(value('cer_jobs_succeeded_total')).toBe(1);
    expect(value('cer_jobs_failed_total')).toBe(0);
    expect(value('cer_job_queue_length')).toBe(0);
    expect(value('cer_memory_usage_bytes')).toBeGreaterThan(50_000_000);
    expect(value('cer_cpu_usage_percent')).toBeGreaterThan(0);
    expect(value('cer_job_duration_seconds_count', { renderer: 'chromium' })).toBe(1);

    await told();
    const [mail, ...otherMails] = await mails();
    expect(otherMails).toEqual([]);
    expect(mail?.headers.get('to')).toEqual(['quality@aurelia.example']);
    expect(mail?.headers.get('subject')?.[0]).toContain('Ready: clinical evaluation report');
    const link =
      /http:\/\/millrace\.example(\/files\/\S+)/.exec(mail?.parts.get('text/plain') ?? '')?.[1] ?? '';
    const linked = await fetch(`${url}${link}`);
    expect(Buffer.from(await linked.arrayBuffer()).equals(pdf)).toBe(true);

    expect(received).toHaveLength(1);
    const [notice] = received;
    const verified: unknown = new Webhook(secret).verify(notice?.text ?? '', notice?.headers ?? {});
    expect(verified).toMatchObject({
      type: 'cer.report.completed',
      data: { report: { id, status: 'completed', renderer: 'chromium' }, document: { bytes: pdf.length } },
    });
  });

  it('costs one more try when its browser is killed in the middle, and no process stays', async () => {
    let asked = 0;
    let victim = 0;
    let attempts: unknown = 1;
    // A kill that comes after the page costs nothing: then it is tried with another report.
    for (; attempts === 1 && asked < 5; asked += 1) {
      const { id } = await submit(1_200);
      victim = await browserAtWork(id);
      process.kill(victim, 'SIGKILL');
      const report = await ended(id);
      expect(report).toMatchObject({ status: 'completed', renderer: 'chromium' });
      attempts = at(report, 'attempts');
    }
    expect(attempts).toBe(2);
    expect(await processesOf(victim)).toBe(0);
    expect(await browsersOf(millrace.child.pid ?? 0)).toHaveLength(1);
    await until(
      'all are told of',
      async () => received.length >= asked && (await mails()).length >= asked,
      limitMs,
    );
    expect(await mails()).toHaveLength(asked);
    expect(received).toHaveLength(asked);
  });

  it('is made once, and told of once, when its worker is killed in the middle', async () => {
    const gate = await world.pool.connect();
    let id = '';
    try {
      // However quick it is, it comes no further than to the row of its document.
      await gate.query('begin; lock table documents in exclusive mode');
      id = (await submit(1_200)).id;
      const orphan = await browserAtWork(id);
      await millrace.kill('SIGKILL');
      await until('the browser has ended too', async () => (await processesOf(orphan)) === 0);
      // PostgreSQL sees that a client is gone when it answers: the row would be written as soon as the table is free.
      await world.pool.query(
        `select pg_terminate_backend(pid, 60000) from pg_stat_activity
         where wait_event_type = 'Lock' and datname = current_database()`,
      );
    } finally {
      await gate.query('rollback');
      gate.release();
    }
    const { rows: before } = await world.pool.query('select status from cer_reports where id = $1', [id]);
    expect(before).toEqual([{ status: 'processing' }]);
    await endLocksIn(world.databaseUrl, millrace.child.pid);
    await start();
    expect(await ended(id)).toMatchObject({ status: 'completed', renderer: 'chromium', attempts: 2 });
    await told();
    const { rows } = await world.pool.query<{ storage_key: string }>(`select storage_key from documents`);
    expect(rows).toHaveLength(1);
    expect(await readdir(join(world.dataDir, 'storage/cer'))).toEqual([
      rows[0]?.storage_key.replace('cer/', ''),
    ]);
    expect(await mails()).toHaveLength(1);
    expect(received).toHaveLength(1);
  });

  it('fails with its code when its file cannot be kept, and says so', async () => {
    // A file in the place of the folder: nothing can be stored below it.
    await mkdir(join(world.dataDir, 'storage'), { recursive: true });
    await writeFile(join(world.dataDir, 'storage/cer'), 'in the way');
    const { id } = await submit(5);
    expect(await ended(id)).toMatchObject({
      status: 'failed',
      attempts: 3,
      error: { code: 'STORAGE_FAILED' },
      pdf: null,
    });
    await told();
    const [mail] = await mails();
    expect(mail?.headers.get('subject')?.[0]).toContain('Failed: clinical evaluation report');
    expect(mail?.parts.get('text/plain')).toContain('STORAGE_FAILED');
    expect(JSON.parse(received[0]?.text ?? '')).toMatchObject({
      type: 'cer.report.failed',
      data: { report: { id, status: 'failed', error: { code: 'STORAGE_FAILED' } } },
    });
  });
});
