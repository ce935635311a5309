import { setTimeout } from 'node:timers/promises';
import { queueNames } from '../../queues/index.ts';
import { openBackend } from '../../src/backend/index.ts';
import { openDatabase } from '../../src/integrations/database/postgres/index.ts';
import { keepsItsJobs } from '../../src/job-index/left-jobs.ts';
import { JobRecorder } from '../../src/job-index/recorder.ts';
import { createIndexWriter } from '../../src/job-index/writer.ts';
import { createJobIndexCatchUp } from '../../src/maintenance/catch-up-job-index.ts';
import { Events } from '../../src/observability/events.ts';
import { logJobs } from '../../src/observability/job-log.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { createMetrics } from '../../src/observability/metrics.ts';
import { createRedactor } from '../../src/observability/redaction.ts';
import { DeadLetters } from '../../src/queue/dead-letters.ts';
import { createStoredMask, createValidatedMask } from '../../src/queue/masking/index.ts';
import { QueueManager } from '../../src/queue/queue-manager.ts';
import { WorkerRuntime } from '../../src/worker/runtime.ts';
import { startClock } from '../clock.ts';
import {
  backoffMs,
  concurrency,
  jobName,
  maxAttempts,
  type Peer,
  type PeerOptions,
  queueName,
  result,
} from './peer.ts';

/**
 * The platform as `src/app.ts` puts it together, in production's manner: validation on both sides, one JSON log line a
 * job on stdout, metrics, dead letters armed, a worker for each queue.
 */
export async function openMillrace({ store, url, index }: PeerOptions): Promise<Peer> {
  const backend = await openBackend({
    kind: store,
    redisUrl: store === 'redis' ? url : undefined,
    databaseUrl: url,
    workers: queueNames.length,
  });
  const redact = createRedactor(['a-secret-of-the-configuration']);
  const log = createLogger({ level: 'info', serviceName: 'millrace', readable: false, redact });
  const events = new Events();
  logJobs(events, log);
  const queues = new QueueManager({
    backend,
    pending: {},
    maxAttempts,
    backoffMs,
    onError: (queue, err) => log.warn({ queue, err }, 'queue connection'),
    events,
  });
  const indexing = index === undefined ? undefined : openIndex(index, events, queues);
  const deadLetters = new DeadLetters((name) => queues.queue(name));
  let workers: WorkerRuntime | undefined;
  const metrics = createMetrics(events, {
    queues: queueNames,
    counts: (queue) => queues.counts(queue),
    oldestWaitingSeconds: (queue) => queues.oldestWaitingSeconds(queue),
    active: () => workers?.active() ?? new Map(),
    memoryLimitBytes: 2 * 1024 ** 3,
  });
  return {
    async add(payload) {
      return (await queues.addJob(queueName, jobName, payload)).id;
    },
    async addMany(payloads) {
      const jobs = payloads.map((payload) => ({ name: jobName, payload }) as const);
      return (await queues.addJobs(queueName, jobs)).map(({ id }) => id);
    },
    async openWorkers(ran) {
      const runtime = new WorkerRuntime({
        backend,
        processors: {
          [queueName]: {
            [jobName]: {
              services: [],
              async run(context) {
                ran(context.job.id);
                return result;
              },
            },
          },
        },
        services: {},
        ports: {
          redact,
          logOf: (bindings) => log.child(bindings),
          addJob: (queue, name, payload, options) => queues.addUntyped(queue, name, payload, options),
          addJobs: (queue, jobs) => queues.addManyUntyped(queue, jobs),
        },
        deadLetters,
        events,
        log,
        concurrency: { email: concurrency, document: 5, sync: 5, 'story-enhancement': 5 },
        lockDurationMs: 30_000,
        shutdownTimeoutMs: 30_000,
        instance: 'bench',
      });
      workers = runtime;
      await runtime.start();
      return () => runtime.stop();
    },
    counts: () => queues.counts(queueName),
    async settle() {
      const clock = startClock();
      const dropped = (await indexing?.settle()) ?? 0;
      return { dropped, ...clock() };
    },
    async verify(jobsRun) {
      const page = await metrics.render();
      const line = `worker_jobs_processed_total{queue="${queueName}",job="${jobName}",status="completed"} ${jobsRun}`;
      if (jobsRun > 0 && !page.split('\n').includes(line))
        throw new Error(`The metrics do not say that ${jobsRun} jobs ran: the platform was not fully on.`);
    },
    async close() {
      await indexing?.close();
      await queues.close();
      await backend.close();
      log.flush();
    },
  };
}

/** As `src/composition/job-index.ts` opens it. */
function openIndex(url: string, events: Events, queues: QueueManager) {
  const database = openDatabase({ url, poolMax: 2 });
  const recorder = new JobRecorder(events, { mask: createValidatedMask(), keeps: keepsItsJobs });
  const onError = (error: unknown) => {
    throw error;
  };
  const { jobIndex } = database;
  const writer = createIndexWriter({ recorder, index: jobIndex, events, onError });
  const catchUp = createJobIndexCatchUp({
    queues: queueNames,
    queueOf: (name) => queues.queue(name),
    index: jobIndex,
    mask: createStoredMask(),
    events,
    onError,
  });
  void writer.start();
  void catchUp.start();
  return {
    /** How many sights of jobs it has dropped. */
    async settle() {
      await writer.flush();
      // It may be reading a queue already; then nobody else does.
      for (await catchUp.readAll(); (await jobIndex.unwrittenSince()) !== undefined; await catchUp.readAll())
        await setTimeout(100);
      return recorder.dropped;
    },
    async close() {
      await Promise.all([writer.stop(), catchUp.stop()]);
      await database.close();
    },
  };
}
