import { Counter, collectDefaultMetrics, Gauge, Histogram, Registry } from 'prom-client';
import { isQueueName, queues } from '../../queues/index.ts';
import type { QueueCounts } from '../queue/queue-manager.ts';
import { type CerSources, countReports } from './cer-metrics.ts';
import type { Events } from './events.ts';
import { type MetricsSnapshot, sumMetrics } from './summed-metrics.ts';
import type { PrometheusMetric } from './tracing.ts';
import { watchWorkers } from './worker-metrics.ts';

/** What the gauges ask for when they are scraped. */
export interface MetricsSources {
  readonly queues: readonly string[];
  counts(queue: string): Promise<QueueCounts>;
  /** Seconds that the oldest waiting job has waited; 0 when none waits. */
  oldestWaitingSeconds(queue: string): Promise<number>;
  /** Jobs that run in this process, by queue. */
  active(): ReadonlyMap<string, number>;
  /** What MAX_MEMORY_RESTART allows a process, in bytes. */
  readonly memoryLimitBytes: number;
  /** The worker processes that this one answers for. */
  workers?(): readonly { readonly worker: number; readonly memoryBytes?: number | undefined }[];
  /** Whose processes' metrics are added to this one's: each that lives, and what those that have ended had counted. */
  readonly supervisor?: { snapshots(): Promise<readonly MetricsSnapshot[]> } | undefined;
  /** Absent where there is nothing to ask: those gauges then stand at nothing. */
  readonly reports?: CerSources;
}

export interface Metrics {
  readonly contentType: string;
  /** The page that Prometheus reads. */
  render(): Promise<string>;
  /** The same as data. */
  read(): Promise<readonly PrometheusMetric[]>;
  /** The metrics of this process alone, to be summed up with those of others. */
  snapshot(): Promise<MetricsSnapshot>;
}

/** Queue gauges cost round trips, so that scrapers that come more often get the same answer. */
const cacheMs = 5_000;

const durationBuckets = [0.005, 0.01, 0.05, 0.1, 0.5, 1, 2.5, 5, 10, 30, 60, 300, 900];
const queueStates = ['waiting', 'active', 'delayed', 'completed', 'failed'] as const;

/** The metrics of `docs/metrics.md`, fed by the events and, for the queues, by a look when scraped. */
export function createMetrics(events: Events, sources: MetricsSources): Metrics {
  const registry = new Registry();
  collectDefaultMetrics({ register: registry });
  countJobs(events, registry);
  countWork(events, registry);
  const { supervisor, workers = () => [], memoryLimitBytes } = sources;
  watchWorkers(events, workers, memoryLimitBytes, registry);
  countReports(events, registry, sources.reports);
  const lookAtQueues = watchQueues(sources, registry);
  return {
    contentType: registry.contentType,
    async read() {
      await lookAtQueues();
      return registry.getMetricsAsJSON();
    },
    async render() {
      // Before the page is made: gauges are collected side by side, and each would show another moment.
      await lookAtQueues();
      if (supervisor === undefined) return registry.metrics();
      const [own, others] = await Promise.all([registry.getMetricsAsJSON(), supervisor.snapshots()]);
      return sumMetrics([own, ...others]).metrics();
    },
    snapshot: () => registry.getMetricsAsJSON(),
  };
}

function countJobs(events: Events, registry: Registry): void {
  const registers = [registry];
  const processed = new Counter({
    name: 'worker_jobs_processed_total',
    help: 'Ends of attempts, by what they led to',
    labelNames: ['queue', 'job', 'status'],
    registers,
  });
  const duration = new Histogram({
    name: 'worker_job_duration_seconds',
    help: 'How long attempts ran',
    labelNames: ['queue', 'job', 'status'],
    buckets: durationBuckets,
    registers,
  });
  const wait = new Histogram({
    name: 'worker_job_wait_seconds',
    help: 'From when a job was due to when it was taken',
    labelNames: ['queue'],
    buckets: durationBuckets,
    registers,
  });
  const ended = (queue: string, name: string, status: string, seconds: number) => {
    const job = labelOf(queue, name);
    processed.inc({ queue, job, status });
    duration.observe({ queue, job, status }, seconds);
  };
  events.on('job.started', ({ queue, waitSeconds }) => wait.observe({ queue }, waitSeconds));
  events.on('job.completed', ({ queue, job, seconds }) => ended(queue, job, 'completed', seconds));
  events.on('job.retried', ({ queue, job, seconds }) => ended(queue, job, 'retried', seconds));
  events.on('job.cancelled', ({ queue, job, seconds }) => {
    if (seconds > 0) ended(queue, job, 'cancelled', seconds);
    else processed.inc({ queue, job: labelOf(queue, job), status: 'cancelled' });
  });
  events.on('job.dead_lettered', ({ queue, job, seconds }) => {
    ended(queue, job, 'failed', seconds);
    processed.inc({ queue, job: labelOf(queue, job), status: 'dead_lettered' });
  });
}

/** Labels are bounded: a name that no definition has, from whoever else writes to the store, is not one. */
function labelOf(queue: string, job: string): string {
  return isQueueName(queue) && Object.hasOwn(queues[queue].jobs, job) ? job : 'unknown';
}

function countWork(events: Events, registry: Registry): void {
  const registers = [registry];
  const mails = new Counter({
    name: 'worker_emails_sent_total',
    help: 'Mails by what became of them',
    labelNames: ['provider', 'template', 'status'],
    registers,
  });
  events.on('mail.settled', ({ provider, template, status }) => mails.inc({ provider, template, status }));

  const indexed = new Counter({
    name: 'worker_job_index_rows_total',
    help: 'Rows of the job index by what was done with them',
    labelNames: ['outcome'],
    registers,
  });
  events.on('job_index.rows', ({ outcome, rows }) => indexed.inc({ outcome }, rows));

  const synced = new Counter({
    name: 'worker_sync_operations_total',
    help: 'Records of a sync by what was done with them',
    labelNames: ['source', 'operation'],
    registers,
  });
  events.on('sync.page', ({ source, ...counts }) => {
    for (const [operation, count] of Object.entries(counts)) synced.inc({ source, operation }, count);
  });

  const documents = new Counter({
    name: 'worker_documents_generated_total',
    help: 'Documents made',
    labelNames: ['type', 'format', 'renderer'],
    registers,
  });
  const bytes = new Counter({
    name: 'worker_document_bytes_total',
    help: 'Bytes of the documents made',
    labelNames: ['type', 'format', 'renderer'],
    registers,
  });
  events.on('document.generated', ({ kind, format, renderer, bytes: size }) => {
    documents.inc({ type: kind, format, renderer });
    bytes.inc({ type: kind, format, renderer }, size);
  });

  const tokens = new Counter({
    name: 'worker_ai_tokens_total',
    help: 'Tokens read and written by language models',
    labelNames: ['model', 'direction'],
    registers,
  });
  const cost = new Counter({
    name: 'worker_ai_cost_dollars_total',
    help: 'What language models cost by the table of prices',
    labelNames: ['model', 'direction'],
    registers,
  });
  events.on('ai.used', ({ model, inputTokens, outputTokens, dollars }) => {
    tokens.inc({ model, direction: 'input' }, inputTokens);
    tokens.inc({ model, direction: 'output' }, outputTokens);
    if (dollars === undefined) return;
    cost.inc({ model, direction: 'input' }, dollars.input);
    cost.inc({ model, direction: 'output' }, dollars.output);
  });

  const ticks = new Counter({
    name: 'worker_schedule_ticks_total',
    help: 'Ticks of schedules by what they led to',
    labelNames: ['schedule', 'outcome'],
    registers,
  });
  events.on('schedule.tick', ({ schedule, outcome }) => ticks.inc({ schedule, outcome }));
}

/** Registers the gauges of the queues; what it returns brings them up to date, once for all who ask together. */
function watchQueues(sources: MetricsSources, registry: Registry): () => Promise<void> {
  const registers = [registry];
  let readAt = Number.NEGATIVE_INFINITY;
  let reading: Promise<void> | undefined;
  const size = new Gauge({
    name: 'worker_queue_size',
    help: 'Jobs of a queue by state',
    labelNames: ['queue', 'state'],
    registers,
  });
  const oldest = new Gauge({
    name: 'worker_queue_oldest_waiting_seconds',
    help: 'How long the oldest waiting job of a queue has waited',
    labelNames: ['queue'],
    registers,
  });
  new Gauge({
    name: 'worker_active_jobs',
    help: 'Jobs that run in this process',
    labelNames: ['queue'],
    registers,
    collect() {
      for (const [queue, jobs] of sources.active()) this.set({ queue }, jobs);
    },
  });
  async function readQueue(queue: string): Promise<void> {
    try {
      const [counts, seconds] = await Promise.all([
        sources.counts(queue),
        sources.oldestWaitingSeconds(queue),
      ]);
      for (const state of queueStates) size.set({ queue, state }, counts[state]);
      oldest.set({ queue }, seconds);
    } catch {
      // The store is away, which /health says; a gauge with an old value would say otherwise.
      for (const state of queueStates) size.remove({ queue, state });
      oldest.remove({ queue });
    }
  }
  async function readAll(): Promise<void> {
    readAt = performance.now();
    await Promise.all(sources.queues.map((queue) => readQueue(queue)));
    reading = undefined;
  }
  return async () => {
    if (reading === undefined && performance.now() - readAt >= cacheMs) reading = readAll();
    await reading;
  };
}
