import { type Config, schedules } from '../../config/index.ts';
import type { Services } from '../../processors/define.ts';
import { mailPreviews } from '../../processors/email/previews.ts';
import { ScheduleControl } from '../../schedulers/control.ts';
import type { Backend } from '../backend/index.ts';
import type { HttpService } from '../http/index.ts';
import type { Database } from '../integrations/database/port.ts';
import { JobSearch } from '../job-index/search.ts';
import type { Service } from '../lifecycle/service.ts';
import type { Supervisor } from '../lifecycle/supervisor.ts';
import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Redact } from '../observability/redaction.ts';
import type { DeadLetterControl } from '../queue/dead-letter-control.ts';
import type { JobControl } from '../queue/job-control.ts';
import { QueueControl } from '../queue/queue-control.ts';
import type { QueueManager } from '../queue/queue-manager.ts';
import { scoreStory } from '../scoring/index.ts';
import type { WorkerRuntime } from '../worker/runtime.ts';
import { openOutboxReader } from './drivers.ts';
import { workerHealth } from './health.ts';

interface HttpParts {
  readonly queues: QueueManager;
  readonly jobs: JobControl;
  readonly deadLetters: DeadLetterControl;
  readonly database: Database;
  readonly storage: Services['storage'];
  readonly services: Services;
  readonly jwtSecret: string;
  readonly metrics: Metrics;
  readonly backend: Backend;
  readonly workers: WorkerRuntime | undefined;
  readonly supervisor: Supervisor | undefined;
  ready(): boolean;
}

export async function openHttp(
  config: Config,
  log: Logger,
  redact: Redact,
  parts: HttpParts,
): Promise<HttpService> {
  // Loaded where it is served: a worker alone needs neither Express nor the board.
  const { createHttpService } = await import('../http/index.ts');
  const { database, storage } = parts;
  const queueControl = new QueueControl({ queues: parts.queues, activity: database.activity });
  return createHttpService({
    host: config.http.host,
    port: config.http.port,
    metricsPort: config.http.metricsPort,
    metricsPortIsDefault: config.http.metricsPortIsDefault,
    trustProxy: config.http.trustProxy,
    production: config.production,
    appUrl: config.http.appUrl,
    jwtSecret: parts.jwtSecret,
    signsWebhooks: config.webhookSecret !== undefined,
    sendGridWebhookKey: config.mail.sendgrid.webhookPublicKey,
    adminUser: config.auth.adminUser,
    adminPasswordHash: config.auth.adminPasswordHash,
    oidc: config.auth.oidc,
    queues: parts.queues,
    jobs: parts.jobs,
    queueControl,
    jobSearch: new JobSearch(config.jobIndex.on ? database.jobIndex : undefined),
    deadLetters: parts.deadLetters,
    console: {
      queueControl,
      lists: database.lists,
      documents: database.documents,
      conversions: database.conversions,
      cerReports: database.cerReports,
      storage,
      openMail: await openOutboxReader(config),
      mailPreviews: mailPreviews(config.http.appUrl),
    },
    schedules: new ScheduleControl({
      schedules,
      timeZone: config.scheduleTimeZone,
      queues: parts.queues,
      ticks: database.ticks,
      records: database.schedules,
    }),
    database,
    storage,
    llm: parts.services.llm,
    converter: parts.services.converter,
    scoreStory,
    metrics: parts.metrics,
    health: healthOf(parts),
    ready: parts.ready,
    log,
    redact,
  });
}

/** `/metrics` and `/health` where there is no API, for scrapers; on METRICS_PORT alone, so none where that is 0. */
export async function openMetrics(
  { http: { host, metricsPort: port, metricsPortIsDefault: portIsDefault } }: Config,
  log: Logger,
  redact: Redact,
  parts: HealthParts & Pick<HttpParts, 'metrics' | 'ready'>,
): Promise<Service | undefined> {
  if (port === 0) return undefined;
  const { createMetricsService } = await import('../http/index.ts');
  const { metrics, ready } = parts;
  return createMetricsService({
    host,
    port,
    portIsDefault,
    metrics,
    ready,
    health: healthOf(parts),
    log,
    redact,
  });
}

type HealthParts = Pick<HttpParts, 'backend' | 'database' | 'storage' | 'workers' | 'supervisor'>;

function healthOf({ backend, database, storage, workers, supervisor }: HealthParts) {
  return {
    queue: async () => ({ backend: backend.kind, latencyMs: await backend.ping() }),
    database: async () => ({ latencyMs: await database.ping() }),
    storage: () => storage.check(),
    ...workerHealth(workers, supervisor),
  };
}
