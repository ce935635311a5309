import { once } from 'node:events';
import { createServer } from 'node:http';
import { z } from 'zod';

const value = z.object({ stringValue: z.string().optional() }).loose();
const attributes = z.array(z.object({ key: z.string(), value })).default([]);
const span = z.object({
  traceId: z.string(),
  spanId: z.string(),
  parentSpanId: z.string().optional(),
  name: z.string(),
  kind: z.number(),
  attributes,
});
const traces = z.object({
  resourceSpans: z.array(z.object({ scopeSpans: z.array(z.object({ spans: z.array(span) })) })),
});
const metric = z.object({ name: z.string() }).loose();
const metrics = z.object({
  resourceMetrics: z.array(z.object({ scopeMetrics: z.array(z.object({ metrics: z.array(metric) })) })),
});

export type CollectedSpan = z.infer<typeof span>;

/** An OpenTelemetry collector on loopback that takes OTLP as JSON and keeps it. */
export interface FakeCollector {
  readonly url: string;
  readonly spans: CollectedSpan[];
  readonly metrics: z.infer<typeof metric>[];
  /** What came as it was written. */
  readonly raw: string[];
  close(): Promise<void>;
}

export async function startFakeCollector(): Promise<FakeCollector> {
  const found: Pick<FakeCollector, 'spans' | 'metrics' | 'raw'> = { spans: [], metrics: [], raw: [] };
  const server = createServer((request, response) => {
    let text = '';
    request.setEncoding('utf8').on('data', (chunk: string) => {
      text += chunk;
    });
    request.on('end', () => {
      found.raw.push(text);
      const body: unknown = JSON.parse(text);
      if (request.url === '/v1/traces') {
        const { resourceSpans } = traces.parse(body);
        found.spans.push(...resourceSpans.flatMap((part) => part.scopeSpans.flatMap(({ spans }) => spans)));
      } else if (request.url === '/v1/metrics') {
        const { resourceMetrics } = metrics.parse(body);
        found.metrics.push(
          ...resourceMetrics.flatMap((part) => part.scopeMetrics.flatMap((scope) => scope.metrics)),
        );
      }
      response.writeHead(200, { 'Content-Type': 'application/json' }).end('{}');
    });
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('The server listens on no port.');
  return {
    url: `http://127.0.0.1:${address.port}`,
    ...found,
    async close() {
      server.closeAllConnections();
      server.close();
      await once(server, 'close');
    },
  };
}
