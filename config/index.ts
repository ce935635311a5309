import { hostname } from 'node:os';
import { resolve } from 'node:path';
import { type QueueName, queueNames, queues } from '../queues/index.ts';
import { hashPassword, isPasswordHash } from '../src/access/passwords.ts';
import { ConfigError, type Fault } from '../src/errors/catalogue.ts';
import { knownPrices } from './model-prices.ts';
import { nearest } from './nearest.ts';
import { schedules } from './schedules.ts';
import { groups, type Role, type Values, type Variable } from './schema.ts';

export type { Schedule } from './schedules.ts';
export type { Role };
export { schedules };

/** A process's environment, or one made up by a test. */
export type Environment = Readonly<Record<string, string | undefined>>;

export type BackendKind = 'redis' | 'postgres' | 'embedded';

export type Config = ReturnType<typeof shape>;

/**
 * Reads and checks the whole environment; this is the only place that does.
 * @throws ConfigError with every fault at once: each names the variable, what it wants and, unless it is a
 * secret, what it got.
 */
export function loadConfig(environment: Environment = process.env): Config {
  const faults: Fault[] = [];
  const values = parseValues(environment, faults);
  const concurrency = parseQueueConcurrency(environment, faults);
  // A variable that is wrong by itself is told about once; it counts as not set for those that depend on it.
  const wrong = new Set(faults.map((fault) => fault.path));
  faults.push(...crossCheck(values).filter((fault) => !wrong.has(fault.path)));
  if (!isComplete(values, faults)) throw new ConfigError(faults);
  return deepFreeze(shape(values, concurrency));
}

function variables(): [string, Variable][] {
  return Object.values(groups).flatMap((group): [string, Variable][] => Object.entries(group));
}

/** A variable's text; an empty one means "not set": compose files and CI systems pass unset variables that way. */
function given(environment: Environment, name: string): string | undefined {
  return environment[name]?.trim() || undefined;
}

/** The values of all secrets, and the passwords in those that are addresses, for the redaction of logs and errors. */
export function secretsOf(environment: Environment = process.env): string[] {
  return variables().flatMap(([name, { secret }]) => {
    const value = given(environment, name);
    return secret === true && value !== undefined ? [value, ...passwordOf(value)] : [];
  });
}

/** A driver may show the password without the rest of its address, and decoded. */
function passwordOf(value: string): string[] {
  const password = URL.canParse(value) ? new URL(value).password : '';
  if (password === '') return [];
  try {
    return [password, decodeURIComponent(password)];
  } catch {
    return [password];
  }
}

/** Variables that are set, and checked, though nothing in this version reads them: a start says so. */
export function plannedSettings(environment: Environment = process.env): string[] {
  return variables().flatMap(([name, { planned }]) =>
    planned === true && given(environment, name) !== undefined ? [name] : [],
  );
}

function parseValues(environment: Environment, faults: Fault[]): Partial<Values> {
  const values: Record<string, unknown> = {};
  for (const [name, { schema, secret, default: preset }] of variables()) {
    const raw = given(environment, name) ?? preset;
    const parsed = schema.safeParse(raw);
    if (parsed.success) {
      values[name] = parsed.data;
    } else {
      const wants = parsed.error.issues.map((issue) => issue.message).join('; ');
      const got =
        secret === true ? 'a value that is kept secret' : raw === undefined ? 'nothing' : `"${raw}"`;
      faults.push({ path: name, message: `${wants}; got ${got}` });
    }
  }
  return values;
}

/** The keys and the schemas are those of `groups`, so when none has a fault what they parsed is `Values`. */
function isComplete(_values: Partial<Values>, faults: readonly Fault[]): _values is Values {
  return faults.length === 0;
}

function parseQueueConcurrency(environment: Environment, faults: Fault[]): Map<QueueName, number> {
  const byVariable = new Map(
    queueNames.map((queue) => [`QUEUE_${queue.toUpperCase().replaceAll('-', '_')}_CONCURRENCY`, queue]),
  );
  const limits = new Map<QueueName, number>();
  for (const [name, value] of Object.entries(environment)) {
    if (!/^QUEUE_.*_CONCURRENCY$/.test(name) || value === undefined || value.trim() === '') continue;
    const queue = byVariable.get(name);
    if (queue === undefined) {
      faults.push({
        path: name,
        message: `names no queue; did you mean ${nearest(name, [...byVariable.keys()])}?`,
      });
    } else if (!/^[1-9]\d{0,2}$/.test(value.trim())) {
      faults.push({ path: name, message: `must be a whole number from 1 to 999; got "${value}"` });
    } else {
      limits.set(queue, Number(value));
    }
  }
  return limits;
}

/** What no variable can say alone. */
function crossCheck(values: Partial<Values>): Fault[] {
  const faults: Fault[] = [];
  const need = (path: string, missing: boolean, message: string) => {
    if (missing) faults.push({ path, message });
  };
  const redisIsSet = values.REDIS_URL !== undefined || values.REDIS_HOST !== undefined;
  const production = values.NODE_ENV === 'production';
  need(
    'REDIS_URL',
    values.QUEUE_BACKEND === 'redis' && !redisIsSet,
    'is needed since QUEUE_BACKEND is redis',
  );
  need(
    'DATABASE_URL',
    values.QUEUE_BACKEND === 'postgres' && values.DATABASE_URL === undefined,
    'is needed since QUEUE_BACKEND is postgres',
  );
  need(
    'QUEUE_BACKEND',
    values.QUEUE_BACKEND === 'embedded' && values.DATABASE_URL !== undefined,
    'is embedded, but DATABASE_URL is set: use postgres, or drop one of them',
  );
  need(
    'JWT_SECRET',
    production && values.JWT_SECRET === undefined,
    'is needed in production: 32 random bytes, for example from `openssl rand -base64 32`',
  );
  need(
    'ADMIN_PASSWORD',
    production && values.ROLE?.includes('api') === true && values.ADMIN_PASSWORD === undefined,
    'is needed in production where the api role runs',
  );
  need(
    'OIDC_CLIENT_ID',
    values.OIDC_ISSUER !== undefined && values.OIDC_CLIENT_ID === undefined,
    'is needed since OIDC_ISSUER is set',
  );
  need(
    'OIDC_ISSUER',
    values.OIDC_ISSUER === undefined && values.OIDC_CLIENT_ID !== undefined,
    'is needed since OIDC_CLIENT_ID is set',
  );
  need(
    'SMTP_URL',
    values.EMAIL_PROVIDER === 'smtp' && values.SMTP_URL === undefined,
    'is needed since EMAIL_PROVIDER is smtp',
  );
  const s3 = values.AWS_ENABLED === true;
  need('AWS_S3_BUCKET', s3 && values.AWS_S3_BUCKET === undefined, 'is needed since AWS_ENABLED is true');
  need('AWS_ACCESS_KEY', s3 && values.AWS_ACCESS_KEY === undefined, 'is needed since AWS_ENABLED is true');
  need('AWS_SECRET_KEY', s3 && values.AWS_SECRET_KEY === undefined, 'is needed since AWS_ENABLED is true');
  need(
    'SUPABASE_SERVICE_ROLE_KEY',
    values.SUPABASE_URL !== undefined && values.SUPABASE_SERVICE_ROLE_KEY === undefined,
    'is needed since SUPABASE_URL is set',
  );
  need(
    'SUPABASE_URL',
    values.SUPABASE_URL === undefined && values.SUPABASE_SERVICE_ROLE_KEY !== undefined,
    'is needed since SUPABASE_SERVICE_ROLE_KEY is set',
  );
  need(
    'SENDGRID_API_KEY',
    values.EMAIL_PROVIDER === 'sendgrid' && values.SENDGRID_API_KEY === undefined,
    'is needed since EMAIL_PROVIDER is sendgrid',
  );
  return faults;
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

function shape(values: Values, queueConcurrency: ReadonlyMap<QueueName, number>) {
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

function hashOf(password: string | undefined): string | undefined {
  return password === undefined || isPasswordHash(password) ? password : hashPassword(password);
}

function mailProviderOf(values: Values): 'sendgrid' | 'smtp' | 'outbox' {
  if (values.EMAIL_PROVIDER !== undefined) return values.EMAIL_PROVIDER;
  if (values.SENDGRID_API_KEY !== undefined) return 'sendgrid';
  return values.SMTP_URL === undefined ? 'outbox' : 'smtp';
}

/** Where files are kept: S3 when it is enabled, else Supabase when it is set, else this machine. */
export type StorageConfig =
  | {
      readonly provider: 's3';
      readonly region: string;
      readonly bucket: string;
      readonly accessKeyId: string;
      readonly secretAccessKey: string;
      readonly endpoint: string | undefined;
    }
  | {
      readonly provider: 'supabase';
      readonly url: string;
      readonly serviceRoleKey: string;
      readonly bucket: string;
    }
  | { readonly provider: 'local' };

/** Which parts belong together was checked before; what is missing here is so for nobody. */
function storageOf(values: Values): StorageConfig {
  const { AWS_ENABLED, AWS_S3_BUCKET, AWS_ACCESS_KEY, AWS_SECRET_KEY } = values;
  if (
    AWS_ENABLED &&
    AWS_S3_BUCKET !== undefined &&
    AWS_ACCESS_KEY !== undefined &&
    AWS_SECRET_KEY !== undefined
  ) {
    return {
      provider: 's3',
      region: values.AWS_REGION,
      bucket: AWS_S3_BUCKET,
      accessKeyId: AWS_ACCESS_KEY,
      secretAccessKey: AWS_SECRET_KEY,
      endpoint: values.AWS_S3_ENDPOINT,
    };
  }
  const { SUPABASE_URL, SUPABASE_SERVICE_ROLE_KEY, STORAGE_BUCKET } = values;
  if (SUPABASE_URL !== undefined && SUPABASE_SERVICE_ROLE_KEY !== undefined) {
    return {
      provider: 'supabase',
      url: SUPABASE_URL,
      serviceRoleKey: SUPABASE_SERVICE_ROLE_KEY,
      bucket: STORAGE_BUCKET,
    };
  }
  return { provider: 'local' };
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

function deepFreeze<T>(value: T): T {
  if (typeof value === 'object' && value !== null && !Object.isFrozen(value)) {
    Object.freeze(value);
    for (const inner of Object.values(value)) deepFreeze(inner);
  }
  return value;
}
