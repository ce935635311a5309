/** A page of metrics, read as Prometheus reads it. */
export interface MetricsPage {
  readonly metrics: ReadonlyMap<string, Metric>;
  /** The value of the one sample whose labels include these; `undefined` when there is none. */
  value(sample: string, labels: Readonly<Record<string, string>>): number | undefined;
}

export interface Metric {
  readonly help: string;
  readonly type: string;
  /** Names of the labels that its samples bear, sorted; those that belong to the type are left out. */
  readonly labels: readonly string[];
  readonly samples: readonly Sample[];
}

interface Sample {
  readonly name: string;
  readonly labels: Readonly<Record<string, string>>;
  readonly value: number;
}

const belongToType = new Set(['le', 'quantile']);

/**
 * Reads the text format, and throws at a line that does not belong to it
 * (https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
 */
export function parseMetrics(page: string): MetricsPage {
  const metrics = new Map<string, { help: string; type: string; labels: string[]; samples: Sample[] }>();
  const ofName = (name: string) => {
    const metric = metrics.get(name) ?? { help: '', type: '', labels: [], samples: [] };
    metrics.set(name, metric);
    return metric;
  };
  for (const line of page.split('\n').filter(Boolean)) {
    const comment = /^# (?<kind>HELP|TYPE) (?<name>\S+) (?<text>.+)$/.exec(line)?.groups;
    if (comment?.name !== undefined) {
      const metric = ofName(comment.name);
      if (comment.kind === 'HELP') metric.help = comment.text ?? '';
      else metric.type = comment.text ?? '';
      continue;
    }
    const sample = readSample(line);
    const owner = metrics.has(sample.name) ? sample.name : sample.name.replace(/_(bucket|sum|count)$/, '');
    if (!metrics.has(owner)) throw new Error(`A sample without HELP and TYPE: ${line}`);
    const metric = ofName(owner);
    metric.samples.push(sample);
    const names = Object.keys(sample.labels).filter((name) => !belongToType.has(name));
    metric.labels = [...new Set([...metric.labels, ...names])].sort();
  }
  return {
    metrics,
    value: (name, labels) =>
      [...metrics.values()]
        .flatMap((metric) => metric.samples)
        .find((sample) => sample.name === name && includes(sample.labels, labels))?.value,
  };
}

function readSample(line: string): Sample {
  const parts = /^(?<name>[a-zA-Z_:][a-zA-Z0-9_:]*)(\{(?<labels>.*)\})? (?<value>\S+)$/.exec(line)?.groups;
  if (parts?.name === undefined) throw new Error(`No line of the text format: ${line}`);
  const pairs = [...(parts.labels ?? '').matchAll(/(\w+)="((?:[^"\\]|\\.)*)"/g)];
  const labels = Object.fromEntries(pairs.map(([, key, value]) => [key, value]));
  return { name: parts.name, labels, value: Number(parts.value?.replace('Inf', 'Infinity')) };
}

function includes(all: Readonly<Record<string, string>>, some: Readonly<Record<string, string>>): boolean {
  return Object.entries(some).every(([key, value]) => all[key] === value);
}
