import type { Redact } from './redaction.ts';

export interface TracingOptions {
  /** The collector's base address; `/v1/traces` and `/v1/metrics` are below it. */
  readonly endpoint: string;
  readonly serviceName: string;
  readonly version: string;
  readonly redact: Redact;
  /** The metrics as Prometheus reads them; they go to the collector, too. */
  metrics(): Promise<readonly PrometheusMetric[]>;
  /** How often metrics are sent, in ms; a minute when absent. */
  readonly metricsIntervalMs?: number;
}

/** What prom-client says of a metric (`registry.getMetricsAsJSON()`). */
export interface PrometheusMetric {
  readonly name: string;
  readonly help: string;
  readonly type: string | number;
  readonly values?: readonly {
    readonly value: number;
    readonly labels: Readonly<Record<string, string | number | undefined>>;
    readonly metricName?: string;
  }[];
}

export interface Tracing {
  /** Sends what is still to be sent, for at most `timeoutMs`. */
  close(timeoutMs: number): Promise<void>;
}

/**
 * Sends traces and metrics by OTLP over HTTP (https://opentelemetry.io/docs/specs/otlp/#otlphttp), JSON. Calls of
 * `fetch` and of node:http become spans by themselves when their libraries are loaded after this; requests and jobs are
 * made spans where they come in. Loaded only when a collector is set: it costs start-up time and memory.
 */
export async function startTracing(options: TracingOptions): Promise<Tracing> {
  const [trace, exporter, resources, instrumentation, undici, http] = await Promise.all([
    import('@opentelemetry/sdk-trace-node'),
    import('@opentelemetry/exporter-trace-otlp-http'),
    import('@opentelemetry/resources'),
    import('@opentelemetry/instrumentation'),
    import('@opentelemetry/instrumentation-undici'),
    import('@opentelemetry/instrumentation-http'),
  ]);
  const resource = resources.resourceFromAttributes({
    'service.name': options.serviceName,
    'service.version': options.version,
  });
  const base = options.endpoint.replace(/\/+$/, '');
  const provider = new trace.NodeTracerProvider({
    resource,
    spanProcessors: [
      {
        // Addresses hold keys (SAM.gov wants its own there), and what is sent cannot be taken back.
        onStart: () => undefined,
        onEnd: (span) => clean(span.attributes, options.redact),
        forceFlush: () => Promise.resolve(),
        shutdown: () => Promise.resolve(),
      },
      new trace.BatchSpanProcessor(new exporter.OTLPTraceExporter({ url: `${base}/v1/traces` }), {
        scheduledDelayMillis: 1_000,
      }),
    ],
  });
  provider.register();
  const stopInstruments = instrumentation.registerInstrumentations({
    tracerProvider: provider,
    instrumentations: [
      // Spans without a parent would be those of the platform's own upkeep.
      new undici.UndiciInstrumentation({ requireParentforSpans: true }),
      new http.HttpInstrumentation({
        requireParentforOutgoingSpans: true,
        disableIncomingRequestInstrumentation: true,
      }),
    ],
  });
  const { startMetricsExport } = await import('./metrics-export.ts');
  const closeMetrics = startMetricsExport({ ...options, base, resource });
  return {
    async close(timeoutMs) {
      stopInstruments();
      const limit = new Promise<void>((resolve) => {
        setTimeout(resolve, timeoutMs).unref();
      });
      await Promise.race([Promise.allSettled([provider.shutdown(), closeMetrics()]), limit]);
    },
  };
}

function clean(attributes: Record<string, unknown>, redact: Redact): void {
  for (const [key, value] of Object.entries(attributes))
    if (typeof value === 'string') attributes[key] = redact(value);
}
