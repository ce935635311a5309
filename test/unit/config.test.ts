import { spawnSync } from 'node:child_process';
import { mkdir, mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { describe, expect, test } from 'vitest';
import { type Environment, loadConfig, plannedSettings, secretsOf } from '../../config/index.ts';
import { groups, type Variable } from '../../config/schema.ts';
import { createPasswordCheck, hashPassword } from '../../src/access/passwords.ts';
import { ConfigError, type Fault } from '../../src/errors/catalogue.ts';
import { createRedactor } from '../../src/observability/redaction.ts';

const variables = Object.values(groups).flatMap((group): [string, Variable][] => Object.entries(group));
const secretNames = variables.filter(([, { secret }]) => secret === true).map(([name]) => name);

function faultsOf(environment: Environment): readonly Fault[] {
  try {
    loadConfig(environment);
  } catch (error) {
    if (error instanceof ConfigError) return error.details ?? [];
    throw error;
  }
  return [];
}

const pathsOf = (environment: Environment) => faultsOf(environment).map((fault) => fault.path);

describe('the configuration', () => {
  test('of an empty environment is that of a newcomer: everything embedded, on its own port', () => {
    expect(loadConfig({})).toMatchObject({
      environment: 'development',
      production: false,
      serviceName: 'millrace',
      roles: ['api', 'worker', 'scheduler'],
      logLevel: 'info',
      debugScoring: false,
      shutdownTimeoutMs: 30_000,
      http: { port: 8_500, host: '0.0.0.0', metricsPort: 0, appUrl: 'http://localhost:8500' },
      backend: { kind: 'embedded', redisUrl: undefined },
      database: { url: undefined, poolMax: 10 },
      worker: {
        concurrency: { email: 50, document: 2, sync: 5, 'story-enhancement': 5 },
        maxAttempts: 3,
        backoffMs: 2_000,
      },
      mail: { provider: 'outbox', from: 'noreply@medcontracthub.com' },
      samGov: { apiKey: undefined, baseUrl: 'https://api.sam.gov', dailyLimit: 1_000 },
      sentry: { dsn: undefined, environment: 'development', tracesSampleRate: 0 },
      scheduleTimeZone: 'UTC',
    });
  });

  test('reads every variable as its type', () => {
    const config = loadConfig({
      NODE_ENV: 'production',
      SERVICE_NAME: 'worker-service',
      ROLE: 'worker, scheduler',
      PORT: '80',
      METRICS_PORT: '0',
      LOG_LEVEL: 'debug',
      DEBUG_SCORING: 'true',
      SHUTDOWN_TIMEOUT: '500',
      DATA_DIR: '/var/millrace',
      REDIS_URL: 'rediss://cache.example.com:6380',
      DATABASE_URL: 'postgresql://app:pw@db.example.com:5432/millrace',
      DATABASE_POOL_MAX: '20',
      WORKER_CONCURRENCY: '7',
      CONCURRENCY: '3',
      QUEUE_STORY_ENHANCEMENT_CONCURRENCY: '11',
      JWT_SECRET: 'x'.repeat(32),
      SENDGRID_API_KEY: 'SG.key',
      SENTRY_TRACES_SAMPLE_RATE: '0.25',
      APP_URL: 'https://app.example.com/',
      SCHEDULE_TIMEZONE: 'America/New_York',
    });
    expect(config).toMatchObject({
      production: true,
      roles: ['worker', 'scheduler'],
      debugScoring: true,
      shutdownTimeoutMs: 500,
      dataDir: '/var/millrace',
      http: { port: 80, metricsPort: 0, appUrl: 'https://app.example.com' },
      backend: { kind: 'redis', redisUrl: 'rediss://cache.example.com:6380' },
      database: { poolMax: 20 },
      worker: { concurrency: { email: 7, document: 3, sync: 7, 'story-enhancement': 11 } },
      mail: { provider: 'sendgrid' },
      sentry: { environment: 'production', tracesSampleRate: 0.25 },
      scheduleTimeZone: 'America/New_York',
    });
  });

  test('gives every variable a default that fits its own schema, or none', () => {
    for (const [name, { schema, default: preset }] of variables)
      expect(schema.safeParse(preset).success, name).toBe(true);
  });

  test('takes an empty or blank value of any variable as not set', () => {
    const blank = Object.fromEntries(variables.map(([name], index) => [name, index % 2 === 0 ? '' : '  ']));
    const { instance: _, ...config } = loadConfig({ ...blank, QUEUE_EMAIL_CONCURRENCY: '' });
    const { instance: _same, ...unset } = loadConfig({});
    expect(config).toEqual(unset);
    expect(plannedSettings(blank)).toEqual([]);
    expect(secretsOf(blank)).toEqual([]);
  });

  test('ignores variables that it does not know', () => {
    expect(pathsOf({ HOME: '/root', QUEUE_DEPTH: 'deep', npm_config_x: '1' })).toEqual([]);
  });

  test('tells all faults at once, those between variables too', () => {
    const environment = {
      NODE_ENV: 'production',
      PORT: '99999',
      LOG_LEVEL: 'loud',
      ROLE: 'api,cook',
      DEBUG_SCORING: 'yes',
      SENTRY_TRACES_SAMPLE_RATE: '2',
      SCHEDULE_TIMEZONE: 'Mars/Olympus',
      APP_URL: 'ftp://example.com',
      EMAIL_FROM: 'nobody',
      MAX_MEMORY_RESTART: '2 gigabytes',
      QUEUE_BACKEND: 'postgres',
      QUEUE_EMAIL_CONCURRENCY: '0',
      AWS_ENABLED: 'true',
    };
    const faults = faultsOf(environment);
    expect(faults.map((fault) => fault.path).sort()).toEqual(
      [
        ...['PORT', 'LOG_LEVEL', 'ROLE', 'DEBUG_SCORING', 'SENTRY_TRACES_SAMPLE_RATE', 'SCHEDULE_TIMEZONE'],
        ...['APP_URL', 'EMAIL_FROM', 'MAX_MEMORY_RESTART', 'QUEUE_EMAIL_CONCURRENCY', 'JWT_SECRET'],
        ...['DATABASE_URL', 'AWS_S3_BUCKET', 'AWS_ACCESS_KEY', 'AWS_SECRET_KEY'],
      ].sort(),
    );
    const message = new ConfigError(faults).message;
    expect(message).toContain('15 fault(s)');
    expect(message).toContain('PORT: must be a whole number from 0 to 65535; got "99999"');
    expect(message).toContain('QUEUE_EMAIL_CONCURRENCY: must be a whole number from 1 to 999; got "0"');
  });

  test('tells of a wrong value once, not also that it is missing', () => {
    const faults = faultsOf({ NODE_ENV: 'production', ROLE: 'worker', JWT_SECRET: 'short' });
    expect(faults).toEqual([
      { path: 'JWT_SECRET', message: 'must have at least 32 bytes; got a value that is kept secret' },
    ]);
    expect(pathsOf({ QUEUE_BACKEND: 'redis', REDIS_URL: 'http://cache' })).toEqual(['REDIS_URL']);
  });

  test('believes the proxies that it is told of, and never just anybody', () => {
    const trusted = (value: string) => loadConfig({ TRUST_PROXY: value }).http.trustProxy;
    expect(trusted('')).toBe('loopback');
    expect(trusted('2')).toBe(2);
    expect(trusted('loopback, uniquelocal,10.0.0.0/8,2001:db8::1')).toBe(
      'loopback,uniquelocal,10.0.0.0/8,2001:db8::1',
    );
    for (const wrong of ['true', '0', '*', 'private', '10.0.0.0/33', 'loopback,'])
      expect(pathsOf({ TRUST_PROXY: wrong }), wrong).toEqual(['TRUST_PROXY']);
  });

  test('reads which value of a claim is which role', () => {
    const environment = { OIDC_ISSUER: 'https://id.example.com/', OIDC_CLIENT_ID: 'millrace' };
    expect(loadConfig(environment).auth.oidc).toMatchObject({
      issuer: 'https://id.example.com/',
      roleClaim: 'roles',
    });
    const { auth } = loadConfig({ ...environment, OIDC_ROLES: ' cn=ops=operator , heads = admin,' });
    expect([...(auth.oidc?.roles ?? [])]).toEqual([
      ['cn=ops', 'operator'],
      ['heads', 'admin'],
    ]);
    expect(loadConfig({}).auth.oidc).toBeUndefined();
  });

  test.each<[string, Environment, string[]]>([
    ['production needs secrets', { NODE_ENV: 'production' }, ['JWT_SECRET', 'ADMIN_PASSWORD']],
    ['no board, no password', { NODE_ENV: 'production', ROLE: 'worker' }, ['JWT_SECRET']],
    ['a provider needs a name for us', { OIDC_ISSUER: 'https://id.example.com/t' }, ['OIDC_CLIENT_ID']],
    ['a name for us at no provider', { OIDC_CLIENT_ID: 'millrace' }, ['OIDC_ISSUER']],
    [
      'a provider without TLS',
      { OIDC_ISSUER: 'http://id.example.com', OIDC_CLIENT_ID: 'millrace' },
      ['OIDC_ISSUER'],
    ],
    ['a provider on this machine', { OIDC_ISSUER: 'http://localhost:9000/t', OIDC_CLIENT_ID: 'm' }, []],
    ['a role that there is not', { OIDC_ROLES: 'heads=root' }, ['OIDC_ROLES']],
    ['a role of services', { OIDC_ROLES: 'shop=producer' }, ['OIDC_ROLES']],
    ['a role without a value', { OIDC_ROLES: 'admin' }, ['OIDC_ROLES']],
    ['redis needs an address', { QUEUE_BACKEND: 'redis' }, ['REDIS_URL']],
    ['redis by host is an address', { QUEUE_BACKEND: 'redis', REDIS_HOST: 'cache' }, []],
    ['postgres needs an address', { QUEUE_BACKEND: 'postgres' }, ['DATABASE_URL']],
    [
      'embedded beside an address',
      { QUEUE_BACKEND: 'embedded', DATABASE_URL: 'postgres://db/x' },
      ['QUEUE_BACKEND'],
    ],
    ['smtp without its address', { EMAIL_PROVIDER: 'smtp' }, ['SMTP_URL']],
    ['an address that is not of SMTP', { SMTP_URL: 'https://mail.example.com' }, ['SMTP_URL']],
    [
      'a webhook key that is none',
      { SENDGRID_WEBHOOK_PUBLIC_KEY: 'secret' },
      ['SENDGRID_WEBHOOK_PUBLIC_KEY'],
    ],
    ['sendgrid needs its key', { EMAIL_PROVIDER: 'sendgrid' }, ['SENDGRID_API_KEY']],
    ['sentinel comes later', { REDIS_URL: 'redis+sentinel://a,b/name' }, ['REDIS_URL']],
    ['cluster comes later', { REDIS_URL: 'redis+cluster://a,b' }, ['REDIS_URL']],
    [
      's3 needs its keys',
      { AWS_ENABLED: 'true', AWS_S3_BUCKET: 'files', AWS_ACCESS_KEY: 'k' },
      ['AWS_SECRET_KEY'],
    ],
    [
      'a bucket whose name S3 does not allow',
      { AWS_ENABLED: 'true', AWS_S3_BUCKET: 'My_Files', AWS_ACCESS_KEY: 'k', AWS_SECRET_KEY: 's' },
      ['AWS_S3_BUCKET'],
    ],
    ['supabase needs its key', { SUPABASE_URL: 'https://abc.supabase.co' }, ['SUPABASE_SERVICE_ROLE_KEY']],
    ['an unencoded password', { DATABASE_URL: 'postgres://app:p#w@db/x' }, ['DATABASE_URL']],
    ['a host with a port', { REDIS_HOST: 'cache:6379' }, ['REDIS_HOST']],
    ['a host that is none', { REDIS_HOST: 'my cache', REDIS_PASSWORD: 'secret' }, ['REDIS_HOST']],
  ])('%s', (_what, environment, paths) => {
    expect(pathsOf(environment)).toEqual(paths);
  });

  test('keeps files in S3 when it is enabled, else in Supabase when it is set, else here', () => {
    const s3 = {
      AWS_ENABLED: 'true',
      AWS_S3_BUCKET: 'files',
      AWS_ACCESS_KEY: 'k',
      AWS_SECRET_KEY: 's',
      AWS_S3_ENDPOINT: 'http://minio:9000/',
    };
    const supabase = { SUPABASE_URL: 'https://abc.supabase.co/', SUPABASE_SERVICE_ROLE_KEY: 'r' };
    expect(loadConfig({ ...s3, ...supabase }).storage).toEqual({
      provider: 's3',
      region: 'us-east-1',
      bucket: 'files',
      accessKeyId: 'k',
      secretAccessKey: 's',
      endpoint: 'http://minio:9000',
    });
    expect(loadConfig({ ...s3, ...supabase, AWS_ENABLED: 'false' }).storage).toEqual({
      provider: 'supabase',
      url: 'https://abc.supabase.co',
      serviceRoleKey: 'r',
      bucket: 'documents',
    });
    expect(loadConfig({}).storage).toEqual({ provider: 'local' });
  });

  test('says that Sentinel and Cluster are not there yet', () => {
    expect(faultsOf({ REDIS_URL: 'redis+sentinel://a,b/name' })[0]?.message).toContain('not supported yet');
  });

  test('names the nearest variable for a queue that is not there', () => {
    expect(faultsOf({ QUEUE_EMIAL_CONCURRENCY: '3' })).toEqual([
      {
        path: 'QUEUE_EMIAL_CONCURRENCY',
        message: 'names no queue; did you mean QUEUE_EMAIL_CONCURRENCY?',
      },
    ]);
  });

  test('chooses the backend by what is set', () => {
    const kindOf = (environment: Environment) => loadConfig(environment).backend.kind;
    const database = { DATABASE_URL: 'postgres://db/x' };
    expect(kindOf({})).toBe('embedded');
    expect(kindOf(database)).toBe('postgres');
    expect(kindOf({ ...database, REDIS_URL: 'redis://cache' })).toBe('redis');
    expect(kindOf({ REDIS_HOST: 'cache' })).toBe('redis');
    expect(kindOf({ ...database, REDIS_URL: 'redis://cache', QUEUE_BACKEND: 'postgres' })).toBe('postgres');
  });

  test('gives scrapers a listener of their own in production', () => {
    const production = { NODE_ENV: 'production', ROLE: 'worker', JWT_SECRET: 'x'.repeat(32) };
    expect(loadConfig(production).http.metricsPort).toBe(9_090);
    expect(loadConfig({ ...production, METRICS_PORT: '0' }).http.metricsPort).toBe(0);
  });

  test('is frozen, all the way down', () => {
    const config = loadConfig({});
    const frozen = (value: unknown): boolean =>
      typeof value !== 'object' ||
      value === null ||
      (Object.isFrozen(value) && Object.values(value).every((inner) => frozen(inner)));
    expect(frozen(config)).toBe(true);
    expect(() => Object.assign(config.http, { port: 1 })).toThrow(TypeError);
  });

  test('names the variables that are set for a later version', () => {
    expect(plannedSettings({ KAFKA_BROKERS: 'localhost:9092', PORT: '1' })).toEqual(['KAFKA_BROKERS']);
  });
});

describe('the address of Redis', () => {
  const seenByDriver = (environment: Environment) => {
    const { redisUrl } = loadConfig(environment).backend;
    const client = new Redis(redisUrl ?? '', { lazyConnect: true });
    client.disconnect();
    return client.options;
  };

  test('is put together from its parts', () => {
    expect(loadConfig({ REDIS_HOST: 'cache' }).backend.redisUrl).toBe('redis://cache:6379');
    expect(seenByDriver({ REDIS_HOST: 'cache', REDIS_PORT: '7000', REDIS_PASSWORD: 'pw' })).toMatchObject({
      host: 'cache',
      port: 7_000,
      password: 'pw',
    });
    expect(seenByDriver({ REDIS_HOST: '[::1]' })).toMatchObject({ host: '::1', port: 6_379 });
  });

  test('takes the password of REDIS_PASSWORD only where it has none', () => {
    const withOwn = { REDIS_URL: 'redis://:own@cache:6379', REDIS_PASSWORD: 'other' };
    expect(seenByDriver(withOwn).password).toBe('own');
    expect(seenByDriver({ REDIS_URL: 'redis://cache:6379', REDIS_PASSWORD: 'other' }).password).toBe('other');
  });

  test('brings any password to the driver as it was set', () => {
    fc.assert(
      fc.property(password(), (secret) => {
        expect(seenByDriver({ REDIS_HOST: 'cache', REDIS_PASSWORD: secret }).password).toBe(secret);
      }),
    );
  });
});

/** Text without spaces at its ends, which no variable keeps. */
function password() {
  return fc
    .string({ unit: 'grapheme', minLength: 1, maxLength: 30 })
    .filter((text) => text.trim() === text && text.isWellFormed());
}

describe('secrets', () => {
  test('of a wrong shape never show in what is said', () => {
    const wrong = fc.stringMatching(/^[a-zA-Z0-9:/@%#?_-]{7,60}$/).filter((value) => /\d/.test(value));
    fc.assert(
      fc.property(fc.constantFrom(...secretNames), wrong, (name, value) => {
        // A fault elsewhere makes sure that there is always a message to look into.
        const environment = { [name]: value, NODE_ENV: 'production', PORT: 'none' };
        const message = new ConfigError(faultsOf(environment)).message;
        expect(message).toContain('PORT');
        expect(message).not.toContain(value);
      }),
      { numRuns: 2_000 },
    );
  });

  test('are all that would let somebody in', () => {
    expect(secretNames).toEqual(
      expect.arrayContaining([
        ...['REDIS_URL', 'REDIS_PASSWORD', 'DATABASE_URL', 'JWT_SECRET', 'ADMIN_PASSWORD', 'SMTP_URL'],
        ...['OIDC_CLIENT_SECRET'],
        ...['SENDGRID_API_KEY', 'SAM_GOV_API_KEY', 'OPENAI_API_KEY', 'SENTRY_DSN'],
        ...['AWS_ACCESS_KEY', 'AWS_SECRET_KEY', 'SUPABASE_SERVICE_ROLE_KEY'],
      ]),
    );
    const keys = variables.map(([name]) => name).filter((name) => /KEY|SECRET|PASSWORD|TOKEN/.test(name));
    expect(keys.filter((name) => !secretNames.includes(name))).toEqual([
      'SENDGRID_WEBHOOK_PUBLIC_KEY',
      'OPENAI_DAILY_TOKEN_LIMIT',
    ]);
  });

  test('are redacted with and without the address that they stand in, and without the blanks around', () => {
    const redact = createRedactor(
      secretsOf({ DATABASE_URL: 'postgres://app:p%40ssw0rd@db/x', OPENAI_API_KEY: ' key-in-blanks\n' }),
    );
    expect(redact('role app, password p@ssw0rd, or p%40ssw0rd; key-in-blanks')).toBe(
      'role app, password [redacted], or [redacted]; [redacted]',
    );
  });
});

test('the lint rule lets nobody but config read the environment', async () => {
  const root = join(import.meta.dirname, '../..');
  const folder = await mkdtemp(join(tmpdir(), 'millrace-lint-'));
  try {
    const rules: unknown = JSON.parse(await readFile(join(root, 'biome.json'), 'utf8'));
    // Outside the repository there is no .gitignore to heed.
    const copy = { ...(typeof rules === 'object' ? rules : {}), vcs: { enabled: false } };
    await writeFile(join(folder, 'biome.json'), JSON.stringify(copy));
    for (const path of ['src/http', 'processors/email', 'config']) {
      await mkdir(join(folder, path), { recursive: true });
      await writeFile(join(folder, path, 'port.ts'), 'export const port = process.env.PORT;\n');
    }
    const options = ['lint', '--reporter=github', '.'];
    const { stdout } = spawnSync(join(root, 'node_modules/.bin/biome'), options, {
      cwd: folder,
      encoding: 'utf8',
    });
    const told = [...stdout.matchAll(/^::error title=lint\/style\/noProcessEnv,file=(?<path>[^,]+),/gm)];
    const paths = told.map((match) => relative(folder, match.groups?.path ?? ''));
    expect(paths.sort()).toEqual(['processors/email/port.ts', 'src/http/port.ts']);
  } finally {
    await rm(folder, { recursive: true });
  }
});

describe('the password of the admin', () => {
  const password = 'correct horse battery staple';

  test('is in the configuration as a hash alone, where the API runs, and else not at all', async () => {
    const config = loadConfig({ ADMIN_PASSWORD: password });
    expect(JSON.stringify(config)).not.toContain(password);
    const check = createPasswordCheck('admin', config.auth.adminPasswordHash ?? '');
    expect(await check('admin', password)).toBe(true);
    expect(await check('admin', `${password} `)).toBe(false);
    expect(loadConfig({ ADMIN_PASSWORD: password, ROLE: 'worker' }).auth.adminPasswordHash).toBeUndefined();
  });

  test('may be given as a hash, which is taken as it is', () => {
    const hash = hashPassword(password);
    expect(loadConfig({ ADMIN_PASSWORD: hash }).auth.adminPasswordHash).toBe(hash);
    expect(pathsOf({ ADMIN_PASSWORD: hash.slice(0, -1) })).toEqual(['ADMIN_PASSWORD']);
  });
});
