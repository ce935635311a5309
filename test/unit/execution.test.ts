import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { z } from 'zod';
import { defineJob, envelope } from '../../queues/define.ts';
import { type Backend, openBackend } from '../../src/backend/index.ts';
import type { Job, JobQueue } from '../../src/backend/port.ts';
import { MillraceError, RateLimitedError } from '../../src/errors/catalogue.ts';
import { Events } from '../../src/observability/events.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createRedactor } from '../../src/observability/redaction.ts';
import { DeadLetters } from '../../src/queue/dead-letters.ts';
import { QueueManager } from '../../src/queue/queue-manager.ts';
import { type Executable, Execution } from '../../src/worker/execution.ts';
import type { RunContext } from '../../src/worker/run-context.ts';
import { WorkerRuntime } from '../../src/worker/runtime.ts';
import { createWorld, type World } from '../support/world.ts';

const greet = defineJob({
  summary: 'Greets',
  payload: envelope('greet', { name: z.string(), times: z.int().default(1) }),
  result: z.strictObject({ greeted: z.string() }),
});

/** How soon a processor that ignores its signal is given up on here. */
const graceMs = 30;

describe('an attempt at a job', () => {
  let world: World;
  let backend: Backend;
  let queue: JobQueue;
  const added: unknown[] = [];
  const bindings: unknown[] = [];
  const ports = {
    redact: createRedactor(['very-secret-value']),
    logOf: (fields: Record<string, unknown>) => {
      bindings.push(fields);
      return silentLogger();
    },
    addJobs: () => Promise.reject(new Error('This job adds no others.')),
    addJob: async (...call: readonly unknown[]) => {
      added.push(call);
      return { id: '7' };
    },
  };

  beforeAll(async () => {
    world = await createWorld();
    backend = await openBackend({
      kind: 'postgres',
      redisUrl: undefined,
      databaseUrl: world.databaseUrl,
      workers: 4,
    });
    queue = backend.queue('greetings');
  });
  afterAll(async () => {
    await queue.close();
    await backend.close();
    await world.close();
  });

  const stored = {
    type: 'greet',
    data: { name: 'Ada' },
    meta: { key: 'key-1', correlationId: 'request-7', addedBy: 'shop' },
  };
  const jobOf = (data: unknown = stored, attempts = 3): Promise<Job> =>
    queue.add('greet', data, { attempts });

  function executable(run: (context: RunContext) => Promise<unknown>, timeoutMs = 60_000): Executable {
    return { definition: greet, processor: { services: [], run }, timeoutMs, services: { mail: 'the mail' } };
  }

  async function attempt(run: (context: RunContext) => Promise<unknown>, timeoutMs?: number) {
    return new Execution('greetings', await jobOf(), executable(run, timeoutMs), ports, graceMs).run();
  }

  test('gives the processor its payload with defaults, its job, its services, and keeps its result', async () => {
    let seen: RunContext | undefined;
    const job = await jobOf();
    const run = async (context: RunContext) => {
      seen = context;
      context.log.info({}, 'hello');
      await context.addJob(
        'sync',
        'cleanup-data',
        { type: 'cleanup-data', data: {} },
        { idempotencyKey: 'k' },
      );
      return { greeted: 'Ada' };
    };
    const outcome = await new Execution('greetings', job, executable(run), ports).run();
    expect(outcome).toEqual({ kind: 'completed', result: { greeted: 'Ada' } });
    expect(seen).toMatchObject({
      job: {
        id: job.id,
        queue: 'greetings',
        name: 'greet',
        attempt: 1,
        maxAttempts: 3,
        key: 'key-1',
        correlationId: 'request-7',
        addedBy: 'shop',
      },
      type: 'greet',
      data: { name: 'Ada', times: 1 },
      services: { mail: 'the mail' },
    });
    expect(seen?.signal.aborted).toBe(false);
    expect(bindings.at(-1)).toEqual({
      queue: 'greetings',
      job: 'greet',
      jobId: job.id,
      attempt: 1,
      correlationId: 'request-7',
    });
    // What a job adds belongs to the same request.
    expect(added.at(-1)).toMatchObject([
      'sync',
      'cleanup-data',
      {},
      { correlationId: 'request-7', idempotencyKey: 'k' },
    ]);
  });

  test('aborts the signal with JOB_TIMEOUT when it runs too long, and is tried again', async () => {
    const reasons: unknown[] = [];
    const outcome = await attempt(
      ({ signal }) =>
        new Promise((_resolve, reject) => {
          signal.addEventListener('abort', () => {
            reasons.push(signal.reason);
            reject(new Error('an echo of the signal'));
          });
        }),
      10,
    );
    expect(reasons).toMatchObject([{ code: 'JOB_TIMEOUT', message: 'The job ran longer than 10 ms.' }]);
    expect(outcome).toMatchObject({ kind: 'retried', failure: { code: 'JOB_TIMEOUT' } });
  });

  test('is not begun when it was told to stop before', async () => {
    let begun = false;
    const run = async () => {
      begun = true;
      return { greeted: 'Ada' };
    };
    const execution = new Execution('greetings', await jobOf(), executable(run), ports);
    execution.stop('shutdown', 'JOB_ABORTED', 'The worker is stopping.');
    expect(await execution.run()).toMatchObject({ kind: 'returned', failure: { code: 'JOB_ABORTED' } });
    expect(begun).toBe(false);
  });

  test('is given up on when the processor ignores its signal, and nothing it does later counts', async () => {
    const gate = Promise.withResolvers<unknown>();
    let late: RunContext | undefined;
    const job = await jobOf();
    const run = (context: RunContext) => {
      late = context;
      return gate.promise;
    };
    const outcome = await new Execution('greetings', job, executable(run, 10), ports, graceMs).run();
    expect(outcome).toMatchObject({ kind: 'retried', failure: { code: 'JOB_TIMEOUT' } });
    late?.progress(77);
    gate.reject(new Error('nobody listens any more'));
    await expect(gate.promise).rejects.toThrow('nobody listens');
    expect((await queue.getJob(job.id ?? ''))?.progress).not.toMatchObject({ percent: 77 });
  });

  test('still completes when the processor ends well within the grace', async () => {
    const outcome = await attempt(
      ({ signal }) =>
        new Promise((resolve) => {
          signal.addEventListener('abort', () => resolve({ greeted: 'just in time' }));
        }),
      10,
    );
    expect(outcome).toEqual({ kind: 'completed', result: { greeted: 'just in time' } });
  });

  test.each([
    ['shutdown', 'returned'],
    ['lost', 'lost'],
    ['cancelled', 'cancelled'],
  ] as const)('that is stopped for %s ends as %s, whatever the processor throws', async (reason, kind) => {
    const started = Promise.withResolvers<void>();
    const run = ({ signal }: RunContext) =>
      new Promise((_resolve, reject) => {
        signal.addEventListener('abort', () => reject('something else'));
        started.resolve();
      });
    const execution = new Execution('greetings', await jobOf(), executable(run), ports, graceMs);
    const ending = execution.run();
    await started.promise;
    execution.stop(reason, 'JOB_ABORTED', 'Stop.');
    execution.stop('timeout', 'JOB_TIMEOUT', 'The first reason counts.');
    expect(await ending).toMatchObject({ kind, failure: { code: 'JOB_ABORTED', message: 'Stop.' } });
  });

  test.each<[string, unknown, object]>([
    ['a string', 'no luck', { code: 'UNKNOWN', message: 'no luck', stack: undefined }],
    [
      'undefined',
      undefined,
      { code: 'UNKNOWN', message: 'Something that is no error was thrown: undefined' },
    ],
    ['null', null, { code: 'UNKNOWN' }],
    [
      'an object whose toString throws',
      {
        toString() {
          throw new Error('hostile');
        },
      },
      { code: 'UNKNOWN', message: 'Something that is no error and has no text was thrown.' },
    ],
    [
      'an error whose message is no text',
      Object.assign(new Error(), { message: { a: 1 } }),
      { code: 'UNKNOWN' },
    ],
    ['an error with a secret', new Error('very-secret-value'), { message: '[redacted]' }],
    ['a lost connection', Object.assign(new Error('x'), { code: 'ECONNRESET' }), { code: 'NETWORK' }],
  ])('that throws %s is tried again, with a reason', async (_what, thrown, failure) => {
    const outcome = await attempt(() => Promise.reject(thrown));
    expect(outcome).toMatchObject({ kind: 'retried', failure });
    const synchronously = await attempt(() => {
      throw thrown;
    });
    expect(synchronously).toMatchObject({ kind: 'retried', failure });
  });

  test('leaves no secret in the stack that is kept', async () => {
    const outcome = await attempt(() => Promise.reject(new Error('very-secret-value')));
    expect(JSON.stringify(outcome)).not.toContain('very-secret-value');
    expect(JSON.stringify(outcome)).toContain('execution.test.ts');
  });

  test('waits as long as a provider asked', async () => {
    const outcome = await attempt(() =>
      Promise.reject(new RateLimitedError('AI_RATE_LIMITED', 'wait', 1_234)),
    );
    expect(outcome).toMatchObject({ kind: 'waiting', delayMs: 1_234 });
  });

  test('ends for good when it was the last, or when trying again is of no use', async () => {
    const run = () => Promise.reject(new Error('again'));
    const last = await new Execution('greetings', await jobOf(stored, 1), executable(run), ports).run();
    expect(last.kind).toBe('dead-lettered');
    const hopeless = await attempt(() => Promise.reject(new MillraceError('MAIL_REJECTED', 'no')));
    expect(hopeless).toMatchObject({ kind: 'dead-lettered', failure: { code: 'MAIL_REJECTED' } });
  });

  test.each<[string, unknown]>([
    ['is no envelope', { some: 'thing' }],
    ['is nothing', null],
    ['no longer fits', { ...stored, data: { name: 7 } }],
    ['has a field too many', { ...stored, data: { name: 'Ada', age: 36 } }],
  ])('never runs a payload that %s', async (_what, data) => {
    let ran = false;
    const run = async () => {
      ran = true;
      return { greeted: 'x' };
    };
    const outcome = await new Execution('greetings', await jobOf(data), executable(run), ports).run();
    expect(outcome).toMatchObject({ kind: 'dead-lettered', failure: { code: 'INVALID_PAYLOAD' } });
    expect(ran).toBe(false);
  });

  test('does not run again what has no processor, or a result that was not promised', async () => {
    const nobody = await new Execution('greetings', await jobOf(), undefined, ports).run();
    expect(nobody).toMatchObject({ kind: 'dead-lettered', failure: { code: 'UNKNOWN_JOB' } });
    const broken = await attempt(async () => ({ greeted: 7, extra: true }));
    expect(broken).toMatchObject({
      kind: 'dead-lettered',
      failure: { code: 'INVALID_RESULT', details: [{ path: 'greeted' }, { path: '(root)' }] },
    });
  });

  test('gets from the runtime the services that it asked for, and no others', async () => {
    const events = new Events();
    const queues = new QueueManager({
      backend,
      pending: {},
      maxAttempts: 1,
      backoffMs: 1,
      onError: () => undefined,
    });
    const seen = Promise.withResolvers<unknown>();
    const runtime = new WorkerRuntime({
      backend,
      processors: {
        email: {
          'send-welcome': {
            services: ['mail', 'settings'],
            run: async ({ services }) => {
              seen.resolve(services);
              return { status: 'sent', provider: 'test' };
            },
          },
        },
      },
      services: { mail: 'the mail', settings: { appUrl: 'x' }, database: 'not asked for', llm: undefined },
      ports,
      deadLetters: new DeadLetters((name) => queues.queue(name)),
      events,
      log: silentLogger(),
      concurrency: { email: 1, document: 1, sync: 1, 'story-enhancement': 1 },
      lockDurationMs: 5_000,
      shutdownTimeoutMs: 1_000,
      instance: 'test',
    });
    await runtime.start();
    try {
      await queues.addJob('email', 'send-welcome', {
        type: 'welcome',
        data: { userId: 'user-1', email: 'ada@example.com', name: 'Ada' },
      });
      expect(await seen.promise).toEqual({ mail: 'the mail', settings: { appUrl: 'x' } });
    } finally {
      await runtime.stop();
      await queues.close();
    }
  });
});
