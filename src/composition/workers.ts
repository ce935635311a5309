import { extname } from 'node:path';
import type { Config } from '../../config/index.ts';
import type { Services } from '../../processors/define.ts';
import { processors } from '../../processors/index.ts';
import type { Backend } from '../backend/index.ts';
import type { StartPatience } from '../lifecycle/start-patience.ts';
import { createSupervisor, type Supervisor } from '../lifecycle/supervisor.ts';
import type { Events } from '../observability/events.ts';
import type { JobTrails } from '../observability/job-trails.ts';
import type { Logger } from '../observability/logger.ts';
import type { Redact } from '../observability/redaction.ts';
import type { DeadLetters } from '../queue/dead-letters.ts';
import type { QueueManager } from '../queue/queue-manager.ts';
import { WorkerRuntime } from '../worker/runtime.ts';
import { jobsAtOnce } from './at-once.ts';

/** Lines of its log that are kept with a job, the latest. */
const keptLines = 1_000;
const shortestSilenceMs = 30_000;

interface WorkerParts {
  readonly backend: Backend;
  readonly queues: QueueManager;
  readonly deadLetters: DeadLetters;
  readonly events: Events;
  readonly services: Services;
  /** Remembers what jobs log, for alerts; absent where none are sent. */
  readonly trails: JobTrails | undefined;
}

export function openWorkers(config: Config, log: Logger, redact: Redact, parts: WorkerParts): WorkerRuntime {
  const { backend, queues, deadLetters, events, services, trails } = parts;
  return new WorkerRuntime({
    backend,
    processors,
    services: { ...services },
    ports: {
      redact,
      logOf: (bindings) => {
        const own = log.child(bindings);
        return trails?.beside(own, bindings) ?? own;
      },
      keepLine: (queue, jobId, line) => queues.queue(queue).addJobLog(jobId, line, keptLines),
      addJob: (queue, name, payload, options) => queues.addUntyped(queue, name, payload, options),
      addJobs: (queue, jobs) => queues.addManyUntyped(queue, jobs),
    },
    deadLetters,
    events,
    log,
    concurrency: jobsAtOnce(config),
    lockDurationMs: config.worker.lockDurationMs,
    shutdownTimeoutMs: config.shutdownTimeoutMs,
    instance: config.instance,
  });
}

/** Worker processes of their own, each put together as `openWorkers` does it, in the place of workers in this one. */
export function openSupervisor(
  config: Config,
  log: Logger,
  events: Events,
  patience: StartPatience,
  embeddedUrl: string | undefined,
): Supervisor {
  return createSupervisor({
    processes: config.worker.processes,
    // The sources run as they are, and the image runs what was built from them.
    script: new URL(`../worker-main${extname(import.meta.url)}`, import.meta.url),
    embeddedUrl,
    memoryLimitBytes: config.maxMemoryBytes,
    shutdownTimeoutMs: config.shutdownTimeoutMs,
    // A stuck process loses its jobs after one lock duration; a busy one may yet come back.
    silenceMs: Math.max(shortestSilenceMs, 2 * config.worker.lockDurationMs),
    patience,
    log,
    onEnd: ({ worker, end }) => {
      if (end !== 'stopped') events.emit('worker.ended', { worker, reason: end });
    },
  });
}
