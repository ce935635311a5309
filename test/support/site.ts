import { join } from 'node:path';
import pg from 'pg';
import { inject } from 'vitest';
import { schedules } from '../../config/schedules.ts';
import { mailPreviews } from '../../processors/email/previews.ts';
import { ScheduleControl } from '../../schedulers/control.ts';
import { hashPassword } from '../../src/access/passwords.ts';
import { openBackend } from '../../src/backend/index.ts';
import { createHttpService, type HttpOptions, type HttpService, type Role } from '../../src/http/index.ts';
import { createBuiltInConverter } from '../../src/integrations/conversion-gateway/built-in/converter.ts';
import type { AuditFilter, AuditRecord, JobCancellations } from '../../src/integrations/database/port.ts';
import { createOutboxReader } from '../../src/integrations/mail/outbox-reader.ts';
import { createLocalStorage } from '../../src/integrations/storage/local.ts';
import type { Storage } from '../../src/integrations/storage/port.ts';
import { JobSearch } from '../../src/job-index/search.ts';
import { createLoop } from '../../src/lifecycle/loop.ts';
import type { Service } from '../../src/lifecycle/service.ts';
import { createCancellationDuty } from '../../src/maintenance/heed-cancellations.ts';
import { createWorkOff } from '../../src/maintenance/work-off-dead-letters.ts';
import { createLogger } from '../../src/observability/logger.ts';
import { createRedactor } from '../../src/observability/redaction.ts';
import { DeadLetterControl } from '../../src/queue/dead-letter-control.ts';
import { JobControl } from '../../src/queue/job-control.ts';
import { QueueControl } from '../../src/queue/queue-control.ts';
import { scoreStory } from '../../src/scoring/index.ts';
import { openPlatform, type Platform, type TestProcessors, until } from './platform.ts';
import { createWorld, type World } from './world.ts';

export const jwtSecret = 'a-secret-of-the-tests-with-more-than-32-bytes';
export const adminPassword = 'correct horse battery staple';

export interface Answer {
  readonly status: number;
  readonly headers: Headers;
  readonly text: string;
  /** The body as JSON, `undefined` if it is none. */
  readonly json: unknown;
}

export interface Ask {
  readonly token?: string;
  readonly body?: unknown;
  readonly headers?: Readonly<Record<string, string>>;
}

/** The HTTP service over a world's PostgreSQL, with everything behind it real. */
export interface Site {
  readonly world: World;
  readonly platform: Platform;
  readonly deadLetters: DeadLetterControl;
  readonly storage: Storage;
  readonly service: HttpService;
  /** A second process's worth of HTTP over the same platform; stops with the site. */
  openSecond(): Promise<HttpService>;
  /** @param subject whose; the role's own name when absent. */
  token(role: Role, subject?: string): Promise<string>;
  /** Asks as nobody in particular, or with a token; never follows redirects. */
  ask(method: string, path: string, request?: Ask): Promise<Answer>;
  /** Starts the duty of a worker process that replays and discards many dead letters; stop it before the site. */
  workOff(): Promise<Service>;
  /**
   * What the audit log holds of it, the newest first, at most a hundred; waits for the outcome of each, since outcomes are
   * written beside the answer.
   */
  audited(filter: AuditFilter): Promise<readonly AuditRecord[]>;
  close(): Promise<void>;
}

export async function openSite(
  options: Partial<HttpOptions> & { readonly processors?: TestProcessors } = {},
): Promise<Site> {
  const { processors, ...overrides } = options;
  const world = await createWorld();
  const backend = await openBackend({
    kind: 'postgres',
    redisUrl: undefined,
    databaseUrl: world.databaseUrl,
    workers: 8,
  });
  const platform = await openPlatform({
    backend,
    database: world.database,
    ...(processors === undefined ? {} : { processors }),
  });
  const deadLetters = new DeadLetterControl({
    queues: platform.queues,
    letters: platform.deadLetters,
    records: world.database.deadLetters,
  });
  const cancellations = world.database.jobCancellations;
  const jobs = new JobControl({
    queues: platform.queues,
    cancellations,
    events: platform.events,
    deadLetters,
  });
  const heeding = heedCancellations(platform, jobs, cancellations);
  const storage = createLocalStorage({ dir: world.dataDir });
  const queueControl = new QueueControl({ queues: platform.queues, activity: world.database.activity });
  const httpOptions: HttpOptions = {
    host: '127.0.0.1',
    port: 0,
    metricsPort: 0,
    production: false,
    appUrl: 'http://millrace.example',
    jwtSecret,
    adminUser: 'admin',
    adminPasswordHash: hashPassword(adminPassword),
    queues: platform.queues,
    jobs,
    queueControl,
    jobSearch: new JobSearch(world.database.jobIndex),
    deadLetters,
    console: {
      queueControl,
      lists: world.database.lists,
      documents: world.database.documents,
      conversions: world.database.conversions,
      cerReports: world.database.cerReports,
      storage,
      openMail: createOutboxReader(join(world.dataDir, 'outbox')),
      mailPreviews: mailPreviews('http://millrace.example'),
    },
    schedules: new ScheduleControl({
      schedules,
      timeZone: 'UTC',
      queues: platform.queues,
      ticks: world.database.ticks,
      records: world.database.schedules,
    }),
    database: world.database,
    storage,
    llm: undefined,
    converter: createBuiltInConverter({ folders: [join(import.meta.dirname, '../../mappings')] }),
    scoreStory,
    signsWebhooks: false,
    sendGridWebhookKey: undefined,
    metrics: undefined,
    health: {},
    ready: () => true,
    // What a 500 hides from its caller is to be seen of a test that fails by one.
    log: createLogger({ level: 'error', serviceName: 'test', readable: false, redact: (text) => text }),
    redact: createRedactor([jwtSecret, adminPassword]),
    ...overrides,
  };
  const service = createHttpService(httpOptions);
  const further: HttpService[] = [];
  const close = async () => {
    await heeding.stop();
    await Promise.all([service, ...further].map((each) => each.stop()));
    await platform.close();
    await world.close();
  };
  await heeding.start();
  await service.start().catch(async (error: unknown) => {
    await close();
    throw error;
  });
  return {
    world,
    platform,
    deadLetters,
    storage,
    service,
    async openSecond() {
      const second = createHttpService(httpOptions);
      further.push(second);
      await second.start();
      return second;
    },
    token: (role, subject) => service.issueToken(role, 1, subject),
    ask: (method, path, request) => ask(`${service.url}${path}`, method, request),
    async workOff() {
      const duty = createWorkOff({
        operations: world.database.deadLetters.operations,
        control: deadLetters,
        owner: 'test',
        intervalMs: 50,
        onError: () => undefined,
      });
      await duty.start();
      return duty;
    },
    async audited(filter) {
      let found: readonly AuditRecord[] = [];
      await until('every outcome is in the audit log', async () => {
        found = await world.database.audit.list(filter, 100);
        return found.every(({ outcome }) => outcome !== undefined);
      });
      return found;
    },
    close,
  };
}

/** The duty of a worker process, for the workers of a test. */
function heedCancellations(platform: Platform, jobs: JobControl, cancellations: JobCancellations): Service {
  const [workers] = platform.runtimes;
  return createLoop({
    name: 'cancellations',
    intervalMs: 50,
    runOnce: createCancellationDuty({
      cancellations,
      active: () => workers?.active() ?? new Map(),
      cancel: (job) => workers?.cancel(job) ?? false,
      settle: (job) => jobs.settle(job),
    }),
    onError: () => undefined,
  });
}

export async function ask(url: string, method: string, { token, body, headers }: Ask = {}): Promise<Answer> {
  const response = await fetch(url, {
    method,
    redirect: 'manual',
    headers: {
      ...(token === undefined ? {} : { Authorization: `Bearer ${token}` }),
      ...(body === undefined || body instanceof URLSearchParams
        ? {}
        : { 'Content-Type': 'application/json' }),
      ...headers,
    },
    ...(body === undefined
      ? {}
      : { body: typeof body === 'string' || body instanceof URLSearchParams ? body : JSON.stringify(body) }),
  });
  const text = await response.text();
  return { status: response.status, headers: response.headers, text, json: parseOrNothing(text) };
}

function parseOrNothing(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Looks a value up in an answer, such as `data.job.id`. */
export function at(value: unknown, path: string): unknown {
  let current = value;
  for (const key of path.split('.')) {
    if (typeof current !== 'object' || current === null) return undefined;
    current = Object.entries(current).find(([name]) => name === key)?.[1];
  }
  return current;
}

export function textAt(value: unknown, path: string): string {
  const found = at(value, path);
  if (typeof found !== 'string') throw new Error(`${path} is no text: ${JSON.stringify(found)}`);
  return found;
}

/** A job that every platform knows. */
export const reminder = {
  type: 'opportunity-reminder',
  data: {
    userId: 'user-123',
    email: 'ada@example.com',
    opportunities: [
      {
        noticeId: 'n-1',
        title: 'Road works',
        agency: 'Department of Roads',
        deadline: '2026-12-01',
        url: 'https://sam.gov/opp/n-1',
      },
    ],
  },
};

/**
 * Takes the queues' store away, as when its server is down, while the application's tables stay reachable through the
 * connections that are open. Resolves with what brings it back.
 */
export async function takeQueuesAway({ world }: Site): Promise<() => Promise<void>> {
  await world.database.ping();
  const admin = new pg.Client({ connectionString: inject('postgresUrl') });
  await admin.connect();
  await admin.query(`alter database ${world.name} with allow_connections false`);
  await admin.query(
    `select pg_terminate_backend(pid, 5000) from pg_stat_activity
     where datname = $1 and application_name = 'millrace-queues'`,
    [world.name],
  );
  return async () => {
    await admin.query(`alter database ${world.name} with allow_connections true`);
    await admin.end();
  };
}
