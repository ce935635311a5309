import { MillraceError } from '../errors/catalogue.ts';
import type { Logger } from '../observability/logger.ts';
import { type MetricsSnapshot, RetiredCounters } from '../observability/summed-metrics.ts';
import type { Service } from './service.ts';
import { impatient, isAway, type StartPatience } from './start-patience.ts';
import { beatMs } from './supervision.ts';
import type { EndReport } from './worker-end.ts';
import { WorkerProcess, type WorkerStatus } from './worker-process.ts';

export interface SupervisorOptions {
  readonly processes: number;
  /** The program of a worker process. */
  readonly script: URL;
  /** The parent's embedded PostgreSQL, which the workers use and the parent stops. */
  readonly embeddedUrl: string | undefined;
  readonly memoryLimitBytes: number;
  readonly shutdownTimeoutMs: number;
  /** A worker process that says nothing for so long is stuck. */
  readonly silenceMs: number;
  /** How long the first of them may wait for a store that is away; not at all when absent. */
  readonly patience?: StartPatience;
  readonly log: Logger;
  onEnd?(report: EndReport): void;
  /** Given by tests, which cannot wait for minutes. */
  readonly backoff?: { readonly firstMs: number; readonly longestMs: number; readonly provenMs: number };
  readonly startTimeoutMs?: number;
  readonly closingMs?: number;
}

export interface Supervisor extends Service {
  readonly workers: readonly WorkerStatus[];
  /** The metrics of each process that lives, and one of all that have ended. */
  snapshots(): Promise<readonly MetricsSnapshot[]>;
  /** Ends all at once, in the middle of whatever they do. */
  kill(): void;
}

/** Beside the time that jobs get, what closing takes: connections, a job that is slow to heed its signal. */
const defaultClosingMs = 20_000;
const defaultStartTimeoutMs = 60_000;
const defaultBackoff = { firstMs: 1_000, longestMs: 60_000, provenMs: 60_000 };
/** One process at a time is drained for its memory, so that others go on; beyond this share of the limit none waits. */
const urgentShare = 1.5;

/**
 * Runs worker processes: starts again the ones that die, at growing intervals while they die soon; replaces those that
 * pass the memory limit, after they have drained; kills those that no longer say a word. `start` resolves when a process
 * has come up: the others are tried again. It rejects when none has, which it waits for while it is a store's absence
 * that keeps them down.
 */
export function createSupervisor(options: SupervisorOptions): Supervisor {
  const { log, memoryLimitBytes, shutdownTimeoutMs, silenceMs, patience = impatient } = options;
  const retired = new RetiredCounters();
  let watch: NodeJS.Timeout | undefined;
  let starting: Promise<void> | undefined;
  let stopping: Promise<void> | undefined;
  /** Has whoever waits for a first process look again. */
  let news: () => void = () => undefined;

  const processes = Array.from(
    { length: options.processes },
    (_, at) =>
      new WorkerProcess({
        worker: at + 1,
        script: options.script,
        embeddedUrl: options.embeddedUrl,
        startTimeoutMs: options.startTimeoutMs ?? defaultStartTimeoutMs,
        drainTimeoutMs: shutdownTimeoutMs + (options.closingMs ?? defaultClosingMs),
        silenceMs,
        backoff: options.backoff ?? defaultBackoff,
        onUp: () => news(),
        onBeat: watchMemory,
        onEnd: tell,
        onRetired: (metrics) => retired.add(metrics),
      }),
  );

  function watchMemory(process: WorkerProcess): void {
    const { worker, pid, state, memoryBytes = 0 } = process.status;
    if (state !== 'up' || memoryBytes <= memoryLimitBytes) return;
    const others = processes.filter((other) => other !== process);
    const another = others.some(({ status }) => status.state !== 'up');
    if (another && memoryBytes <= memoryLimitBytes * urgentShare) return;
    const figures = { worker, pid, memory: inMegabytes(memoryBytes), limit: inMegabytes(memoryLimitBytes) };
    log.warn(
      figures,
      'a worker process has passed MAX_MEMORY_RESTART: it takes nothing more and is replaced',
    );
    process.drain('memory');
  }

  function tell(report: EndReport): void {
    options.onEnd?.(report);
    news();
    const { worker, pid, end, message, inOrder, failures, restartInMs } = report;
    const fields = { worker, pid, reason: message, failures, restartInMs };
    if (end === 'stopped' && inOrder) log.debug({ worker, pid }, 'a worker process has stopped');
    else if (end === 'stopped') log.warn(fields, 'a worker process did not stop in order');
    else if (end === 'memory') log.info(fields, 'a worker process has drained and is replaced');
    else log.error(fields, 'a worker process has ended and is started again');
  }

  async function start(): Promise<void> {
    watch = setInterval(() => {
      for (const process of processes) process.look();
    }, beatMs);
    const up = await Promise.all(processes.map((process) => process.start()));
    if (up.includes(true) || (await firstUp())) return;
    const fault = processes.map((process) => process.fault).find((text) => text !== undefined);
    const why = fault ?? 'What they printed stands above.';
    throw new MillraceError('PREFLIGHT_FAILED', `None of the worker processes came up. ${why}`);
  }

  /** Waits, while it is a store that keeps them all down, until one is up or nobody wants it any more. */
  async function firstUp(): Promise<boolean> {
    let over = patience.leftMs === 0;
    const timer = setTimeout(() => {
      over = true;
      news();
    }, patience.leftMs);
    try {
      while (stopping === undefined) {
        if (processes.some(({ status }) => status.state === 'up')) return true;
        // One that is just being tried again still has the fault of the time before.
        if (over || !processes.some(({ status }) => isAway(status.fault))) return false;
        await new Promise<void>((resolve) => {
          news = resolve;
        });
      }
      return true;
    } finally {
      clearTimeout(timer);
    }
  }

  async function stop(): Promise<void> {
    news();
    await Promise.all(processes.map((process) => process.stop()));
    clearInterval(watch);
  }

  return {
    name: 'worker processes',
    start() {
      starting ??= start();
      return starting;
    },
    stop() {
      stopping ??= stop();
      return stopping;
    },
    get workers() {
      return processes.map(({ status }) => status);
    },
    async snapshots() {
      await Promise.all(processes.map((process) => process.report()));
      // Read in one go: a process that ends meanwhile must stand on one side and not on both, or on none.
      return [...retired.snapshots, ...processes.map(({ metrics }) => metrics)];
    },
    kill() {
      for (const process of processes) process.kill('stopped');
    },
  };
}

function inMegabytes(bytes: number): string {
  return `${Math.round(bytes / 1024 ** 2)}M`;
}
