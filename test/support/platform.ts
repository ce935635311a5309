import type { QueueName } from '../../queues/index.ts';
import type { Backend } from '../../src/backend/port.ts';
import type { Database } from '../../src/integrations/database/port.ts';
import { type EventMap, Events } from '../../src/observability/events.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createRedactor } from '../../src/observability/redaction.ts';
import { DeadLetters } from '../../src/queue/dead-letters.ts';
import { QueueManager } from '../../src/queue/queue-manager.ts';
import type { RunContext } from '../../src/worker/run-context.ts';
import { type RunnableProcessors, WorkerRuntime } from '../../src/worker/runtime.ts';

export type TestProcessor = (context: RunContext) => Promise<unknown>;
export type TestProcessors = { readonly [Q in QueueName]?: Readonly<Record<string, TestProcessor>> };

export interface PlatformOptions {
  readonly backend: Backend;
  readonly processors?: TestProcessors;
  readonly backoffMs?: number;
  readonly lockDurationMs?: number;
  readonly shutdownTimeoutMs?: number;
  readonly concurrency?: number;
  /** Where people find dead letters; without it they are in their queues alone. */
  readonly database?: Database;
}

/** The real engine around processors of a test's own: what comes in is validated by the real definitions. */
export interface Platform {
  readonly queues: QueueManager;
  readonly deadLetters: DeadLetters;
  readonly events: Events;
  readonly logged: {
    readonly bindings: Record<string, unknown>;
    readonly fields: object;
    readonly message: string;
  }[];
  /** A further worker process's worth of workers on the same queues. */
  openWorkers(processors?: TestProcessors): WorkerRuntime;
  /** All workers opened so far. */
  readonly runtimes: readonly WorkerRuntime[];
  /** Stops every worker opened so far, as SIGTERM would. */
  stopWorkers(): Promise<void>;
  /** Resolves with the next event of that name that fits. */
  next<K extends keyof EventMap>(name: K, fits?: (event: EventMap[K]) => boolean): Promise<EventMap[K]>;
  close(): Promise<void>;
}

export async function openPlatform(options: PlatformOptions): Promise<Platform> {
  const { backend } = options;
  const events = new Events();
  const logged: Platform['logged'] = [];
  const queues = new QueueManager({
    backend,
    pending: {},
    maxAttempts: 3,
    backoffMs: options.backoffMs ?? 20,
    onError: () => undefined,
    events,
  });
  const register = options.database && { records: options.database.deadLetters, onError: () => undefined };
  const deadLetters = new DeadLetters((name) => queues.queue(name), register);
  const runtimes: WorkerRuntime[] = [];
  const concurrency = options.concurrency ?? 4;

  const openWorkers = (processors: TestProcessors = {}): WorkerRuntime => {
    const runtime = new WorkerRuntime({
      backend,
      processors: runnable(processors),
      services: {},
      ports: {
        redact: createRedactor(['very-secret-value']),
        logOf: (bindings) => recordingLog(bindings, logged),
        keepLine: (queue, jobId, line) => queues.queue(queue).addJobLog(jobId, line),
        addJob: (queue, name, payload, addOptions) => queues.addUntyped(queue, name, payload, addOptions),
        addJobs: (queue, jobs) => queues.addManyUntyped(queue, jobs),
      },
      deadLetters,
      events,
      log: silentLogger(),
      concurrency: {
        email: concurrency,
        document: concurrency,
        sync: concurrency,
        'story-enhancement': concurrency,
      },
      lockDurationMs: options.lockDurationMs ?? 5_000,
      shutdownTimeoutMs: options.shutdownTimeoutMs ?? 5_000,
      instance: `test-${runtimes.length}`,
    });
    runtimes.push(runtime);
    return runtime;
  };

  if (options.processors !== undefined) await openWorkers(options.processors).start();
  return {
    queues,
    deadLetters,
    events,
    logged,
    openWorkers,
    runtimes,
    async stopWorkers() {
      await Promise.all(runtimes.map((runtime) => runtime.stop()));
    },
    next: (name, fits = () => true) =>
      new Promise((resolve) => {
        events.on(name, (event) => {
          if (fits(event)) resolve(event);
        });
      }),
    async close() {
      await Promise.all(runtimes.map((runtime) => runtime.stop()));
      await queues.close();
      await backend.close();
    },
  };
}

function runnable(processors: TestProcessors): RunnableProcessors {
  return Object.fromEntries(
    Object.entries(processors).map(([queue, jobs]) => [
      queue,
      Object.fromEntries(Object.entries(jobs).map(([name, run]) => [name, { services: [], run }])),
    ]),
  );
}

function recordingLog(bindings: Record<string, unknown>, logged: Platform['logged']) {
  const write = (fields: object, message: string) => {
    logged.push({ bindings, fields, message });
  };
  return { debug: write, info: write, warn: write, error: write };
}

/** Asks until the answer is yes; for facts that no event tells. Fails after `limitMs` with what it waited for. */
export async function until(what: string, holds: () => Promise<boolean>, limitMs = 40_000): Promise<void> {
  const deadline = Date.now() + limitMs;
  while (!(await holds())) {
    if (Date.now() > deadline) throw new Error(`Waited in vain: ${what}`);
    await new Promise((resolve) => setTimeout(resolve, 20));
  }
}
