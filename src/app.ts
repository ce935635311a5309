import { join } from 'node:path';
import { type Config, schedules } from '../config/index.ts';
import type { Services } from '../processors/define.ts';
import { mailPreviews } from '../processors/email/previews.ts';
import { pending, processors } from '../processors/index.ts';
import { queueNames } from '../queues/index.ts';
import { createScheduler } from '../schedulers/index.ts';
import { type Backend, openBackend } from './backend/index.ts';
import { developmentSecret, startSandbox } from './development.ts';
import type { HttpService } from './http/index.ts';
import { createMailLinks } from './http/mail-links.ts';
import { createFetcher } from './integrations/attachments/fetcher.ts';
import { createTextExtractor } from './integrations/attachments/text-extractor.ts';
import type { Database } from './integrations/database/port.ts';
import type { LanguageModel } from './integrations/llm/port.ts';
import type { MailProvider } from './integrations/mail/port.ts';
import type { SamGov } from './integrations/sam-gov/port.ts';
import { createLocalStorage } from './integrations/storage/local.ts';
import type { Storage } from './integrations/storage/port.ts';
import { createLoop } from './lifecycle/loop.ts';
import type { Service } from './lifecycle/service.ts';
import { createServiceGroup } from './lifecycle/service-group.ts';
import { createCountLog } from './maintenance/log-queue-counts.ts';
import { reconcileDeadLetters } from './maintenance/reconcile-dead-letters.ts';
import { Events } from './observability/events.ts';
import { logJobs } from './observability/job-log.ts';
import type { Logger } from './observability/logger.ts';
import { createMetrics, type Metrics } from './observability/metrics.ts';
import type { Redact } from './observability/redaction.ts';
import { type Alerts, startSentry } from './observability/sentry.ts';
import { version } from './package.ts';
import { DeadLetters } from './queue/dead-letters.ts';
import { QueueManager } from './queue/queue-manager.ts';
import { scoreStory } from './scoring/index.ts';
import { openTables } from './tables.ts';
import { WorkerRuntime } from './worker/runtime.ts';

/** What is in use, for the first lines that a person sees. */
export interface Providers {
  readonly backend: string;
  readonly tables: string;
  readonly mail: string;
  readonly storage: string;
  readonly samGov: string;
  readonly ai: string;
}

export interface App {
  readonly providers: Providers;
  readonly http: HttpService | undefined;
  readonly queues: QueueManager;
  readonly database: Database;
  readonly alerts: Alerts | undefined;
  start(): Promise<void>;
  /** Drains and closes everything in its order; resolves when all has stopped. */
  stop(): Promise<void>;
}

/** Puts the platform together: the only place that sees drivers and processors at once. */
export async function createApp(config: Config, log: Logger, redact: Redact): Promise<App> {
  const closers: (() => Promise<unknown>)[] = [];
  try {
    return await compose(config, log, redact, closers);
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
): Promise<App> {
  const runs = (role: Config['roles'][number]) => config.roles.includes(role);
  const { database, databaseUrl, place: tables } = await openTables(config, log, closers);
  const backend = await openBackend({
    kind: config.backend.kind,
    redisUrl: config.backend.redisUrl,
    databaseUrl,
    workers: runs('worker') ? queueNames.length : 0,
  });
  closers.push(() => backend.close());

  const events = new Events();
  logJobs(events, log);
  const alerts = await openAlerts(config, events, redact);
  if (alerts !== undefined) closers.push(() => alerts.close(3_000));
  const queues = new QueueManager({
    backend,
    pending,
    maxAttempts: config.worker.maxAttempts,
    backoffMs: config.worker.backoffMs,
    onError: (queue, error) => log.warn({ queue, err: error }, 'queue connection'),
  });
  closers.push(() => queues.close());
  const deadLetters = new DeadLetters((name) => queues.queue(name));
  const { storage, place } = await openStorage(config);
  const samGov = await openSamGov(config, closers);
  const jwtSecret = config.auth.jwtSecret ?? (await developmentSecret(config.dataDir));
  const mail = await openMail(config);
  closers.push(async () => mail.close?.());
  const services: Services = {
    mail,
    database,
    storage,
    fetcher: createFetcher(),
    textExtractor: createTextExtractor(),
    llm: await openModel(config),
    samGov: samGov?.driver,
    links: createMailLinks(jwtSecret, config.http.appUrl),
    events,
    settings: {
      appUrl: config.http.appUrl,
      mailFrom: config.mail.from,
      samGovDailyLimit: config.samGov.dailyLimit,
      debugScoring: config.debugScoring,
    },
  };
  const workers = runs('worker')
    ? openWorkers(config, log, redact, { backend, queues, deadLetters, events, services })
    : undefined;
  const metrics = createMetrics(events, {
    queues: queueNames,
    counts: (queue) => queues.counts(queue),
    oldestWaitingSeconds: (queue) => queues.oldestWaitingSeconds(queue),
    active: () => workers?.active() ?? new Map(),
  });
  let ready = false;
  const scheduler = runs('scheduler') ? openScheduler(config, log, queues, database, events) : undefined;
  const http = runs('api')
    ? await openHttp(config, log, redact, {
        queues,
        database,
        storage,
        services,
        jwtSecret,
        metrics,
        backend,
        workers,
        ready: () => ready,
      })
    : undefined;
  const duties = runs('worker') ? openDuties(log, queues, deadLetters, events) : [];
  const group = createServiceGroup({
    services: [
      ...(http === undefined ? [] : [http]),
      ...(workers === undefined ? [] : [workers]),
      ...duties,
      ...(scheduler === undefined ? [] : [scheduler]),
    ],
    onError: (service, error) => log.error({ service, err: error }, 'did not stop in order'),
  });

  return {
    providers: {
      backend: `${backend.kind} (${backend.address})`,
      tables,
      mail: services.mail.name,
      storage: place,
      samGov: samGov?.description ?? 'not configured (SAM_GOV_API_KEY)',
      ai:
        services.llm === undefined
          ? 'none: local scores only (OPENAI_API_KEY)'
          : `${services.llm.name}, ${config.openai.model}`,
    },
    http,
    queues,
    database,
    alerts,
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

async function openAlerts(config: Config, events: Events, redact: Redact): Promise<Alerts | undefined> {
  const { dsn, environment, tracesSampleRate } = config.sentry;
  if (dsn === undefined) return undefined;
  return startSentry(events, {
    dsn,
    environment,
    tracesSampleRate,
    release: `millrace@${version}`,
    serviceName: config.serviceName,
    redact,
  });
}

async function openMail(config: Config): Promise<MailProvider> {
  const { provider, from, sendgrid, smtpUrl } = config.mail;
  if (provider === 'sendgrid' && sendgrid.apiKey !== undefined) {
    const { createSendGrid } = await import('./integrations/mail/sendgrid.ts');
    return createSendGrid({ apiKey: sendgrid.apiKey, baseUrl: sendgrid.baseUrl, from });
  }
  if (provider === 'smtp' && smtpUrl !== undefined) {
    const { createSmtp } = await import('./integrations/mail/smtp.ts');
    return createSmtp({ url: smtpUrl, from, connections: config.worker.concurrency.email });
  }
  const { createOutbox } = await import('./integrations/mail/outbox.ts');
  return createOutbox({ dir: join(config.dataDir, 'outbox'), from });
}

/** Files in S3 when it is enabled, else in Supabase when it is set, else in a folder; with its place for people. */
export async function openStorage({
  storage,
  dataDir,
}: Config): Promise<{ storage: Storage; place: string }> {
  switch (storage.provider) {
    case 's3': {
      const { createS3Storage } = await import('./integrations/storage/s3.ts');
      const service = storage.endpoint ?? `S3 in ${storage.region}`;
      return { storage: createS3Storage(storage), place: `bucket ${storage.bucket} (${service})` };
    }
    case 'supabase': {
      const { createSupabaseStorage } = await import('./integrations/storage/supabase.ts');
      return {
        storage: createSupabaseStorage(storage),
        place: `bucket ${storage.bucket} (Supabase, ${storage.url})`,
      };
    }
    case 'local': {
      const dir = join(dataDir, 'storage');
      return { storage: createLocalStorage({ dir }), place: dir };
    }
  }
}

async function openModel(config: Config): Promise<LanguageModel | undefined> {
  const { apiKey, baseUrl, model } = config.openai;
  if (apiKey === undefined) return undefined;
  const { createOpenAi } = await import('./integrations/llm/openai.ts');
  return createOpenAi({ apiKey, baseUrl, model });
}

async function openSamGov(
  config: Config,
  closers: (() => Promise<unknown>)[],
): Promise<{ driver: SamGov; description: string } | undefined> {
  const { apiKey, baseUrl } = config.samGov;
  if (apiKey !== undefined) {
    const { createSamGov } = await import('./integrations/sam-gov/client.ts');
    return { driver: createSamGov({ apiKey, baseUrl }), description: baseUrl };
  }
  if (config.environment !== 'development' || !config.roles.includes('worker')) return undefined;
  const sandbox = await startSandbox();
  closers.push(() => sandbox.close());
  return { driver: sandbox.samGov, description: `sandbox with sample data (${sandbox.url})` };
}

interface WorkerParts {
  readonly backend: Backend;
  readonly queues: QueueManager;
  readonly deadLetters: DeadLetters;
  readonly events: Events;
  readonly services: Services;
}

function openWorkers(config: Config, log: Logger, redact: Redact, parts: WorkerParts): WorkerRuntime {
  const { backend, queues, deadLetters, events, services } = parts;
  return new WorkerRuntime({
    backend,
    processors,
    services: { ...services },
    ports: {
      redact,
      logOf: (bindings) => log.child(bindings),
      addJob: (queue, name, payload, options) => queues.addUntyped(queue, name, payload, options),
      addJobs: (queue, jobs) => queues.addManyUntyped(queue, jobs),
    },
    deadLetters,
    events,
    log,
    concurrency: config.worker.concurrency,
    ...(config.mail.rateLimit === undefined
      ? {}
      : { limits: { email: { max: config.mail.rateLimit, durationMs: 1_000 } } }),
    lockDurationMs: config.worker.lockDurationMs,
    shutdownTimeoutMs: config.shutdownTimeoutMs,
    instance: config.instance,
  });
}

/** Schedules whose job has no processor yet wait for it: each of their ticks would only be refused. */
function openScheduler(
  config: Config,
  log: Logger,
  queues: QueueManager,
  database: Database,
  events: Events,
): Service {
  const unavailable = Object.entries(pending).flatMap(([queue, jobs]) =>
    jobs.map((job) => `${queue}/${job}`),
  );
  const runnable = schedules.filter(({ queue, job }) => !unavailable.includes(`${queue}/${job}`));
  return createScheduler({
    schedules: runnable,
    timeZone: config.scheduleTimeZone,
    ticks: database.ticks,
    enqueue: async (schedule, _tickAt, key) => {
      const { id } = await queues.addUntyped(schedule.queue, schedule.job, schedule.payload, {
        idempotencyKey: key,
      });
      return id;
    },
    events,
    log,
    clock: Date.now,
    owner: config.instance,
  });
}

interface HttpParts {
  readonly queues: QueueManager;
  readonly database: Database;
  readonly storage: Services['storage'];
  readonly services: Services;
  readonly jwtSecret: string;
  readonly metrics: Metrics;
  readonly backend: Backend;
  readonly workers: WorkerRuntime | undefined;
  ready(): boolean;
}

async function openHttp(config: Config, log: Logger, redact: Redact, parts: HttpParts): Promise<HttpService> {
  // Loaded where it is served: a worker alone needs neither Express nor the board.
  const { createHttpService } = await import('./http/index.ts');
  const { backend, database, storage, workers } = parts;
  return createHttpService({
    host: config.http.host,
    port: config.http.port,
    metricsPort: config.http.metricsPort,
    production: config.production,
    appUrl: config.http.appUrl,
    jwtSecret: parts.jwtSecret,
    mailPreviews: mailPreviews(config.http.appUrl),
    sendGridWebhookKey: config.mail.sendgrid.webhookPublicKey,
    adminUser: config.auth.adminUser,
    adminPassword: config.auth.adminPassword,
    queues: parts.queues,
    database,
    storage,
    llm: parts.services.llm,
    scoreStory,
    metrics: parts.metrics,
    health: {
      queue: async () => ({ backend: backend.kind, latencyMs: await backend.ping() }),
      database: async () => ({ latencyMs: await database.ping() }),
      storage: () => storage.check(),
      ...(workers === undefined
        ? {}
        : {
            workers: async () => {
              if (!workers.healthy) throw new Error('A queue has no running worker in this process.');
            },
          }),
    },
    ready: parts.ready,
    log,
    redact,
  });
}

function openDuties(log: Logger, queues: QueueManager, deadLetters: DeadLetters, events: Events): Service[] {
  const onError = (error: unknown) => log.warn({ err: error }, 'upkeep will be tried again');
  return [
    createLoop({
      name: 'dead-letter reconciler',
      intervalMs: 60_000,
      runOnce: () =>
        reconcileDeadLetters({
          queues: queueNames,
          queueOf: (name) => queues.queue(name),
          deadLetters,
          events,
        }),
      onError,
    }),
    createLoop({
      name: 'queue counts',
      intervalMs: 30_000,
      runOnce: createCountLog({ queues: queueNames, counts: (queue) => queues.counts(queue), log }),
      onError,
    }),
  ];
}
