import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { type QueueName, queues } from '../queues/index.ts';
import { hashPassword, isPasswordHash } from '../src/access/passwords.ts';
import { knownPrices } from './model-prices.ts';
import type { Values } from './schema.ts';
import { storageOf } from './storage.ts';

export type BackendKind = 'redis' | 'postgres' | 'embedded';

/** What the variables say together, as the parts of the platform take it. */
export function shape(values: Values, queueConcurrency: ReadonlyMap<QueueName, number>) {
  const production = values.NODE_ENV === 'production';
  const concurrency = (queue: QueueName): number =>
    queueConcurrency.get(queue) ??
    (queue === 'document'
      ? values.CONCURRENCY
      : (values.WORKER_CONCURRENCY ?? queues[queue].defaults.concurrency));
  return {
    environment: values.NODE_ENV,
    production,
    serviceName: values.SERVICE_NAME,
    roles: values.ROLE,
    dataDir: resolve(values.DATA_DIR),
    logLevel: values.LOG_LEVEL,
    debugScoring: values.DEBUG_SCORING,
    startupTimeoutMs: values.STARTUP_TIMEOUT,
    shutdownTimeoutMs: values.SHUTDOWN_TIMEOUT,
    maxMemoryBytes: values.MAX_MEMORY_RESTART,
    instance: `${hostname()}-${process.pid}`,
    http: {
      port: values.PORT,
      host: values.HOST,
      trustProxy: values.TRUST_PROXY,
      metricsPort: values.METRICS_PORT ?? (production ? 9_090 : 0),
      metricsPortIsDefault: values.METRICS_PORT === undefined,
      appUrl: values.APP_URL ?? `http://localhost:${values.PORT}`,
    },
    backend: {
      kind: values.QUEUE_BACKEND ?? inferBackend(values),
      redisUrl: redisUrlOf(values),
    },
    database: {
      url: values.DATABASE_URL,
      poolMax: values.DATABASE_POOL_MAX,
      supabase: supabaseOf(values),
    },
    worker: {
      processes: values.WORKER_PROCESSES,
      concurrency: {
        email: concurrency('email'),
        document: concurrency('document'),
        sync: concurrency('sync'),
        'story-enhancement': concurrency('story-enhancement'),
      } satisfies Record<QueueName, number>,
      maxAttempts: values.WORKER_MAX_ATTEMPTS,
      backoffMs: values.WORKER_BACKOFF_DELAY,
      lockDurationMs: values.LOCK_DURATION,
    },
    jobIndex: { on: values.JOB_INDEX === 'on', historyDays: values.JOB_HISTORY_DAYS },
    auth: {
      jwtSecret: values.JWT_SECRET,
      adminUser: values.ADMIN_USER,
      /** The password itself is kept nowhere but in the redaction of logs. Hashing it takes 50 ms, which workers spare. */
      adminPasswordHash: values.ROLE.includes('api') ? hashOf(values.ADMIN_PASSWORD) : undefined,
      oidc: oidcOf(values),
    },
    mail: {
      provider: mailProviderOf(values),
      from: values.EMAIL_FROM,
      sendgrid: {
        apiKey: values.SENDGRID_API_KEY,
        baseUrl: values.SENDGRID_BASE_URL,
        webhookPublicKey: values.SENDGRID_WEBHOOK_PUBLIC_KEY,
      },
      smtpUrl: values.SMTP_URL,
      /** Mails a second over all worker processes. */
      rateLimit: values.EMAIL_RATE_LIMIT,
    },
    storage: storageOf(values),
    samGov: {
      apiKey: values.SAM_GOV_API_KEY,
      baseUrl: values.SAM_GOV_BASE_URL,
      dailyLimit: values.SAM_GOV_DAILY_LIMIT,
    },
    chromiumPath: values.CHROMIUM_PATH,
    webhookSecret: values.WEBHOOK_SECRET,
    openai: {
      apiKey: values.OPENAI_API_KEY,
      baseUrl: values.OPENAI_BASE_URL,
      model: values.OPENAI_MODEL,
      dailyTokenLimit: values.OPENAI_DAILY_TOKEN_LIMIT,
      prices: values.OPENAI_PRICES ?? knownPrices,
    },
    sentry: {
      dsn: values.SENTRY_DSN,
      environment: values.SENTRY_ENVIRONMENT ?? values.NODE_ENV,
      tracesSampleRate: values.SENTRY_TRACES_SAMPLE_RATE,
    },
    conversions: {
      gatewayUrl: values.GATEWAY_URL,
      gatewayTimeoutMs: values.GATEWAY_TIMEOUT,
      workerId: values.WORKER_ID ?? `${hostname()}-${process.pid}`,
      pollMs: values.POLL_INTERVAL,
      leaseSeconds: values.LEASE_TTL_MINUTES * 60,
    },
    otelEndpoint: values.OTEL_EXPORTER_OTLP_ENDPOINT,
    alerts: { webhookUrl: values.ALERT_WEBHOOK_URL, emails: values.ALERT_EMAIL ?? [] },
    scheduleTimeZone: values.SCHEDULE_TIMEZONE,
  };
}

function oidcOf(values: Values) {
  const { OIDC_ISSUER: issuer, OIDC_CLIENT_ID: clientId } = values;
  if (issuer === undefined || clientId === undefined) return undefined;
  return {
    issuer,
    clientId,
    clientSecret: values.OIDC_CLIENT_SECRET,
    scopes: values.OIDC_SCOPES,
    roleClaim: values.OIDC_ROLE_CLAIM,
    roles: values.OIDC_ROLES,
  };
}

function hashOf(password: string | undefined): string | undefined {
  return password === undefined || isPasswordHash(password) ? password : hashPassword(password);
}

function mailProviderOf(values: Values): 'sendgrid' | 'smtp' | 'outbox' {
  if (values.EMAIL_PROVIDER !== undefined) return values.EMAIL_PROVIDER;
  if (values.SENDGRID_API_KEY !== undefined) return 'sendgrid';
  return values.SMTP_URL === undefined ? 'outbox' : 'smtp';
}

function inferBackend(values: Values): BackendKind {
  if (values.REDIS_URL !== undefined || values.REDIS_HOST !== undefined) return 'redis';
  return values.DATABASE_URL === undefined ? 'embedded' : 'postgres';
}

/** One address, whichever way Redis was given. */
function redisUrlOf(values: Values): string | undefined {
  const base =
    values.REDIS_URL ??
    (values.REDIS_HOST === undefined ? undefined : `redis://${values.REDIS_HOST}:${values.REDIS_PORT}`);
  if (base === undefined || values.REDIS_PASSWORD === undefined) return base;
  const url = new URL(base);
  // The setter leaves a percent sign as it is, which the driver would then decode.
  if (url.password === '') url.password = encodeURIComponent(values.REDIS_PASSWORD);
  return url.href;
}

/** The project whose API gives the application's tables; which parts belong together was checked before. */
function supabaseOf({ SUPABASE_URL: url, SUPABASE_SERVICE_ROLE_KEY: serviceRoleKey }: Values) {
  return url === undefined || serviceRoleKey === undefined ? undefined : { url, serviceRoleKey };
}
