import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { toOtlp } from '../../src/observability/metrics-export.ts';
import { type FakeCollector, startFakeCollector } from '../support/fake-collector.ts';
import { type FakeSendGrid, startFakeSendGrid } from '../support/fake-sendgrid.ts';
import { startMillrace } from '../support/millrace-process.ts';
import { createWorld, type World } from '../support/world.ts';

const key = 'SG.only-the-provider-knows';
const traceId = '4bf92f3577b34da6a3ce929d0e0e4736';

describe('a trace', () => {
  let world: World;
  let collector: FakeCollector;
  let sendGrid: FakeSendGrid;
  beforeAll(async () => {
    [world, collector, sendGrid] = await Promise.all([
      createWorld(),
      startFakeCollector(),
      startFakeSendGrid({ apiKey: key }),
    ]);
  });
  afterAll(async () => {
    await Promise.all([collector.close(), sendGrid.close()]);
    await world.close();
  });

  it('leads from the caller through the queue to the provider, and metrics go the same way', {
    timeout: 90_000,
  }, async () => {
    const millrace = await startMillrace({
      DATABASE_URL: world.databaseUrl,
      DATA_DIR: world.dataDir,
      OTEL_EXPORTER_OTLP_ENDPOINT: collector.url,
      SENDGRID_API_KEY: key,
      SENDGRID_BASE_URL: sendGrid.baseUrl,
    });
    const said = (pattern: RegExp) => pattern.exec(millrace.output())?.[1] ?? '';
    const response = await fetch(`${said(/API\s+(\S+)/)}/jobs/email/send-welcome`, {
      method: 'POST',
      headers: {
        Authorization: `Bearer ${said(/Token\s+(\S+)/)}`,
        'Content-Type': 'application/json',
        traceparent: `00-${traceId}-00f067aa0ba902b7-01`,
      },
      body: JSON.stringify({
        payload: { type: 'welcome', data: { userId: 'u-1', email: 'ada@example.com', name: 'Ada' } },
      }),
    });
    expect(response.status).toBe(202);
    const ours = () => collector.spans.filter((span) => span.traceId === traceId);
    const named = (part: string) => ours().find(({ name }) => name.includes(part));
    await expect
      .poll(() => ours().some(({ attributes }) => JSON.stringify(attributes).includes('/v3/mail/send')), {
        timeout: 60_000,
        interval: 200,
      })
      .toBe(true);
    // Spans come in batches as they end, and that of the request may end after those of the job.
    for (const part of ['process email', 'POST /api/jobs/:queue/', 'add email'])
      await expect.poll(() => named(part)).toBeDefined();
    const request = named('POST /api/jobs/:queue/');
    expect(request?.parentSpanId).toBe('00f067aa0ba902b7');
    const added = named('add email');
    expect(added?.parentSpanId).toBe(request?.spanId);
    expect(named('process email')?.parentSpanId).toBe(added?.spanId);
    const call = ours().find(({ attributes }) => JSON.stringify(attributes).includes('/v3/mail/send'));
    expect(call?.parentSpanId).toBe(named('process email')?.spanId);

    await millrace.kill('SIGTERM');
    const names = new Set(collector.metrics.map(({ name }) => name));
    expect([...names]).toEqual(
      expect.arrayContaining([
        'worker_jobs_processed_total',
        'worker_job_duration_seconds',
        'worker_queue_size',
      ]),
    );
    expect(collector.raw.join('\n')).not.toContain(key);
  });
});

describe('a metric of Prometheus', () => {
  it('keeps its buckets when they are taken apart', () => {
    const labels = { queue: 'email' };
    const [data] = toOtlp(
      {
        name: 'wait',
        help: 'h',
        type: 'histogram',
        values: [
          { value: 2, labels: { ...labels, le: 0.1 }, metricName: 'wait_bucket' },
          { value: 5, labels: { ...labels, le: 1 }, metricName: 'wait_bucket' },
          { value: 6, labels: { ...labels, le: '+Inf' }, metricName: 'wait_bucket' },
          { value: 9.5, labels, metricName: 'wait_sum' },
          { value: 6, labels, metricName: 'wait_count' },
        ],
      },
      [1, 0],
      [2, 0],
    );
    expect(data?.dataPoints).toEqual([
      {
        startTime: [1, 0],
        endTime: [2, 0],
        attributes: labels,
        value: { buckets: { boundaries: [0.1, 1], counts: [2, 3, 1] }, sum: 9.5, count: 6 },
      },
    ]);
  });
});
