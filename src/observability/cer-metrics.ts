import { Counter, Gauge, Histogram, type Registry } from 'prom-client';
import type { Events } from './events.ts';

/** What the gauges of clinical evaluation reports ask for when they are scraped. */
export interface CerSources {
  /** Reports that wait to be begun, over all processes. */
  queued(): Promise<number>;
  /** What the browsers of this process take; nothing where it has none. */
  browsers(): Promise<{ readonly memoryBytes: number; readonly cpuSeconds: number }>;
}

const nothing: CerSources = {
  queued: async () => 0,
  browsers: async () => ({ memoryBytes: 0, cpuSeconds: 0 }),
};

const buckets = [0.5, 1, 2.5, 5, 10, 20, 30, 60, 120, 300, 900];

/** The metrics of the seed's CER worker, under its names. */
export function countReports(events: Events, registry: Registry, sources: CerSources = nothing): void {
  const registers = [registry];
  const processed = new Counter({
    name: 'cer_jobs_processed_total',
    help: 'Clinical evaluation reports that ended, one way or the other',
    registers,
  });
  const succeeded = new Counter({
    name: 'cer_jobs_succeeded_total',
    help: 'Clinical evaluation reports made',
    registers,
  });
  const failed = new Counter({
    name: 'cer_jobs_failed_total',
    help: 'Clinical evaluation reports that failed for good',
    registers,
  });
  const duration = new Histogram({
    name: 'cer_job_duration_seconds',
    help: 'How long reports took from the begin of the attempt that made them',
    labelNames: ['renderer'],
    buckets,
    registers,
  });
  const renders = ({ queue, job }: { queue: string; job: string }) =>
    queue === 'document' && job === 'render-cer';
  events.on('job.completed', (event) => {
    if (!renders(event)) return;
    processed.inc();
    succeeded.inc();
  });
  events.on('job.dead_lettered', (event) => {
    if (!renders(event)) return;
    processed.inc();
    failed.inc();
  });
  events.on('cer.rendered', ({ renderer, seconds }) => duration.observe({ renderer }, seconds));
  gauges(registers, sources);
}

function gauges(registers: Registry[], { queued, browsers }: CerSources): void {
  new Gauge({
    name: 'cer_job_queue_length',
    help: 'Clinical evaluation reports that wait to be begun',
    // The same number from each process.
    aggregator: 'max',
    registers,
    async collect() {
      try {
        this.set(await queued());
      } catch {
        // The database is away, which /health says; a gauge with an old value would say otherwise.
        this.remove();
      }
    },
  });
  new Gauge({
    name: 'cer_memory_usage_bytes',
    help: 'Memory of this process and its browsers',
    registers,
    async collect() {
      this.set(process.memoryUsage.rss() + (await browsers()).memoryBytes);
    },
  });
  let seen = { at: performance.now(), cpuSeconds: 0 };
  new Gauge({
    name: 'cer_cpu_usage_percent',
    help: 'Share of one core that this process and its browsers took since the last scrape',
    registers,
    async collect() {
      const { user, system } = process.cpuUsage();
      const cpuSeconds = (await browsers()).cpuSeconds + (user + system) / 1e6;
      const now = { at: performance.now(), cpuSeconds };
      // A browser's last moments are not seen, so that the sum may go back a little.
      this.set(Math.max(0, (100_000 * (now.cpuSeconds - seen.cpuSeconds)) / Math.max(1, now.at - seen.at)));
      seen = now;
    },
  });
}
