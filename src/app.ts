import type { Config } from '../config/index.ts';
import { pending } from '../processors/index.ts';
import { queueNames } from '../queues/index.ts';
import { openBackend } from './backend/index.ts';
import { openActivity } from './composition/activity.ts';
import { openAlertWatch } from './composition/alert-watch.ts';
import { followCerJobs } from './composition/cer.ts';
import { openConversionIntake } from './composition/conversions.ts';
import { openDeadLetterDuties, openDeadLetters } from './composition/dead-letters.ts';
import { openAlerts } from './composition/drivers.ts';
import { openDuties, openUpkeep } from './composition/duties.ts';
import { openHttp, openMetrics } from './composition/http.ts';
import { openIndexUpkeep, openJobIndex } from './composition/job-index.ts';
import { lookAround } from './composition/preflight.ts';
import { openScheduler } from './composition/scheduler.ts';
import { openServices, type ServiceNames } from './composition/services.ts';
import { openTables } from './composition/tables.ts';
import { openTracing } from './composition/tracing.ts';
import { openSupervisor, openWorkers } from './composition/workers.ts';
import type { HttpService } from './http/index.ts';
import type { Database } from './integrations/database/port.ts';
import { createServiceGroup } from './lifecycle/service-group.ts';
import { createStartPatience, type StartPatience } from './lifecycle/start-patience.ts';
import type { Supervisor } from './lifecycle/supervisor.ts';
import { logConnections } from './observability/connection-log.ts';
import { Events } from './observability/events.ts';
import { logJobs } from './observability/job-log.ts';
import type { Logger } from './observability/logger.ts';
import { createMetrics, type Metrics } from './observability/metrics.ts';
import type { Redact } from './observability/redaction.ts';
import type { Alerts } from './observability/sentry.ts';
import { refuseFaults } from './preflight.ts';
import { JobControl } from './queue/job-control.ts';
import { QueueManager } from './queue/queue-manager.ts';
import type { WorkerRuntime } from './worker/runtime.ts';

/** What is in use, for the first lines that a person sees. */
export interface Providers extends ServiceNames {
  readonly backend: string;
  readonly tables: string;
}

export interface App {
  readonly providers: Providers;
  readonly http: HttpService | undefined;
  readonly queues: QueueManager;
  readonly database: Database;
  readonly alerts: Alerts | undefined;
  readonly metrics: Metrics;
  /** Absent where no jobs are done in this process. */
  readonly workers: WorkerRuntime | undefined;
  /** Of worker processes, where there are several. */
  readonly supervisor: Supervisor | undefined;
  start(): Promise<void>;
  /** Drains and closes everything in its order; resolves when all has stopped. */
  stop(): Promise<void>;
}

/** What a worker process has from the process that supervises it. */
export interface Parent {
  readonly embeddedUrl: string | undefined;
}

export interface Start {
  /** Of a worker process. */
  readonly parent?: Parent;
  /** Ends the waiting for a store that is away; the start then rejects. */
  readonly signal?: AbortSignal;
}

/** Puts the platform together: the only place that sees drivers and processors at once. */
export async function createApp(
  config: Config,
  log: Logger,
  redact: Redact,
  { parent, signal }: Start = {},
): Promise<App> {
  const closers: (() => Promise<unknown>)[] = [];
  // A worker process tells its parent, which waits for all of them.
  const timeoutMs = parent === undefined ? config.startupTimeoutMs : 0;
  try {
    return await compose(
      config,
      log,
      redact,
      closers,
      createStartPatience({ timeoutMs, log, signal }),
      parent,
    );
  } catch (error) {
    // What was opened before the fault must not keep the process alive, or a server running.
    for (const close of closers.reverse())
      await close().catch((fault: unknown) => log.warn({ err: fault }, 'closing'));
    throw error;
  }
}

async function compose(
  config: Config,
  log: Logger,
  redact: Redact,
  closers: (() => Promise<unknown>)[],
  patience: StartPatience,
  parent: Parent | undefined,
): Promise<App> {
  const runs = (role: Config['roles'][number]) => config.roles.includes(role);
  const supervises = parent === undefined && runs('worker') && config.worker.processes > 1;
  const works = runs('worker') && !supervises;
  const { database, databaseUrl, place: tables } = await openTables(config, log, closers, parent, patience);
  let metrics: Metrics | undefined;
  const tracing = await openTracing(config, redact, async () => (await metrics?.read()) ?? []);
  const backend = await patience.reach(() =>
    openBackend({
      kind: config.backend.kind,
      redisUrl: config.backend.redisUrl,
      databaseUrl,
      workers: works ? queueNames.length : 0,
      ...(tracing === undefined ? {} : { telemetry: tracing.telemetry }),
    }),
  );
  closers.push(() => backend.close());
  const findings = parent === undefined ? await lookAround(config, backend) : [];
  refuseFaults(findings);
  for (const { about, message } of findings) log.warn({ about }, message);

  const events = new Events();
  logJobs(events, log);
  const alerts = await openAlerts(config, events, redact);
  if (alerts !== undefined) closers.push(() => alerts.close(3_000));
  const queues = new QueueManager({
    backend,
    pending,
    maxAttempts: config.worker.maxAttempts,
    backoffMs: config.worker.backoffMs,
    onError: logConnections(log, 'queue connection'),
    events,
  });
  closers.push(() => queues.close());
  const letters = openDeadLetters(log, queues, database);
  const { deadLetters, control: deadLetterControl } = letters;
  const jobs = new JobControl({
    queues,
    cancellations: database.jobCancellations,
    events,
    deadLetters: deadLetterControl,
  });
  followCerJobs(events, log, { reports: database.cerReports, queues, jobs });
  const { services, names, jwtSecret, browsers } = await openServices(config, log, closers, {
    works,
    database,
    events,
  });
  const workers = works
    ? openWorkers(config, log, redact, {
        backend,
        queues,
        deadLetters,
        events,
        services,
        trails: alerts?.trails,
      })
    : undefined;
  const embeddedUrl = config.database.url === undefined ? databaseUrl : undefined;
  const supervisor = supervises ? openSupervisor(config, log, events, patience, embeddedUrl) : undefined;
  metrics = createMetrics(events, {
    // Whoever supervises tells of the queues, once and not for each of its processes.
    queues: parent === undefined ? queueNames : [],
    counts: (queue) => queues.counts(queue),
    oldestWaitingSeconds: (queue) => queues.oldestWaitingSeconds(queue),
    active: () => workers?.active() ?? new Map(),
    memoryLimitBytes: config.maxMemoryBytes,
    workers: () => supervisor?.workers ?? (parent === undefined ? aloneWorker(works) : []),
    supervisor,
    reports: {
      queued: () => database.cerReports.queued(),
      browsers: async () => (await browsers?.usage()) ?? { memoryBytes: 0, cpuSeconds: 0 },
    },
  });
  let ready = false;
  const scheduler = runs('scheduler') ? openScheduler(config, log, queues, database, events) : undefined;
  const seen = {
    metrics,
    backend,
    database,
    storage: services.storage,
    workers,
    supervisor,
    ready: () => ready,
  };
  const http = runs('api')
    ? await openHttp(config, log, redact, {
        ...seen,
        queues,
        jobs,
        deadLetters: deadLetterControl,
        services,
        jwtSecret,
      })
    : undefined;
  const scraped =
    http === undefined && parent === undefined ? await openMetrics(config, log, redact, seen) : undefined;
  const upkeep =
    runs('worker') && parent === undefined
      ? [
          ...openUpkeep(log, { queues, deadLetters, events, database, jobs }),
          ...openIndexUpkeep(config, log, { queues, events, database }),
        ]
      : [];
  // In every role, since any may be the one that is left when the process dies that was at it.
  const workingOff =
    parent === undefined ? openDeadLetterDuties(log, config.instance, { ...letters, database }) : [];
  const watch =
    parent === undefined ? openAlertWatch(config, log, { queues, database, mail: services.mail }) : [];
  const working =
    workers === undefined
      ? []
      : [
          workers,
          ...openDuties(log, { database, jobs, workers }),
          openConversionIntake(config, log, { conversions: database.conversions, queues, jobs, events }),
        ];
  const activity = openActivity(config, log, { database, events, active: () => workers?.active() });
  const jobIndex = openJobIndex(config, log, { database, events });
  if (tracing !== undefined) closers.push(() => tracing.close());
  const group = createServiceGroup({
    // What is told of the activity stops after the workers have drained, so that what they did until then counts.
    services: [
      jobIndex,
      http,
      scraped,
      supervisor,
      activity,
      ...working,
      ...upkeep,
      ...workingOff,
      ...watch,
      scheduler,
    ].filter((service) => service !== undefined),
    onError: (service, error) => log.error({ service, err: error }, 'did not stop in order'),
  });

  return {
    providers: {
      backend: `${backend.kind} (${backend.address})`,
      tables,
      ...names,
    },
    http,
    queues,
    database,
    alerts,
    metrics,
    workers,
    supervisor,
    async start() {
      await group.start();
      ready = true;
    },
    async stop() {
      ready = false;
      await group.stop();
      for (const close of closers.reverse())
        await close().catch((error: unknown) => log.warn({ err: error }, 'closing'));
      closers.length = 0;
    },
  };
}

/** A process that works without a supervisor answers for its own memory. */
function aloneWorker(works: boolean) {
  return works ? [{ worker: 1, memoryBytes: process.memoryUsage.rss() }] : [];
}
