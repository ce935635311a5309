import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { openBackend } from '../../src/backend/index.ts';
import { UnrecoverableError } from '../../src/errors/catalogue.ts';
import { Events } from '../../src/observability/events.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createRedactor } from '../../src/observability/redaction.ts';
import { type Alerts, startSentry } from '../../src/observability/sentry.ts';
import { type FakeSentry, startFakeSentry } from '../support/fake-sentry.ts';
import { openPlatform, type Platform, until } from '../support/platform.ts';
import { createWorld, type World } from '../support/world.ts';

const uncaught = ['uncaughtException', 'unhandledRejection', 'uncaughtExceptionMonitor'];
const listeners = () => uncaught.map((name) => process.listenerCount(name));

/** Only the alerts know it, so that what they leave through is seen. */
const secret = 'only-the-alerts-know-this';

describe('alerts to Sentry', () => {
  let sentry: FakeSentry;
  let alerts: Alerts;
  let world: World;
  let platform: Platform;
  let listenersBefore: number[];
  /** The SDK keeps one client for the process, so one forwards the events of every test's platform. */
  const events = new Events();

  beforeAll(async () => {
    sentry = await startFakeSentry();
    listenersBefore = listeners();
    alerts = await startSentry(events, {
      dsn: sentry.dsn,
      environment: 'staging',
      release: 'millrace@1.2.3',
      serviceName: 'worker-service',
      tracesSampleRate: 0,
      redact: createRedactor([secret]),
      stormWindowMs: 500,
    });
    world = await createWorld();
    const { databaseUrl } = world;
    const backend = await openBackend({ kind: 'postgres', redisUrl: undefined, databaseUrl, workers: 4 });
    platform = await openPlatform({
      backend,
      processors: {
        email: {
          'send-welcome': async ({ data, job }) => {
            const name = typeof data === 'object' && data !== null && 'name' in data ? data.name : '';
            if (name === 'late' && job.attempt === 3) return { status: 'sent', provider: 'test' };
            if (name === 'refused')
              throw new UnrecoverableError('The address does not exist.', { code: 'MAIL_REJECTED' });
            // A cause of its own, so that no test's dead letters are taken for a storm of another's.
            if (name === 'forbidden')
              throw new UnrecoverableError('The key is refused.', { code: 'MAIL_UNAUTHORIZED' });
            throw new Error(`${name} failed with ${secret} at https://api.example.com/?api_key=${secret}`);
          },
        },
      },
    });
    platform.events.on('job.dead_lettered', (event) => events.emit('job.dead_lettered', event));
  });
  afterAll(async () => {
    await platform.close();
    await world.close();
    await alerts.close(1_000);
    await sentry.close();
  });
  beforeEach(() => {
    sentry.items.length = 0;
    sentry.raw.length = 0;
  });
  afterEach(() => {
    sentry.limit(undefined);
  });

  const add = (name: string, correlationId: string) =>
    platform.queues.addJob(
      'email',
      'send-welcome',
      { type: 'welcome', data: { userId: 'user-1', email: 'ada@example.com', name } },
      { correlationId },
    );
  const of = (correlationId: string) => (event: Readonly<Record<string, unknown>>) =>
    Object(event.tags).correlationId === correlationId;

  test('say of one dead letter, once, which job it was and what happened', async () => {
    const { id } = await add('hopeless', 'request-1');
    const event = await sentry.event(of('request-1'));
    expect(event).toMatchObject({
      level: 'error',
      environment: 'staging',
      release: 'millrace@1.2.3',
      server_name: 'worker-service',
      fingerprint: ['email', 'send-welcome', 'UNKNOWN'],
      tags: { queue: 'email', job: 'send-welcome', code: 'UNKNOWN', correlationId: 'request-1' },
      contexts: {
        job: {
          queue: 'email',
          name: 'send-welcome',
          id,
          attempt: 3,
          correlationId: 'request-1',
          deadLetterId: expect.stringContaining(`dl-${id}-`),
        },
      },
      exception: {
        values: [
          {
            type: 'UNKNOWN',
            value: expect.stringContaining('[masked] failed with [redacted]'),
            stacktrace: {
              frames: expect.arrayContaining([
                expect.objectContaining({ filename: expect.stringContaining('sentry.test.ts') }),
              ]),
            },
          },
        ],
      },
    });
    await add('forbidden', 'request-2');
    await sentry.event(of('request-2'));
    expect(sentry.events().filter(of('request-1'))).toHaveLength(1);
  });

  test('are silent about retries that later succeed', async () => {
    const { id } = await add('late', 'request-3');
    await until(
      'the job has completed',
      async () => (await platform.queues.job('email', id))?.state === 'completed',
    );
    await add('forbidden', 'request-4');
    await sentry.event(of('request-4'));
    expect(sentry.events().map((event) => Object(event.tags).correlationId)).toEqual(['request-4']);
  });

  test('are one event for each dead letter, and one issue for each cause', async () => {
    const ids = Array.from({ length: 5 }, (_, index) => `request-same-${index}`);
    for (const id of ids) await add('refused', id);
    const told = await Promise.all(ids.map((id) => sentry.event(of(id))));
    expect(new Set(told.map((event) => JSON.stringify(event.fingerprint)))).toEqual(
      new Set(['["email","send-welcome","MAIL_REJECTED"]']),
    );
    expect(sentry.events()).toHaveLength(5);
    expect(told[0]).toMatchObject({ tags: { code: 'MAIL_REJECTED' }, contexts: { job: { attempt: 1 } } });
  });

  test('are a few events and a count in a storm', async () => {
    const job = { queue: 'sync', job: 'cleanup-data', attempt: 3, seconds: 1 };
    const failure = { code: 'STORAGE_FAILED', message: 'The disk is full', stack: undefined } as const;
    for (let at = 0; at < 300; at++) {
      events.emit('job.dead_lettered', {
        ...job,
        jobId: `job-${at}`,
        correlationId: `storm-${at}`,
        failure,
        deadLetterId: `dl-${at}`,
      });
    }
    const count = await sentry.event((event) => Object(event.extra).more === 294);
    expect(JSON.stringify(count)).toContain('The disk is full (and 294 more like it)');
    expect(count.fingerprint).toEqual(['sync', 'cleanup-data', 'STORAGE_FAILED']);
    expect(sentry.events()).toHaveLength(6);
  });

  test('bring the job’s own log along, and nothing of the fields in it', async () => {
    const log = alerts.trails.beside(silentLogger(), { queue: 'email', jobId: 'job-with-a-log' });
    alerts.trails.beside(silentLogger(), { queue: 'email', jobId: 'another' }).info({}, 'of another job');
    log.debug({}, 'too small to tell');
    // Put together here, since events quote the lines around a call.
    const email = ['grace', 'example.com'].join('@');
    log.info({ email }, 'claimed the delivery');
    log.warn({}, `the provider said ${secret}`);
    events.emit('job.dead_lettered', {
      queue: 'email',
      job: 'send-reminder',
      jobId: 'job-with-a-log',
      attempt: 3,
      seconds: 1,
      correlationId: 'with-a-log',
      failure: { code: 'MAIL_UNAVAILABLE', message: 'No answer', stack: undefined },
      deadLetterId: 'dl-1',
    });
    const event = await sentry.event(of('with-a-log'));
    expect(event.breadcrumbs).toEqual([
      expect.objectContaining({ category: 'job', level: 'info', message: 'claimed the delivery' }),
      expect.objectContaining({ level: 'warning', message: 'the provider said [redacted]' }),
    ]);
    expect(sentry.raw.join()).not.toContain(email);
  });

  test('carry no secret, in whatever part of an event it stands', async () => {
    await fetch(`${new URL(sentry.dsn).origin.replace('public@', '')}/?api_key=${secret}`);
    const cause = new Error(`the cause has ${secret} too`);
    alerts.report(Object.assign(new Error('reported', { cause }), { request: { headers: [secret] } }));
    const event = await sentry.event((candidate) => JSON.stringify(candidate).includes('reported'));
    expect(JSON.stringify(event)).toContain('the cause has [redacted] too');
    await add('hopeless', 'request-5');
    await sentry.event(of('request-5'));
    expect(sentry.raw.join('\n')).not.toContain(secret);
    // Nor anything of the mails and requests that were under way.
    expect(sentry.raw.join('\n')).not.toContain('ada@example.com');
    expect(event.breadcrumbs ?? []).toEqual([]);
  });

  test('leave uncaught errors to us', () => {
    expect(listeners()).toEqual(listenersBefore);
  });

  test('hold back as long as Sentry asks, and harm no job meanwhile', async () => {
    sentry.limit(3_600);
    const before = sentry.requests();
    await add('forbidden', 'request-limited');
    await until('the limit was told', async () => sentry.requests() > before);
    const { id } = await add('forbidden', 'request-held');
    await until(
      'its job has failed all the same',
      async () => (await platform.queues.job('email', id))?.state === 'failed',
    );
    expect(sentry.requests()).toBe(before + 1);
    sentry.limit(undefined);
    // The hour is moved instead of waited for.
    const inAnHour = Date.now() + 3_601_000;
    const clock = vi.spyOn(Date, 'now').mockImplementation(() => inAnHour);
    try {
      events.emit('job.dead_lettered', {
        ...{ queue: 'email', job: 'send-document', jobId: 'again', attempt: 1, seconds: 1 },
        correlationId: 'request-again',
        failure: { code: 'MAIL_UNAVAILABLE', message: 'No answer', stack: undefined },
        deadLetterId: 'dl-again',
      });
      await sentry.event(of('request-again'));
    } finally {
      clock.mockRestore();
    }
    expect(sentry.events().some(of('request-limited'))).toBe(false);
  });
});

test('alerts to a Sentry that is away harm nobody, and do not hold up the end', async () => {
  const events = new Events();
  const alerts = await startSentry(events, {
    dsn: 'http://public@127.0.0.1:9/1',
    environment: 'test',
    release: 'millrace@0',
    serviceName: 'millrace',
    tracesSampleRate: 0,
    redact: createRedactor(),
  });
  const job = { queue: 'email', job: 'send-welcome', jobId: '1', correlationId: 'c', attempt: 1 };
  const failure = { code: 'UNKNOWN', message: 'x', stack: undefined } as const;
  events.emit('job.dead_lettered', { ...job, seconds: 0, failure, deadLetterId: 'dl-1' });
  alerts.report('no error at all');
  await expect(alerts.close(2_000)).resolves.toBeUndefined();
});
