import { afterEach, beforeEach, describe, expect, onTestFinished, test, vi } from 'vitest';
import { queueNames, queues } from '../../queues/index.ts';
import { openBackend } from '../../src/backend/index.ts';
import { RateLimitedError, UnrecoverableError } from '../../src/errors/catalogue.ts';
import { createMetrics, type Metrics } from '../../src/observability/metrics.ts';
import { openPlatform, type Platform, until } from '../support/platform.ts';
import { parseMetrics } from '../support/prometheus-text.ts';
import { createWorld, type World } from '../support/world.ts';

const welcome = (name: string) => ({
  type: 'welcome' as const,
  data: { userId: 'user-1', email: 'ada@example.com', name },
});
const queueGauges = ['worker_queue_size', 'worker_queue_oldest_waiting_seconds'];

describe('metrics', () => {
  let world: World;
  let platform: Platform;
  let metrics: Metrics;
  /** Queues whose counts were asked for, one entry for each time. */
  let asked: string[];
  let away: boolean;

  beforeEach(async () => {
    world = await createWorld();
    asked = [];
    away = false;
    platform = await openPlatform({
      backend: await openBackend({
        kind: 'postgres',
        redisUrl: undefined,
        databaseUrl: world.databaseUrl,
        workers: 4,
      }),
    });
    metrics = openMetrics();
  });
  afterEach(async () => {
    await platform.close();
    await world.close();
  });

  function openMetrics(active: () => ReadonlyMap<string, number> = () => new Map()): Metrics {
    const { queues: manager } = platform;
    return createMetrics(platform.events, {
      queues: queueNames,
      counts: async (queue) => {
        asked.push(queue);
        if (away) throw new Error('The store is away.');
        return manager.counts(queue);
      },
      oldestWaitingSeconds: (queue) => manager.oldestWaitingSeconds(queue),
      active,
      memoryLimitBytes: 2 * 1024 ** 3,
    });
  }

  const scrape = async (of = metrics) => parseMetrics(await of.render());

  async function run(outcomes: Readonly<Record<string, () => Promise<unknown>>>): Promise<void> {
    await platform
      .openWorkers({
        email: {
          'send-welcome': async ({ data }) => {
            const name = typeof data === 'object' && data !== null && 'name' in data ? String(data.name) : '';
            return outcomes[name]?.();
          },
        },
      })
      .start();
  }

  test('count the ends of real jobs by what they led to', async () => {
    let tries = 0;
    let waits = 0;
    await run({
      fine: async () => ({ status: 'sent', provider: 'test' }),
      second: async () => {
        if (tries++ === 0) throw new Error('once');
        return { status: 'sent', provider: 'test' };
      },
      waiting: async () => {
        if (waits++ === 0) throw new RateLimitedError('MAIL_RATE_LIMITED', 'wait', 10);
        return { status: 'sent', provider: 'test' };
      },
      hopeless: async () => {
        throw new UnrecoverableError('no', { code: 'MAIL_REJECTED' });
      },
    });
    const { queues: manager } = platform;
    for (const name of ['fine', 'second', 'waiting', 'hopeless'])
      await manager.addJob('email', 'send-welcome', welcome(name));
    await until('all four have ended', async () => {
      const { completed, failed } = await manager.counts('email');
      return completed + failed === 4;
    });
    const cancelled = {
      queue: 'email',
      job: 'send-welcome',
      jobId: '5',
      correlationId: 'c',
      attempt: 1,
    };
    platform.events.emit('job.cancelled', { ...cancelled, seconds: 0 });
    platform.events.emit('job.cancelled', { ...cancelled, seconds: 1.5 });
    const page = await scrape();
    const labels = { queue: 'email', job: 'send-welcome' };
    const processed = (status: string) => page.value('worker_jobs_processed_total', { ...labels, status });
    expect(processed('completed')).toBe(3);
    expect(processed('retried')).toBe(1);
    expect(processed('failed')).toBe(1);
    expect(processed('dead_lettered')).toBe(1);
    expect(processed('cancelled')).toBe(2);
    // One that never ran has no duration.
    expect(page.value('worker_job_duration_seconds_count', { ...labels, status: 'cancelled' })).toBe(1);
    expect(page.value('worker_job_duration_seconds_count', { ...labels, status: 'completed' })).toBe(3);
    // Six times a job was taken: four first attempts, a second try, and one after its wait.
    expect(page.value('worker_job_wait_seconds_count', { queue: 'email' })).toBe(6);
    expect(page.value('worker_queue_size', { queue: 'email', state: 'completed' })).toBe(3);
    expect(page.value('worker_queue_size', { queue: 'email', state: 'failed' })).toBe(1);
  });

  test('have the names, types and labels that are published', async () => {
    const { events } = platform;
    events.emit('mail.settled', { provider: 'outbox', template: 'welcome', status: 'sent' });
    events.emit('sync.page', { source: 'sam-gov', inserted: 3, updated: 2, unchanged: 1, rejected: 0 });
    events.emit('document.generated', { kind: 'analytics', format: 'pdf', renderer: 'pdfkit', bytes: 500 });
    const dollars = { input: 0.5, output: 0.25 };
    events.emit('ai.used', { model: 'gpt', inputTokens: 10, outputTokens: 4, dollars });
    events.emit('ai.used', { model: 'unpriced', inputTokens: 1, outputTokens: 1, dollars: undefined });
    events.emit('schedule.tick', { schedule: 'email-reminders', outcome: 'enqueued' });
    const job = { queue: 'email', job: 'send-welcome', jobId: '1', correlationId: 'c', attempt: 1 };
    events.emit('job.started', { ...job, waitSeconds: 0.2 });
    events.emit('job.completed', { ...job, seconds: 0.1 });
    const page = await scrape(openMetrics(() => new Map([['email', 2]])));
    // The first registry heard the events; the second, made after them, has none of their series.
    const heard = await scrape();
    const published: [string, string, string[]][] = [
      ['worker_jobs_processed_total', 'counter', ['job', 'queue', 'status']],
      ['worker_job_duration_seconds', 'histogram', ['job', 'queue', 'status']],
      ['worker_job_wait_seconds', 'histogram', ['queue']],
      ['worker_queue_size', 'gauge', ['queue', 'state']],
      ['worker_queue_oldest_waiting_seconds', 'gauge', ['queue']],
      ['worker_emails_sent_total', 'counter', ['provider', 'status', 'template']],
      ['worker_sync_operations_total', 'counter', ['operation', 'source']],
      ['worker_documents_generated_total', 'counter', ['format', 'renderer', 'type']],
      ['worker_document_bytes_total', 'counter', ['format', 'renderer', 'type']],
      ['worker_ai_tokens_total', 'counter', ['direction', 'model']],
      ['worker_ai_cost_dollars_total', 'counter', ['direction', 'model']],
      ['worker_schedule_ticks_total', 'counter', ['outcome', 'schedule']],
    ];
    for (const [name, type, labels] of published)
      expect(heard.metrics.get(name), name).toMatchObject({ type, labels });
    expect(page.value('worker_active_jobs', { queue: 'email' })).toBe(2);
    expect(heard.value('worker_sync_operations_total', { source: 'sam-gov', operation: 'inserted' })).toBe(3);
    expect(heard.value('worker_document_bytes_total', { type: 'analytics' })).toBe(500);
    expect(heard.value('worker_ai_tokens_total', { model: 'gpt', direction: 'output' })).toBe(4);
    const cost = (model: string, direction: string) =>
      heard.value('worker_ai_cost_dollars_total', { model, direction });
    expect(cost('gpt', 'input')).toBe(0.5);
    expect(cost('gpt', 'output')).toBe(0.25);
    expect(cost('unpriced', 'input')).toBeUndefined();
  });

  test('leave a linter nothing to say', async () => {
    const { metrics: all } = await scrape();
    expect(all.size).toBeGreaterThan(30);
    for (const [name, { help, type, samples }] of all) {
      expect(help, `${name} has no HELP`).not.toBe('');
      expect(['counter', 'gauge', 'histogram', 'summary'], name).toContain(type);
      expect(name).toMatch(/^[a-z][a-z0-9_]*$/);
      // prom-client's own gauges, such as nodejs_active_handles_total, are not ours to name.
      if (name.startsWith('worker_')) expect(name.endsWith('_total'), name).toBe(type === 'counter');
      if (/duration|wait|oldest/.test(name)) expect(name).toContain('_seconds');
      for (const { value } of samples) expect(Number.isNaN(value), name).toBe(false);
    }
  });

  test('have as many series as there are definitions, however many jobs there are', async () => {
    const { queues: manager } = platform;
    await run({});
    await manager.queue('email').add('invented-1', { some: 'thing' });
    await manager.queue('email').add('invented-2', { some: 'thing' });
    await manager.addJob('email', 'send-welcome', welcome('nobody'), { attempts: 1 });
    await until('all three have failed', async () => (await manager.counts('email')).failed === 3);
    const page = await scrape();
    const known = new Set(Object.values(queues).flatMap((queue) => Object.keys(queue.jobs)));
    const seen = new Set<string>();
    for (const { samples } of page.metrics.values())
      for (const { labels } of samples) if (labels.job !== undefined) seen.add(labels.job);
    expect([...seen].filter((job) => !known.has(job))).toEqual(['unknown']);
    for (const { samples } of page.metrics.values())
      for (const { labels } of samples)
        for (const label of Object.keys(labels))
          expect(['jobId', 'correlationId', 'key']).not.toContain(label);
  });

  test('read the queues once for all scrapes within five seconds, and for those that come together', async () => {
    const { queues: manager } = platform;
    const now = performance.now();
    const clocked = vi.spyOn(performance, 'now').mockImplementation(() => now);
    onTestFinished(() => clocked.mockRestore());
    await manager.addJob('email', 'send-welcome', welcome('first'));
    const pages = await Promise.all([scrape(), scrape(), scrape()]);
    expect(asked).toHaveLength(queueNames.length);
    await manager.addJob('email', 'send-welcome', welcome('second'));
    pages.push(await scrape());
    expect(asked).toHaveLength(queueNames.length);
    for (const page of pages) {
      expect(page.value('worker_queue_size', { queue: 'email', state: 'waiting' })).toBe(1);
      for (const queue of queueNames) {
        // Both gauges are of the same look at the queue, on the very first page too.
        expect(page.value('worker_queue_oldest_waiting_seconds', { queue })).toBeGreaterThanOrEqual(0);
        expect(page.value('worker_queue_size', { queue, state: 'delayed' })).toBe(0);
      }
    }
    expect(
      new Set(pages.map((page) => page.value('worker_queue_oldest_waiting_seconds', { queue: 'email' })))
        .size,
    ).toBe(1);
  });

  test('leave the gauges of the queues out while the store is away, and show them again after', async () => {
    let now = performance.now();
    const clocked = vi.spyOn(performance, 'now').mockImplementation(() => now);
    try {
      expect((await scrape()).value('worker_queue_size', { queue: 'sync', state: 'waiting' })).toBe(0);
      away = true;
      now += 5_001;
      const page = await scrape();
      for (const gauge of queueGauges) expect(page.metrics.get(gauge)?.samples, gauge).toEqual([]);
      expect(page.metrics.has('process_cpu_seconds_total')).toBe(true);
      away = false;
      now += 5_001;
      expect((await scrape()).value('worker_queue_size', { queue: 'sync', state: 'waiting' })).toBe(0);
    } finally {
      clocked.mockRestore();
    }
  });
});
