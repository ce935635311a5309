import { AggregatorRegistry, type Registry } from 'prom-client';

/** The metrics of one process, as prom-client gives them; their `type` is a word, whatever its types say. */
export type MetricsSnapshot = readonly { readonly name: string; readonly type?: unknown }[];

/** One page of the metrics of several processes: counters and histograms added up, gauges as each says of itself. */
export function sumMetrics(snapshots: readonly MetricsSnapshot[]): Registry {
  return AggregatorRegistry.aggregate(snapshots.map((metrics) => [...metrics]));
}

/**
 * What processes that have ended leave behind: their counters and histograms. Without them the sum would go back at each
 * end, which Prometheus takes for a start from zero and counts all the rest once more.
 */
export class RetiredCounters {
  readonly #snapshots: MetricsSnapshot[] = [];
  #merging = false;

  add(metrics: MetricsSnapshot): void {
    if (metrics.length === 0) return;
    this.#snapshots.push(metrics.filter(({ type }) => type !== 'gauge'));
    void this.#merge();
  }

  get snapshots(): readonly MetricsSnapshot[] {
    return this.#snapshots;
  }

  /** Keeps the list short; what is added meanwhile waits for the next time. */
  async #merge(): Promise<void> {
    const many = this.#snapshots.length;
    if (this.#merging || many < 2) return;
    this.#merging = true;
    const merged = await sumMetrics(this.#snapshots).getMetricsAsJSON();
    this.#snapshots.splice(0, many, merged);
    this.#merging = false;
  }
}
