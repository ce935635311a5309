import type { HrTime } from '@opentelemetry/api';
import { OTLPMetricExporter } from '@opentelemetry/exporter-metrics-otlp-http';
import type { Resource } from '@opentelemetry/resources';
import { AggregationTemporality, DataPointType, type MetricData } from '@opentelemetry/sdk-metrics';
import type { PrometheusMetric } from './tracing.ts';

interface ExportOptions {
  /** The collector's base address without a slash at its end. */
  readonly base: string;
  readonly resource: Resource;
  readonly version: string;
  metrics(): Promise<readonly PrometheusMetric[]>;
  readonly metricsIntervalMs?: number;
}

const defaultIntervalMs = 60_000;

/** Sends the metrics again and again, those of Prometheus and no others; what it returns sends them a last time and stops. */
export function startMetricsExport(options: ExportOptions): () => Promise<void> {
  const exporter = new OTLPMetricExporter({ url: `${options.base}/v1/metrics` });
  const startTime = hrTime(Date.now());
  const send = async () => {
    const endTime = hrTime(Date.now());
    const found = await options.metrics();
    const metrics = found.flatMap((metric) => toOtlp(metric, startTime, endTime));
    const scope = { name: 'millrace', version: options.version };
    await new Promise<void>((resolve) => {
      // A collector that is away costs a gap; the next round carries the same totals.
      exporter.export({ resource: options.resource, scopeMetrics: [{ scope, metrics }] }, () => resolve());
    });
  };
  let sending = Promise.resolve();
  const timer = setInterval(() => {
    sending = send().catch(() => undefined);
  }, options.metricsIntervalMs ?? defaultIntervalMs);
  timer.unref();
  return async () => {
    clearInterval(timer);
    await sending;
    await send().catch(() => undefined);
    await exporter.shutdown();
  };
}

/** Counters and gauges as they are, histograms with the buckets taken apart; summaries are left out: no sum adds them up. */
export function toOtlp(metric: PrometheusMetric, startTime: HrTime, endTime: HrTime): MetricData[] {
  const { name, help, values = [] } = metric;
  const base = {
    descriptor: { name, description: help, unit: '', valueType: 1 },
    aggregationTemporality: AggregationTemporality.CUMULATIVE,
  };
  const point = (labels: Labels) => ({ startTime, endTime, attributes: withoutNone(labels) });
  switch (metric.type) {
    case 'counter':
      return [
        {
          ...base,
          dataPointType: DataPointType.SUM,
          isMonotonic: true,
          dataPoints: values.map(({ value, labels }) => ({ ...point(labels), value })),
        },
      ];
    case 'gauge':
      return [
        {
          ...base,
          dataPointType: DataPointType.GAUGE,
          dataPoints: values.map(({ value, labels }) => ({ ...point(labels), value })),
        },
      ];
    case 'histogram':
      return [
        {
          ...base,
          dataPointType: DataPointType.HISTOGRAM,
          dataPoints: histogramsOf(metric).map(({ labels, value }) => ({ ...point(labels), value })),
        },
      ];
    default:
      return [];
  }
}

type Labels = Readonly<Record<string, string | number | undefined>>;

interface OneHistogram {
  readonly labels: Labels;
  readonly value: {
    readonly buckets: { readonly boundaries: number[]; readonly counts: number[] };
    sum: number;
    count: number;
  };
}

/** prom-client lists cumulative buckets, the sum and the count one after another; a histogram is those of one set of labels. */
function histogramsOf({ values = [] }: PrometheusMetric): OneHistogram[] {
  const found = new Map<string, OneHistogram & { reached: number }>();
  for (const { value, labels, metricName = '' } of values) {
    const { le, ...own } = labels;
    const key = JSON.stringify(Object.entries(own).sort());
    const one = found.get(key) ?? {
      labels: own,
      value: { buckets: { boundaries: [], counts: [] }, sum: 0, count: 0 },
      reached: 0,
    };
    found.set(key, one);
    if (metricName.endsWith('_sum')) one.value.sum = value;
    else if (metricName.endsWith('_count')) one.value.count = value;
    else {
      if (le !== '+Inf') one.value.buckets.boundaries.push(Number(le));
      one.value.buckets.counts.push(value - one.reached);
      one.reached = value;
    }
  }
  return [...found.values()].map(({ labels, value }) => ({ labels, value }));
}

function withoutNone(labels: Labels): Record<string, string | number> {
  const known: Record<string, string | number> = {};
  for (const [name, value] of Object.entries(labels)) if (value !== undefined) known[name] = value;
  return known;
}

function hrTime(ms: number): HrTime {
  return [Math.floor(ms / 1_000), Math.round((ms % 1_000) * 1_000_000)];
}
