import { execFile, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it, onTestFinished } from 'vitest';
import { z } from 'zod';
import { queueNames } from '../../queues/index.ts';
import { Events } from '../../src/observability/events.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { freePort } from '../support/free-port.ts';
import { parseMetrics } from '../support/prometheus-text.ts';
import { openSite } from '../support/site.ts';

const root = join(import.meta.dirname, '../..');
const read = (path: string) => readFile(join(root, path), 'utf8');
const run = promisify(execFile);
const promtool = await run('promtool', ['--version']).then(
  () => true,
  () => false,
);
if (!promtool)
  console.warn('No promtool (Debian: apt-get install prometheus): the rules are only looked over.');

const metrics = (events = new Events()) =>
  createMetrics(events, {
    queues: queueNames,
    counts: async () => ({ waiting: 3, active: 1, delayed: 0, completed: 9, failed: 0 }),
    oldestWaitingSeconds: async () => 12,
    active: () => new Map([['email', 1]]),
    memoryLimitBytes: 2_000_000_000,
  });

const dashboard = z.object({
  panels: z.array(z.object({ targets: z.array(z.object({ expr: z.string() })).optional() })),
});
const expressionsOf = async () =>
  dashboard
    .parse(JSON.parse(await read('deploy/grafana/millrace.json')))
    .panels.flatMap(({ targets = [] }) => targets.map(({ expr }) => expr));

/** Names of metrics in an expression: what is no function, label or keyword of PromQL's bears one of our prefixes. */
const namesIn = (text: string) => [
  ...new Set(text.match(/\b(?:worker|cer|process|nodejs)_[a-z0-9_]+/g) ?? []),
];

describe('what operators are given', () => {
  it('names only metrics that there are', async () => {
    const page = parseMetrics(await metrics().render());
    const known = new Set([...page.metrics.keys()]);
    const used = [await read('deploy/prometheus/alerts.yml'), ...(await expressionsOf())].flatMap(namesIn);
    expect(used.length).toBeGreaterThan(20);
    const unknown = used.filter((name) => !known.has(name.replace(/_(bucket|sum|count)$/, '')));
    expect(unknown).toEqual([]);
  });

  it('lists every metric of ours in docs/metrics.md, and no other', async () => {
    const page = parseMetrics(await metrics().render());
    const ours = [...page.metrics.keys()].filter((name) => /^(worker|cer)_/.test(name));
    const listed = (await read('docs/metrics.md')).match(/`(worker|cer)_[a-z0-9_]+`/g) ?? [];
    expect([...new Set(listed)].sort()).toEqual(ours.map((name) => `\`${name}\``).sort());
  });

  it('has an answer in the runbook and a test for each alert', async () => {
    const rules = await read('deploy/prometheus/alerts.yml');
    const alerts = [...rules.matchAll(/- alert: (\w+)/g)].map(([, name]) => name);
    const links = [...rules.matchAll(/runbook_url: docs\/runbook\.md#(\w+)/g)].map(([, anchor]) => anchor);
    expect(links).toEqual(alerts.map((name) => name?.toLowerCase()));
    const answers = [...(await read('docs/runbook.md')).matchAll(/^## (\w+)$/gm)].map(([, title]) => title);
    expect(answers).toEqual(alerts);
    const tested = await read('deploy/prometheus/alerts.test.yml');
    for (const name of alerts)
      expect(tested, name).toMatch(new RegExp(`alertname: ${name}\\n\\s+exp_alerts`));
  });
});

describe.skipIf(!promtool)('promtool', () => {
  it('finds nothing to say on the metrics', async () => {
    const child = spawn('promtool', ['check', 'metrics'], { stdio: ['pipe', 'pipe', 'pipe'] });
    let said = '';
    for (const stream of [child.stdout, child.stderr]) {
      stream.on('data', (chunk: Buffer) => {
        said += chunk.toString();
      });
    }
    // What prom-client adds by itself is not ours to name.
    const page = await metrics().render();
    const blocks = page.split(/\n(?=# HELP )/).filter((block) => /^# HELP (worker|cer)_/.test(block));
    expect(blocks.length).toBeGreaterThan(8);
    child.stdin.end(`${blocks.map((block) => block.trim()).join('\n')}\n`);
    const [code] = await once(child, 'close');
    expect({ code, said: said.trim() }).toEqual({ code: 0, said: '' });
  });

  it('takes the rules, and each alert fires when it should', async () => {
    await run('promtool', ['check', 'rules', join(root, 'deploy/prometheus/alerts.yml')]);
    await run('promtool', ['check', 'config', join(root, 'deploy/prometheus/prometheus.yml')]);
    const { stdout } = await run('promtool', [
      'test',
      'rules',
      join(root, 'deploy/prometheus/alerts.test.yml'),
    ]);
    expect(stdout).toContain('SUCCESS');
  });

  it('can read every expression of the dashboard', async () => {
    const folder = await mkdtemp(join(tmpdir(), 'millrace-dashboard-'));
    onTestFinished(() => rm(folder, { recursive: true }));
    // Grafana fills in its own variables; the expressions become rules, which promtool reads.
    const filled = (await expressionsOf()).map((expr) =>
      expr.replaceAll('$__rate_interval', '1m').replaceAll('$queue', '.*'),
    );
    const rules = {
      groups: [{ name: 'dashboard', rules: filled.map((expr, at) => ({ record: `panel:${at}`, expr })) }],
    };
    const file = join(folder, 'dashboard.yml');
    // JSON is YAML.
    await writeFile(file, JSON.stringify(rules));
    const { stdout } = await run('promtool', ['check', 'rules', file]);
    expect(stdout).toContain(`${filled.length} rules found`);
  });

  it('belongs to a Prometheus that scrapes us and answers queries', { timeout: 60_000 }, async () => {
    const events = new Events();
    const site = await openSite({ metrics: metrics(events) });
    events.emit('job.completed', {
      queue: 'email',
      job: 'send-welcome',
      jobId: '1',
      attempt: 1,
      correlationId: 'c',
      seconds: 1,
    });
    const folder = await mkdtemp(join(tmpdir(), 'millrace-prometheus-'));
    const config = (await read('deploy/prometheus/prometheus.yml'))
      .replace('localhost:9090', `127.0.0.1:${site.service.port}`)
      .replace('scrape_interval: 15s', 'scrape_interval: 200ms');
    await writeFile(join(folder, 'alerts.yml'), await read('deploy/prometheus/alerts.yml'));
    await writeFile(join(folder, 'prometheus.yml'), config);
    const port = await freePort();
    const server = spawn(
      'prometheus',
      [
        `--config.file=${join(folder, 'prometheus.yml')}`,
        `--storage.tsdb.path=${join(folder, 'data')}`,
        `--web.listen-address=127.0.0.1:${port}`,
      ],
      { stdio: 'ignore' },
    );
    const ended = once(server, 'exit');
    onTestFinished(async () => {
      server.kill('SIGKILL');
      await ended;
      await site.close();
      await rm(folder, { recursive: true, force: true });
    });
    const value = async (expression: string): Promise<unknown> => {
      const address = `http://127.0.0.1:${port}/api/v1/query?query=${encodeURIComponent(expression)}`;
      const answer = await fetch(address).then(
        (response) => response.json(),
        () => undefined,
      );
      return queryAnswer.safeParse(answer).data?.data.result[0]?.value[1];
    };
    const wait = { timeout: 50_000, interval: 200 };
    await expect.poll(() => value('up{job="millrace"}'), wait).toBe('1');
    await expect.poll(() => value('max(worker_queue_size{queue="email", state="waiting"})'), wait).toBe('3');
    // Our `job` is a queue's, and not the name of the scrape.
    const done = 'sum(worker_jobs_processed_total{job="send-welcome", status="completed"})';
    await expect.poll(() => value(done), wait).toBe('1');
  });
});

const queryAnswer = z.object({
  data: z.object({ result: z.array(z.object({ value: z.tuple([z.number(), z.string()]) })) }),
});
