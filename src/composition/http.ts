import type { Config } from '../../config/index.ts';
import type { Services } from '../../processors/define.ts';
import { mailPreviews } from '../../processors/email/previews.ts';
import type { Backend } from '../backend/index.ts';
import type { HttpService } from '../http/index.ts';
import type { Database } from '../integrations/database/port.ts';
import type { Logger } from '../observability/logger.ts';
import type { Metrics } from '../observability/metrics.ts';
import type { Redact } from '../observability/redaction.ts';
import type { JobControl } from '../queue/job-control.ts';
import type { QueueManager } from '../queue/queue-manager.ts';
import { scoreStory } from '../scoring/index.ts';
import type { WorkerRuntime } from '../worker/runtime.ts';

interface HttpParts {
  readonly queues: QueueManager;
  readonly jobs: JobControl;
  readonly database: Database;
  readonly storage: Services['storage'];
  readonly services: Services;
  readonly jwtSecret: string;
  readonly metrics: Metrics;
  readonly backend: Backend;
  readonly workers: WorkerRuntime | undefined;
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
  const { backend, database, storage, workers } = parts;
  return createHttpService({
    host: config.http.host,
    port: config.http.port,
    metricsPort: config.http.metricsPort,
    production: config.production,
    appUrl: config.http.appUrl,
    jwtSecret: parts.jwtSecret,
    mailPreviews: mailPreviews(config.http.appUrl),
    signsWebhooks: config.webhookSecret !== undefined,
    sendGridWebhookKey: config.mail.sendgrid.webhookPublicKey,
    adminUser: config.auth.adminUser,
    adminPassword: config.auth.adminPassword,
    queues: parts.queues,
    jobs: parts.jobs,
    database,
    storage,
    llm: parts.services.llm,
    converter: parts.services.converter,
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
