import { type ChildProcess, fork } from 'node:child_process';
import type { MetricsSnapshot } from '../observability/summed-metrics.ts';
import { RestartBackoff } from './restart-backoff.ts';
import { isAway } from './start-patience.ts';
import { beatMs, type ToWorker, toSupervisor } from './supervision.ts';
import { type EndReport, explainEnd, type HowItEnded, type WorkerEnd } from './worker-end.ts';

/**
 * One worker process and its successors: started, watched, drained, started again.
 *
 *     waiting -> starting -> up -> draining -> (ended) -> waiting ...
 *
 * Whatever way a process ends, the next is started after a pause, until `stop`.
 */
export type WorkerState = 'waiting' | 'starting' | 'up' | 'draining' | 'stopped';

export interface WorkerStatus {
  /** Counted from 1. */
  readonly worker: number;
  readonly state: WorkerState;
  readonly pid: number | undefined;
  readonly memoryBytes: number | undefined;
  /** Up, and each queue has a worker that takes jobs. */
  readonly healthy: boolean;
  readonly jobs: number;
  readonly restarts: number;
  /** Code of the fault that its latest start failed with. */
  readonly fault: string | undefined;
}

export interface WorkerProcessOptions {
  readonly worker: number;
  /** The program, run by this Node with this process's own flags and environment. */
  readonly script: URL;
  readonly embeddedUrl: string | undefined;
  readonly startTimeoutMs: number;
  /** How long a drain may take before the process is killed. */
  readonly drainTimeoutMs: number;
  /** A process that says nothing for so long is stuck, and is killed. */
  readonly silenceMs: number;
  readonly backoff: { readonly firstMs: number; readonly longestMs: number; readonly provenMs: number };
  onUp(): void;
  onBeat(process: WorkerProcess): void;
  onEnd(report: EndReport): void;
  /** The latest metrics of a process that has ended. */
  onRetired(metrics: MetricsSnapshot): void;
}

const reportTimeoutMs = 1_000;
const longestPauseForStoreMs = 10_000;

export class WorkerProcess {
  readonly #options: WorkerProcessOptions;
  readonly #backoff: RestartBackoff;
  readonly #reports = new Map<number, () => void>();
  #state: WorkerState = 'waiting';
  #child: ChildProcess | undefined;
  #ended: Promise<void> = Promise.resolve();
  #upSince: number | undefined;
  /** Looks of the watch since the last word: counted and not timed, so that a machine that slept kills nobody. */
  #silentLooks = 0;
  #beat: { memoryBytes: number; healthy: boolean; jobs: number } | undefined;
  #metrics: MetricsSnapshot = [];
  #fault: { code: string; message: string } | undefined;
  #cause: WorkerEnd | undefined;
  #restarts = 0;
  #timer: NodeJS.Timeout | undefined;
  #nextReport = 0;

  constructor(options: WorkerProcessOptions) {
    this.#options = options;
    this.#backoff = new RestartBackoff(options.backoff);
  }

  get status(): WorkerStatus {
    return {
      worker: this.#options.worker,
      state: this.#state,
      pid: this.#child?.pid,
      memoryBytes: this.#beat?.memoryBytes,
      healthy: this.#state === 'up' && this.#beat?.healthy === true,
      jobs: this.#beat?.jobs ?? 0,
      restarts: this.#restarts,
      fault: this.#fault?.code,
    };
  }

  /** Why the latest start failed, in the process's own words. */
  get fault(): string | undefined {
    return this.#fault?.message;
  }

  /** The latest that the process has told, without asking it. */
  get metrics(): MetricsSnapshot {
    return this.#metrics;
  }

  /** Starts the process; resolves when it is up, with `true`, or has ended without having been so. */
  start(): Promise<boolean> {
    if (this.#state !== 'waiting') return Promise.resolve(false);
    this.#state = 'starting';
    this.#cause = undefined;
    this.#beat = undefined;
    this.#metrics = [];
    const { script, worker, embeddedUrl, startTimeoutMs } = this.#options;
    const child = fork(script, [], {
      stdio: ['ignore', 'inherit', 'inherit', 'ipc'],
      // What the file said is in the environment by now.
      execArgv: process.execArgv.filter((flag) => !flag.startsWith('--env-file')),
    });
    this.#child = child;
    this.#send({ kind: 'begin', worker, ...(embeddedUrl === undefined ? {} : { embeddedUrl }) });
    this.#killAfter(startTimeoutMs, 'not-started');
    return new Promise((resolve) => {
      child.on('message', (raw) => {
        if (this.#hear(raw)) resolve(true);
      });
      this.#ended = new Promise((ended) => {
        const end = (how: HowItEnded) => {
          this.#end(how);
          resolve(false);
          ended();
        };
        // `close` comes after its last message, which `exit` need not.
        child.once('close', (code, signal) => end({ code, signal }));
        child.on('error', (error) => {
          // Else it is about a message to a process that is ending.
          if (child.pid === undefined) end({ code: null, signal: null, error });
        });
      });
    });
  }

  /** Has the process end when its jobs have; the next is started in its place. */
  drain(cause: WorkerEnd): void {
    if (this.#state !== 'up' && this.#state !== 'starting') return;
    this.#state = 'draining';
    this.#cause = cause;
    this.#send({ kind: 'drain' });
    this.#killAfter(this.#options.drainTimeoutMs, cause);
  }

  /** Drains for good. */
  async stop(): Promise<void> {
    if (this.#state === 'waiting') clearTimeout(this.#timer);
    this.drain('stopped');
    const ended = this.#ended;
    // A drain that was under way for another cause leads to no successor either.
    this.#cause = 'stopped';
    if (this.#child === undefined) this.#state = 'stopped';
    await ended;
  }

  /** Ends the process at once; its jobs are found by others when their locks have ended. */
  kill(cause: WorkerEnd): void {
    this.#cause ??= cause;
    this.#child?.kill('SIGKILL');
  }

  /** One look of the watch, every `beatMs`. */
  look(): void {
    if (this.#state !== 'up' && this.#state !== 'draining') return;
    this.#silentLooks += 1;
    if (this.#silentLooks * beatMs > this.#options.silenceMs) this.kill('silent');
  }

  /** Brings `metrics` up to date, unless the process does not answer soon. */
  async report(): Promise<void> {
    if (this.#state !== 'up' && this.#state !== 'draining') return;
    this.#nextReport += 1;
    const id = this.#nextReport;
    await new Promise<void>((resolve) => {
      const timer = setTimeout(resolve, reportTimeoutMs);
      this.#reports.set(id, () => {
        clearTimeout(timer);
        resolve();
      });
      this.#send({ kind: 'report', id });
    });
    this.#reports.delete(id);
  }

  /** `true` when the process has come up. */
  #hear(raw: unknown): boolean {
    const read = toSupervisor.safeParse(raw);
    // Node's own watch mode talks over the same channel.
    if (!read.success) return false;
    this.#silentLooks = 0;
    const message = read.data;
    switch (message.kind) {
      case 'up':
        this.#upSince = performance.now();
        this.#fault = undefined;
        // Told to drain before it was up, it still has to, in the time that it was given.
        if (this.#state !== 'starting') return true;
        clearTimeout(this.#timer);
        this.#state = 'up';
        this.#options.onUp();
        return true;
      case 'beat':
        this.#beat = message;
        this.#options.onBeat(this);
        return false;
      case 'metrics':
        this.#metrics = message.metrics;
        if (message.id !== undefined) this.#reports.get(message.id)?.();
        return false;
      case 'failed':
        this.#fault = message;
        return false;
    }
  }

  #end(how: HowItEnded): void {
    clearTimeout(this.#timer);
    const { worker, onRetired, onEnd } = this.#options;
    const upMs = this.#upSince === undefined ? 0 : performance.now() - this.#upSince;
    const end = this.#cause ?? (this.#upSince === undefined ? 'not-started' : 'died');
    const stopped = end === 'stopped';
    const restartInMs = stopped ? undefined : this.#pause(upMs);
    const report = {
      worker,
      pid: this.#child?.pid,
      end,
      message: explainEnd(end, how, this.#fault?.message),
      inOrder: how.code === 0,
      failures: this.#backoff.failures,
      restartInMs,
    };
    onRetired(this.#metrics);
    this.#child = undefined;
    this.#upSince = undefined;
    this.#beat = undefined;
    this.#metrics = [];
    for (const resolve of this.#reports.values()) resolve();
    this.#state = stopped ? 'stopped' : 'waiting';
    if (!stopped) {
      this.#restarts += 1;
      this.#timer = setTimeout(() => void this.start(), restartInMs);
    }
    onEnd(report);
  }

  #pause(upMs: number): number {
    const pauseMs = this.#backoff.next(upMs);
    // A store's return must not find everybody asleep; trying costs it nothing.
    return isAway(this.#fault?.code) ? Math.min(pauseMs, longestPauseForStoreMs) : pauseMs;
  }

  #killAfter(ms: number, cause: WorkerEnd): void {
    clearTimeout(this.#timer);
    this.#timer = setTimeout(() => this.kill(cause), ms);
  }

  #send(message: ToWorker): void {
    // A process that is just ending cannot be told anything, and need not be.
    if (this.#child?.connected === true) this.#child.send(message, () => undefined);
  }
}
