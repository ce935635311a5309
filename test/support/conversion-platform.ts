import { randomUUID } from 'node:crypto';
import { Readable } from 'node:stream';
import { convertPdf } from '../../processors/document/convert-pdf.ts';
import { openBackend } from '../../src/backend/index.ts';
import type { Backend } from '../../src/backend/port.ts';
import { createConversionIntake } from '../../src/intake/conversions/intake.ts';
import type { PdfConverter } from '../../src/integrations/conversion-gateway/port.ts';
import type { Conversion, Database } from '../../src/integrations/database/port.ts';
import { createLocalStorage } from '../../src/integrations/storage/local.ts';
import type { Storage } from '../../src/integrations/storage/port.ts';
import type { Service } from '../../src/lifecycle/service.ts';
import { Events } from '../../src/observability/events.ts';
import { silentLogger } from '../../src/observability/logger.ts';
import { createRedactor } from '../../src/observability/redaction.ts';
import { DeadLetters } from '../../src/queue/dead-letters.ts';
import { JobControl } from '../../src/queue/job-control.ts';
import { QueueManager } from '../../src/queue/queue-manager.ts';
import { WorkerRuntime } from '../../src/worker/runtime.ts';
import { until } from './platform.ts';
import type { World } from './world.ts';

export interface ConversionPlatformOptions {
  readonly converter: PdfConverter;
  readonly backend?: Backend;
  readonly database?: Database;
  readonly storage?: Storage;
  readonly leaseSeconds?: number;
  readonly pollMs?: number;
  readonly capacity?: number;
  readonly concurrency?: number;
  readonly lockDurationMs?: number;
  readonly backoffMs?: number;
}

/** The intake, the queue and the workers of conversions, as the composition root puts them together. */
export interface ConversionPlatform {
  readonly queues: QueueManager;
  readonly jobs: JobControl;
  readonly deadLetters: DeadLetters;
  readonly events: Events;
  readonly storage: Storage;
  openIntake(name?: string): Service;
  openWorkers(name?: string): WorkerRuntime;
  /** Puts a file into the storage and a row beside it, as another service would. */
  insert(pdf?: Uint8Array): Promise<string>;
  row(id: string): Promise<Conversion>;
  /** The row once it is as it should be. */
  settled(id: string, status?: Conversion['status']): Promise<Conversion>;
  close(): Promise<void>;
}

/** A converter that says what it was given; for tests of everything around it. */
export const echo: PdfConverter = {
  name: 'built-in',
  async convert(pdf, mapping, keep) {
    (await pdf.open()).resume();
    return { kept: await keep(Readable.from([Buffer.from(`<echo mapping="${mapping}"/>`)])), lineItems: 0 };
  },
};

export async function openConversionPlatform(
  world: World,
  options: ConversionPlatformOptions,
): Promise<ConversionPlatform> {
  const {
    converter,
    database = world.database,
    leaseSeconds = 60,
    pollMs = 100,
    capacity = 8,
    concurrency = 4,
  } = options;
  const backend =
    options.backend ??
    (await openBackend({
      kind: 'postgres',
      redisUrl: undefined,
      databaseUrl: world.databaseUrl,
      workers: 12,
    }));
  const storage = options.storage ?? createLocalStorage({ dir: world.dataDir });
  const events = new Events();
  const log = silentLogger();
  const queues = new QueueManager({
    backend,
    pending: {},
    maxAttempts: 3,
    backoffMs: options.backoffMs ?? 20,
    onError: () => undefined,
  });
  const jobs = new JobControl({ queues, cancellations: database.jobCancellations, events });
  const deadLetters = new DeadLetters((name) => queues.queue(name));
  const services: Service[] = [];
  const { conversions } = database;

  return {
    queues,
    jobs,
    deadLetters,
    events,
    storage,
    openIntake(name = 'intake') {
      const intake = createConversionIntake({
        conversions,
        queues,
        jobs,
        events,
        log,
        worker: name,
        leaseSeconds,
        pollMs,
        capacity,
      });
      services.push(intake);
      return intake;
    },
    openWorkers(name = 'worker') {
      const runtime = new WorkerRuntime({
        backend,
        processors: { document: { 'convert-pdf': convertPdf } },
        services: {
          database,
          storage,
          converter,
          events,
          conversionLease: { worker: name, seconds: leaseSeconds },
        },
        ports: {
          redact: createRedactor([]),
          logOf: () => log,
          keepLine: async () => undefined,
          addJob: () => Promise.reject(new Error('A conversion adds no jobs.')),
          addJobs: () => Promise.reject(new Error('A conversion adds no jobs.')),
        },
        deadLetters,
        events,
        log,
        concurrency: { email: 1, document: concurrency, sync: 1, 'story-enhancement': 1 },
        lockDurationMs: options.lockDurationMs ?? 5_000,
        shutdownTimeoutMs: 5_000,
        instance: name,
      });
      services.push(runtime);
      return runtime;
    },
    async insert(pdf = Buffer.from('%PDF-1.7')) {
      const id = randomUUID();
      await storage.put(`uploads/${id}.pdf`, pdf);
      await world.pool.query('insert into conversions (id, upload_path) values ($1, $2)', [
        id,
        `uploads/${id}.pdf`,
      ]);
      return id;
    },
    async row(id) {
      const row = await conversions.find(id);
      if (row === undefined) throw new Error(`There is no conversion ${id}.`);
      return row;
    },
    async settled(id, status = 'complete') {
      let last: Conversion | undefined;
      await until(
        `conversion ${id} to be ${status}`,
        async () => {
          last = await conversions.find(id);
          return last?.status === status;
        },
        60_000,
      ).catch((error: unknown) => {
        throw new Error(`${String(error)}; it is ${last?.status}, ${last?.errorCode}: ${last?.errorMessage}`);
      });
      if (last === undefined) throw new Error(`There is no conversion ${id}.`);
      return last;
    },
    async close() {
      for (const service of services.reverse()) await service.stop();
      await queues.close();
      if (options.backend === undefined) await backend.close();
    },
  };
}
