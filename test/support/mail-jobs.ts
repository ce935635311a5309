import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, expect } from 'vitest';
import { sendReminder } from '../../processors/email/send-reminder.ts';
import type { ParsedPayload, Result } from '../../queues/index.ts';
import { createMailLinks } from '../../src/http/mail-links.ts';
import type { Database } from '../../src/integrations/database/port.ts';
import { createOutbox } from '../../src/integrations/mail/outbox.ts';
import type { MailProvider } from '../../src/integrations/mail/port.ts';
import { createSendGrid } from '../../src/integrations/mail/sendgrid.ts';
import { createLocalStorage } from '../../src/integrations/storage/local.ts';
import type { Storage } from '../../src/integrations/storage/port.ts';
import { type EventMap, Events } from '../../src/observability/events.ts';
import type { JobLog } from '../../src/worker/context.ts';
import { type FakeSendGrid, startFakeSendGrid } from './fake-sendgrid.ts';
import { createWorld, type World } from './world.ts';

const apiKey = 'SG.integration';
const from = 'noreply@example.com';
const settings = {
  appUrl: 'https://app.example.com',
  mailFrom: from,
  samGovDailyLimit: 1_000,
  debugScoring: false,
};

export const links = createMailLinks('a-secret-of-the-tests-with-more-than-32-bytes', settings.appUrl);

const quiet: JobLog = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};

export const reminder = (email = 'ada@example.org'): ParsedPayload<'email', 'send-reminder'> => ({
  type: 'opportunity-reminder',
  data: {
    userId: 'u-1',
    email,
    opportunities: [
      {
        noticeId: 'late',
        title: 'Later one',
        agency: 'VA',
        deadline: '2026-12-09',
        url: 'https://sam.gov/late',
      },
      {
        noticeId: 'soon',
        title: 'Soon <b>&</b>',
        agency: 'HHS',
        deadline: '2026-12-04T14:00:00Z',
        url: 'https://sam.gov/soon',
      },
    ],
  },
});

/** What differs from job to job. */
export interface Changes {
  readonly database?: Database;
  readonly signal?: AbortSignal;
  /** The key of an earlier job, to run it again. */
  readonly key?: string;
  readonly addedAt?: Date;
}

/** The processors of the mails over a real database; providers and what they saw are new for each test. */
export interface MailJobs {
  readonly world: World;
  readonly storage: Storage;
  readonly server: FakeSendGrid;
  readonly sendgrid: MailProvider;
  readonly outbox: MailProvider;
  readonly outboxDir: string;
  /** The events of the test. */
  readonly settled: EventMap['mail.settled'][];
  /** What every mail's context holds besides its payload: real database, real provider. */
  surroundings(name: string, mail: MailProvider, changes: Changes): ReturnType<typeof surround>;
  /** Runs a reminder to one address. */
  remind(
    mail: MailProvider,
    changes?: Changes & { readonly email?: string },
  ): Promise<Result<'email', 'send-reminder'>>;
  /** The row of a job's mail in the ledger. */
  row(key: string): Promise<Record<string, unknown> | undefined>;
}

/** Registers the hooks that open and close all of it. */
export function mailJobs(): MailJobs {
  let world: World;
  let storage: Storage;
  let server: FakeSendGrid;
  let outboxDir: string;
  let sendgrid: MailProvider;
  let outbox: MailProvider;
  let events: Events;
  let settled: EventMap['mail.settled'][];
  let jobs = 0;

  beforeAll(async () => {
    world = await createWorld();
    storage = createLocalStorage({ dir: join(world.dataDir, 'storage') });
  });
  afterAll(() => world.close());
  beforeEach(async () => {
    server = await startFakeSendGrid({ apiKey });
    outboxDir = await mkdtemp(join(tmpdir(), 'millrace-outbox-'));
    sendgrid = createSendGrid({ apiKey, baseUrl: server.baseUrl, from, timeoutMs: 5_000 });
    outbox = createOutbox({ dir: outboxDir, from });
    settled = [];
    events = new Events();
    events.on('mail.settled', (event) => void settled.push(event));
  });
  afterEach(async () => {
    await server.close();
    await rm(outboxDir, { recursive: true });
  });

  const surroundings = (name: string, mail: MailProvider, changes: Changes) => {
    jobs += 1;
    const key = changes.key ?? `email:${name}:${jobs}`;
    return surround(name, key, changes, {
      mail,
      database: changes.database ?? world.database,
      storage,
      events,
    });
  };

  return {
    get world() {
      return world;
    },
    get storage() {
      return storage;
    },
    get server() {
      return server;
    },
    get sendgrid() {
      return sendgrid;
    },
    get outbox() {
      return outbox;
    },
    get outboxDir() {
      return outboxDir;
    },
    get settled() {
      return settled;
    },
    surroundings,
    remind(mail, changes = {}) {
      const payload = reminder(changes.email);
      return sendReminder.run({ ...payload, payload, ...surroundings('send-reminder', mail, changes) });
    },
    async row(key) {
      const { rows } = await world.pool.query(
        'select status, provider, template, message_id, reason, attempts from email_deliveries where job_key = $1',
        [key],
      );
      expect(rows.length).toBeLessThanOrEqual(1);
      return rows[0];
    },
  };
}

interface MailServices {
  readonly mail: MailProvider;
  readonly database: Database;
  readonly storage: Storage;
  readonly events: Events;
}

function surround(name: string, key: string, { signal, addedAt }: Changes, services: MailServices) {
  const job = { id: key, queue: 'email', name, attempt: 1, maxAttempts: 3, key, correlationId: 'c-1' };
  return {
    job: { ...job, addedAt: addedAt ?? new Date() },
    log: quiet,
    signal: signal ?? new AbortController().signal,
    progress: () => undefined,
    addJobs: () => Promise.reject(new Error('A mail adds no further jobs.')),
    addJob: () => Promise.reject(new Error('A mail adds no further jobs.')),
    services: { ...services, links, settings },
  };
}
