import type { Config } from '../../config/index.ts';
import type { Telemetry } from '../backend/telemetry.ts';
import type { Redact } from '../observability/redaction.ts';
import type { TracingOptions } from '../observability/tracing.ts';
import { version } from '../package.ts';

const closingMs = 3_000;

interface OpenTracing {
  readonly telemetry: Telemetry;
  /** Sends what is left, the metrics a last time; to be called while the queues can still be asked. */
  close(): Promise<void>;
}

/** Traces and metrics to a collector, where one is set. Before all drivers: it wraps the libraries that they load. */
export async function openTracing(
  config: Config,
  redact: Redact,
  metrics: TracingOptions['metrics'],
): Promise<OpenTracing | undefined> {
  if (config.otelEndpoint === undefined) return undefined;
  const { startTracing } = await import('../observability/tracing.ts');
  const tracing = await startTracing({
    endpoint: config.otelEndpoint,
    serviceName: config.serviceName,
    version,
    redact,
    metrics,
  });
  const { openTelemetry } = await import('../backend/telemetry.ts');
  return { telemetry: await openTelemetry(), close: () => tracing.close(closingMs) };
}
