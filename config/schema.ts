import { isIP } from 'node:net';
import ipaddr from 'ipaddr.js';
import { z } from 'zod';
import { isPasswordHash } from '../src/access/passwords.ts';
import { modelPrices } from './model-prices.ts';

/**
 * Every variable of the environment, by group: its schema, its default and what it means. `.env.example` and
 * `docs/configuration.md` are made from this table, so a variable that is not here does not exist.
 */
export interface Variable<T extends z.ZodType = z.ZodType> {
  readonly schema: T;
  /** As one would write it in `.env`; absent when there is none, or when it is derived. */
  readonly default?: string;
  /** What the default is derived from, for the documents. */
  readonly derived?: string;
  readonly description: string;
  /** Never printed, and scrubbed from logs. */
  readonly secret?: boolean;
  /** Checked, but nothing in this version reads it yet; a start with it set says so. */
  readonly planned?: boolean;
}

function variable<T extends z.ZodType>(schema: T, about: Omit<Variable<T>, 'schema'>): Variable<T> {
  return { schema, ...about };
}

/** Roles of people; `producer` is for services. */
const consoleRoles = ['viewer', 'operator', 'admin'] as const;
type ConsoleRole = (typeof consoleRoles)[number];

const text = z.string().trim().min(1);
const whole = (min: number, max: number) =>
  z
    .string()
    .regex(/^\d+$/, `must be a whole number from ${min} to ${max}`)
    .transform(Number)
    .refine((value) => value >= min && value <= max, `must be a whole number from ${min} to ${max}`);
const flag = z
  .enum(['true', 'false'], { error: 'must be true or false' })
  .transform((value) => value === 'true');
const httpUrl = z
  .url({ protocol: /^https?$/, error: 'must be an http or https address' })
  .transform((url) => url.replace(/\/+$/, ''));
const adminPassword = z
  .string()
  .min(8, 'must have at least 8 characters')
  .refine(
    (value) => !value.startsWith('scrypt:') || isPasswordHash(value),
    'begins as a hash does, but is none: make one with `millrace password`',
  );
const loopback = /^http:\/\/(?:localhost|127\.0\.0\.1|\[::1\])(?::\d+)?(?:\/|$)/;
/** As the provider calls itself, to the letter: it is compared with what stands in its tokens. */
const oidcIssuer = z
  .url({ protocol: /^https?$/, error: 'must be an https address' })
  .refine(
    (url) => url.startsWith('https:') || loopback.test(url),
    'must be an https address; http is for a provider on this machine',
  );
/** `value=role,...`; a value may have `=` in it. */
const oidcRoles = z.string().transform((list, context): ReadonlyMap<string, ConsoleRole> => {
  const found = new Map<string, ConsoleRole>();
  for (const pair of list.split(',').filter((part) => part.trim() !== '')) {
    const at = pair.lastIndexOf('=');
    const value = pair.slice(0, Math.max(0, at)).trim();
    const role = consoleRoles.find((known) => known === pair.slice(at + 1).trim());
    if (value === '' || role === undefined) {
      const message = `must be pairs of a value and a role (${consoleRoles.join(', ')}), for example "ops=operator,heads=admin"`;
      context.addIssue({ code: 'custom', message });
      return z.NEVER;
    }
    found.set(value, role);
  }
  return found;
});
/** docs.aws.amazon.com/AmazonS3/latest/userguide/bucketnamingrules.html, as far as one name tells. */
const s3Bucket = text.regex(
  /^[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]$/,
  'must be 3 to 63 small letters, digits, dots and hyphens',
);
const rate = z
  .string()
  .regex(/^(0(\.\d+)?|1(\.0+)?)$/, 'must be a number from 0 to 1')
  .transform(Number);

/** As Express takes it (expressjs.com, "Express behind proxies"). `true` is refused: then anybody could claim any address. */
const trustedProxies = z.string().transform((value, context): string | number => {
  if (/^[1-9]$/.test(value)) return Number(value);
  const parts = value.split(',').map((part) => part.trim());
  // The library alone would take `0` and `10.1` for addresses.
  const network = (part: string) => isIP(part.split('/')[0] ?? '') !== 0 && ipaddr.isValidCIDR(part);
  const known = (part: string) =>
    ['loopback', 'linklocal', 'uniquelocal'].includes(part) || isIP(part) !== 0 || network(part);
  if (parts.every(known)) return parts.join(',');
  const message =
    'must be addresses, networks, or loopback, linklocal, uniquelocal, with commas between them; or how many proxies there are';
  context.addIssue({ code: 'custom', message });
  return z.NEVER;
});

const sizes = { K: 1024, M: 1024 ** 2, G: 1024 ** 3 } as const;
const size = z
  .string()
  .regex(/^\d+[KMG]$/, 'must be a size such as 512M or 2G')
  .transform((value) => {
    const unit = value.slice(-1);
    return Number(value.slice(0, -1)) * (unit === 'K' ? sizes.K : unit === 'M' ? sizes.M : sizes.G);
  });

const mailAddresses = z
  .string()
  .transform((value) => value.split(',').map((part) => part.trim()))
  .pipe(z.array(z.email('must be mail addresses with commas between them')).min(1));

/** A process holds about 180 MB when it has just started; with less it would never get to its work. */
const leastMemory = 256 * sizes.M;
const leastMemoryText = 'must be at least 256M: that is what a worker process needs to do anything';

const roles = ['api', 'worker', 'scheduler'] as const;
export type Role = (typeof roles)[number];

const role = z.string().transform((value, context): readonly Role[] => {
  const wanted = value.split(',').map((part) => part.trim());
  if (wanted.includes('all')) return roles;
  const unknown = wanted.filter((part) => !roles.some((known) => known === part));
  if (unknown.length > 0) {
    context.addIssue({
      code: 'custom',
      message: `must be all, or a list of ${roles.join(', ')}`,
    });
  }
  return roles.filter((known) => wanted.includes(known));
});

const timeZone = text.refine((zone) => {
  try {
    new Intl.DateTimeFormat('en', { timeZone: zone });
    return true;
  } catch {
    return false;
  }
}, 'must be an IANA time zone, for example America/New_York');

/** `#`, `/` and `@` in a password end the address early. */
const encoded = 'special characters of a password are percent-encoded';

const redisUrl = text.superRefine((value, context) => {
  if (/^redis\+(sentinel|cluster):/.test(value)) {
    context.addIssue({
      code: 'custom',
      message:
        'Sentinel and Cluster are not supported yet: give one server as redis://host:6379, or rediss:// for TLS',
    });
  } else if (!/^rediss?:\/\/[^\s/]+/.test(value) || !URL.canParse(value)) {
    context.addIssue({
      code: 'custom',
      message: `must be an address such as redis://localhost:6379, or rediss:// for TLS; ${encoded}`,
    });
  }
});

const redisHost = text.refine(
  (host) => /^(\[[0-9A-Fa-f:.]+\]|[^\s/:@?#[\]%]+)$/.test(host) && URL.canParse(`redis://${host}:6379`),
  'must be a host name or an address without a port; an IPv6 address stands in brackets',
);

const postgresUrl = text.refine(
  (value) => /^postgres(ql)?:\/\/\S+$/.test(value) && URL.canParse(value),
  `must be an address such as postgresql://user:password@host:5432/database; ${encoded}`,
);

const smtpUrl = text.refine(
  (value) => /^smtps?:\/\/[^\s/]+/.test(value) && URL.canParse(value) && new URL(value).hostname !== '',
  `must be an address such as smtp://user:password@host:587, or smtps:// for TLS from the start; ${encoded}`,
);

const webhookKey = text.regex(
  /^[A-Za-z0-9+/]{80,}={0,2}$/,
  'must be the verification key that SendGrid shows beside the event webhook, in base64',
);

/** Standard Webhooks, section "Signature scheme": 24 to 64 random bytes. */
const webhookSecret = text.regex(
  /^(whsec_)?[A-Za-z0-9+/]{32,88}={0,2}$/,
  'must be 24 to 64 random bytes in base64, for example from `openssl rand -base64 32`',
);

export const groups = {
  Service: {
    NODE_ENV: variable(z.enum(['development', 'test', 'production']), {
      default: 'development',
      description: 'What the process runs as',
    }),
    SERVICE_NAME: variable(text.max(60), {
      default: 'millrace',
      description: 'Name in logs, metrics and Sentry',
    }),
    ROLE: variable(role, { default: 'all', description: '`all`, or a list of `api,worker,scheduler`' }),
    PORT: variable(whole(0, 65_535), {
      default: '8500',
      description: 'HTTP: API, health, board, `/metrics`; `0` takes a free one',
    }),
    HOST: variable(text, { default: '0.0.0.0', description: 'Address that HTTP listens on' }),
    TRUST_PROXY: variable(trustedProxies, {
      default: 'loopback',
      description:
        'Proxies whose `X-Forwarded-For` and `X-Forwarded-Proto` are believed: addresses, networks, or `loopback`, `linklocal`, `uniquelocal` (private ones, as in a cluster); or how many there are',
    }),
    METRICS_PORT: variable(whole(0, 65_535).optional(), {
      derived: '`9090` in production, else `0`',
      description:
        'A second listener for `/metrics` and `/health` alone, for scrapers; `0` = none. Where another process has the default, this one does without',
    }),
    LOG_LEVEL: variable(z.enum(['fatal', 'error', 'warn', 'info', 'debug', 'trace', 'silent']), {
      default: 'info',
      description: 'pino’s levels',
    }),
    DEBUG_SCORING: variable(flag, {
      default: 'false',
      description: '`true`: story scoring logs inputs’ lengths, scores and tokens',
    }),
    SHUTDOWN_TIMEOUT: variable(whole(0, 3_600_000), {
      default: '30000',
      description: 'ms for running jobs to finish on SIGTERM',
    }),
    MAX_MEMORY_RESTART: variable(
      size.refine((bytes) => bytes >= leastMemory, leastMemoryText),
      {
        default: '2G',
        description:
          'Resident memory of a worker process above which it takes no more jobs, drains and is replaced; at least `256M`',
      },
    ),
    WORKER_PROCESSES: variable(whole(1, 64), {
      default: '1',
      description:
        'Worker processes under the supervisor, each with the concurrency and the pools of one; with `1` this process does the work itself',
    }),
    DATA_DIR: variable(text, {
      default: '.millrace',
      description: 'Embedded database, local storage, outbox',
    }),
  },
  'Queue backend and database': {
    QUEUE_BACKEND: variable(z.enum(['redis', 'postgres', 'embedded']).optional(), {
      derived: '`redis` if Redis is set, else `postgres` if `DATABASE_URL` is, else `embedded`',
      description: 'Where the queues live',
    }),
    REDIS_URL: variable(redisUrl.optional(), { description: 'Redis, `rediss://` for TLS', secret: true }),
    REDIS_HOST: variable(redisHost.optional(), { description: 'Redis, when there is no `REDIS_URL`' }),
    REDIS_PORT: variable(whole(1, 65_535), { default: '6379', description: 'Its port' }),
    REDIS_PASSWORD: variable(text.optional(), {
      description: 'Its password; also used when `REDIS_URL` has none',
      secret: true,
    }),
    DATABASE_URL: variable(postgresUrl.optional(), {
      derived: 'the embedded PostgreSQL',
      description: 'PostgreSQL',
      secret: true,
    }),
    DATABASE_POOL_MAX: variable(whole(2, 500), {
      default: '10',
      description: 'Database connections per process for the application’s own tables',
    }),
  },
  Workers: {
    WORKER_CONCURRENCY: variable(whole(1, 1_000).optional(), {
      derived: '`5`, for `email` `50`',
      description: 'Jobs at once for each queue',
    }),
    CONCURRENCY: variable(whole(1, 1_000), { default: '2', description: 'The `document` queue’s' }),
    WORKER_MAX_ATTEMPTS: variable(whole(1, 100), { default: '3', description: 'Default attempts' }),
    WORKER_BACKOFF_DELAY: variable(whole(0, 3_600_000), {
      default: '2000',
      description: 'First backoff in ms; it doubles: 2 s, 4 s, 8 s',
    }),
    LOCK_DURATION: variable(whole(1_000, 600_000), {
      default: '30000',
      description: 'ms that a worker may be silent before its jobs are given to another',
    }),
  },
  'Job index': {
    JOB_INDEX: variable(z.enum(['on', 'off'], { error: 'must be on or off' }), {
      default: 'on',
      description: 'Keeps a row for each job in the database, for search and for the history of jobs',
    }),
    JOB_HISTORY_DAYS: variable(whole(1, 3_650), {
      default: '30',
      description:
        'How many days that row is kept after the job was added, whether or not its queue remembers it',
    }),
  },
  'Sign-in': {
    JWT_SECRET: variable(z.string().min(32, 'must have at least 32 bytes').optional(), {
      derived: 'required in production; development makes one',
      description: 'HS256 secret for API and admin tokens, at least 32 bytes',
      secret: true,
    }),
    ADMIN_USER: variable(text, { default: 'admin', description: 'Name for the sign-in to `/admin`' }),
    ADMIN_PASSWORD: variable(adminPassword.optional(), {
      derived: 'required in production; development prints a one-time link',
      description: 'Its password, or a hash of it as `millrace password` makes one',
      secret: true,
    }),
    OIDC_ISSUER: variable(oidcIssuer.optional(), {
      description:
        'Identity provider (OpenID Connect) at which people sign in as well; it must know `APP_URL` with `/admin/sign-in/oidc/callback` as redirect URI',
    }),
    OIDC_CLIENT_ID: variable(text.optional(), { description: 'What the provider calls this platform' }),
    OIDC_CLIENT_SECRET: variable(text.optional(), {
      description: 'Its secret there; none for a public client',
      secret: true,
    }),
    OIDC_SCOPES: variable(text, {
      default: 'openid profile email',
      description: 'What is asked of the provider; roles may want a scope of their own',
    }),
    OIDC_ROLE_CLAIM: variable(text, {
      default: 'roles',
      description: 'Claim that holds what somebody may do: its name, or a path such as `realm_access.roles`',
    }),
    OIDC_ROLES: variable(oidcRoles, {
      default: 'viewer=viewer,operator=operator,admin=admin',
      description: 'Which of its values is which role, as `value=role,...`; whoever has none is not let in',
    }),
  },
  Mail: {
    EMAIL_PROVIDER: variable(z.enum(['sendgrid', 'smtp', 'outbox']).optional(), {
      derived: '`sendgrid` if its key is set, else `smtp` if its URL is, else `outbox`',
      description: '`sendgrid`, `smtp`, or `outbox` (writes `.eml` files under `DATA_DIR/outbox`)',
    }),
    EMAIL_FROM: variable(z.email('must be a mail address'), {
      default: 'noreply@medcontracthub.com',
      description: 'Sender',
    }),
    SENDGRID_API_KEY: variable(text.optional(), { description: 'SendGrid', secret: true }),
    SENDGRID_BASE_URL: variable(httpUrl, {
      default: 'https://api.sendgrid.com',
      description: 'SendGrid’s address; the EU has its own',
    }),
    SENDGRID_WEBHOOK_PUBLIC_KEY: variable(webhookKey.optional(), {
      description: 'Verifies the event webhook, `POST /webhooks/sendgrid`, which is closed without it',
    }),
    SMTP_URL: variable(smtpUrl.optional(), {
      description: 'SMTP server, `smtps://` for TLS from the start',
      secret: true,
    }),
    EMAIL_RATE_LIMIT: variable(whole(1, 100_000).optional(), {
      derived: 'none',
      description: 'Mails that all worker processes together hand to the provider in a second',
    }),
    WEBHOOK_SECRET: variable(webhookSecret.optional(), {
      description: 'Signs the webhooks that are sent (Standard Webhooks); without it none can be asked for',
      secret: true,
    }),
    APP_URL: variable(httpUrl.optional(), {
      derived: '`http://localhost:$PORT`',
      description: 'Base of links in mails',
    }),
  },
  'SAM.gov': {
    SAM_GOV_API_KEY: variable(text.optional(), {
      description: 'SAM.gov; without a key, development syncs from a sandbox',
      secret: true,
    }),
    SAM_GOV_BASE_URL: variable(httpUrl, { default: 'https://api.sam.gov', description: 'Its address' }),
    SAM_GOV_DAILY_LIMIT: variable(whole(1, 1_000_000), {
      default: '1000',
      description: 'Requests a day the key may make; the sync stops before it and goes on the next day',
    }),
  },
  OpenAI: {
    OPENAI_API_KEY: variable(text.optional(), {
      description: 'Without a key AI steps are skipped and say so',
      secret: true,
    }),
    OPENAI_BASE_URL: variable(httpUrl, { default: 'https://api.openai.com/v1', description: 'Its address' }),
    OPENAI_MODEL: variable(text, { default: 'gpt-5-mini', description: 'Model for story scoring' }),
    OPENAI_DAILY_TOKEN_LIMIT: variable(whole(1, 1_000_000_000_000).optional(), {
      derived: 'none',
      description:
        'Tokens a day (UTC) that all processes together may use; jobs then wait for the next day, at no cost of an attempt',
    }),
    OPENAI_PRICES: variable(modelPrices.optional(), {
      derived: 'the table in `config/model-prices.ts`',
      description:
        'Over that table, for `worker_ai_cost_dollars_total`: `model=input/output,...` in dollars for a million tokens, or `model=input/cached/output`',
    }),
  },
  'Being told': {
    SENTRY_DSN: variable(z.url('must be an address').optional(), {
      description: 'Sentry; off without',
      secret: true,
    }),
    SENTRY_ENVIRONMENT: variable(text.optional(), {
      derived: '`NODE_ENV`',
      description: 'Environment in Sentry',
    }),
    SENTRY_TRACES_SAMPLE_RATE: variable(rate, { default: '0', description: 'Share of traces sent, 0 to 1' }),
    ALERT_WEBHOOK_URL: variable(httpUrl.optional(), {
      description:
        'Gets a notice as JSON when dead letters arrive, a schedule is missed, a queue has no worker or its oldest job waits too long, and when that is over',
      secret: true,
    }),
    ALERT_EMAIL: variable(mailAddresses.optional(), {
      description: 'Gets the same by mail: one address or several, with commas',
    }),
    OTEL_EXPORTER_OTLP_ENDPOINT: variable(httpUrl.optional(), {
      description: 'Traces and metrics to a collector, by OTLP over HTTP: `http://localhost:4318`',
    }),
  },
  'Conversions and documents': {
    GATEWAY_URL: variable(httpUrl.optional(), {
      derived: 'the built-in converter',
      description: 'PDF-to-XML gateway',
    }),
    GATEWAY_TIMEOUT: variable(whole(1, 3_600_000), {
      default: '180000',
      description: 'ms that it may take',
    }),
    WORKER_ID: variable(text.optional(), {
      derived: 'host and pid',
      description: 'Name of this worker in leases',
    }),
    POLL_INTERVAL: variable(whole(100, 3_600_000), {
      default: '5000',
      description: 'ms between looks for queued conversions',
    }),
    LEASE_TTL_MINUTES: variable(whole(1, 1_440), {
      default: '5',
      description: 'How long a conversion is leased',
    }),
    CHROMIUM_PATH: variable(text.optional(), {
      derived: 'the system’s, else the one from npm',
      description: 'Browser for HTML to PDF, Chromium 131 or later; `none` draws without one',
    }),
  },
  Storage: {
    AWS_ENABLED: variable(flag, {
      default: 'false',
      description: 'S3 storage; bucket and keys are then required',
    }),
    AWS_REGION: variable(text, { default: 'us-east-1', description: 'Its region' }),
    AWS_S3_BUCKET: variable(s3Bucket.optional(), { description: 'Its bucket' }),
    AWS_ACCESS_KEY: variable(text.optional(), { description: 'Access key', secret: true }),
    AWS_SECRET_KEY: variable(text.optional(), { description: 'Secret key', secret: true }),
    AWS_S3_ENDPOINT: variable(httpUrl.optional(), {
      description: 'Another service that speaks S3; links lead there too',
    }),
    SUPABASE_URL: variable(httpUrl.optional(), {
      description:
        'Supabase project: the application’s tables through its API, and files in its Storage when S3 is off',
    }),
    SUPABASE_SERVICE_ROLE_KEY: variable(text.optional(), {
      description: 'Its service role key',
      secret: true,
    }),
    STORAGE_BUCKET: variable(text, {
      default: 'documents',
      description: 'Supabase Storage bucket',
    }),
  },
  Events: {
    KAFKA_BROKERS: variable(text.optional(), { description: 'Event intake', planned: true }),
    KAFKA_CLIENT_ID: variable(text, {
      default: 'worker-service',
      description: 'Our name there',
      planned: true,
    }),
    KAFKA_GROUP_ID: variable(text, {
      default: 'worker-service-group',
      description: 'Consumer group',
      planned: true,
    }),
    KAFKA_TOPICS: variable(text.optional(), { description: '`topic=queue/job,...`', planned: true }),
  },
  Schedules: {
    SCHEDULE_TIMEZONE: variable(timeZone, { default: 'UTC', description: 'Zone of the cron table' }),
  },
} as const satisfies Record<string, Record<string, Variable>>;

type Groups = typeof groups;
type Flatten<G> = G extends Record<string, infer V> ? V : never;
type UnionToIntersection<U> = (U extends unknown ? (x: U) => void : never) extends (x: infer I) => void
  ? I
  : never;

/** All variables in one record, as the parser reads them. */
export type Variables = UnionToIntersection<Flatten<{ [G in keyof Groups]: Groups[G] }>>;

export type Values = {
  readonly [K in keyof Variables]: Variables[K] extends Variable<infer T> ? z.output<T> : never;
};
