import type { MetricsSnapshot } from '../observability/summed-metrics.ts';
import { beatMs, type ToSupervisor, type ToWorker, toWorker } from './supervision.ts';

/** How often a worker process hands in its metrics unasked, so that little is lost when it is killed. */
const reportMs = 10_000;

/** What a worker process shows of itself, and what it does when it is told. */
export interface Supervised {
  readonly healthy: boolean;
  /** How many run. */
  readonly jobs: number;
  snapshot(): Promise<MetricsSnapshot>;
  /** Take nothing more, let what runs finish, end. May be called more than once. */
  drain(): void;
  /** The supervisor is gone: nobody counts this process or will stop it, so it hands back its jobs and ends. */
  orphaned(): void;
}

/** A worker process's side of its supervision. */
export interface SupervisorLink {
  readonly begin: Extract<ToWorker, { kind: 'begin' }>;
  /** From here on orders are heeded, also those that came before. */
  serve(process: Supervised): void;
  up(): void;
  /** Tells why this process cannot start; resolves when it has been told. */
  failed(code: string, message: string): Promise<void>;
  /** The last thing said: what was counted. Resolves when it has been told. */
  close(): Promise<void>;
}

/** Resolves with the supervisor's first message; `undefined` when this process has no supervisor, or none any more. */
export async function linkToSupervisor(): Promise<SupervisorLink | undefined> {
  if (process.send === undefined) return undefined;
  let served: Supervised | undefined;
  let draining = false;
  let gone = false;

  const send = (message: ToSupervisor): Promise<void> =>
    new Promise((resolve) => {
      // Whom it was for may be gone, which `disconnect` tells.
      if (process.send === undefined || !process.connected) return resolve();
      process.send(message, undefined, {}, () => resolve());
    });
  const report = async (id?: number) => {
    if (served === undefined) return;
    await send({
      kind: 'metrics',
      ...(id === undefined ? {} : { id }),
      metrics: [...(await served.snapshot())],
    });
  };

  const begin = await new Promise<SupervisorLink['begin'] | undefined>((resolve) => {
    process.on('message', (raw) => {
      const read = toWorker.safeParse(raw);
      if (!read.success) return;
      switch (read.data.kind) {
        case 'begin':
          return resolve(read.data);
        case 'report':
          return void report(read.data.id);
        case 'drain':
          draining = true;
          served?.drain();
      }
    });
    process.on('disconnect', () => {
      gone = true;
      served?.orphaned();
      resolve(undefined);
    });
    if (!process.connected) resolve(undefined);
  });
  if (begin === undefined) return undefined;

  return {
    begin,
    serve(it) {
      served = it;
      if (gone) it.orphaned();
      else if (draining) it.drain();
    },
    up() {
      void send({ kind: 'up' });
      const beat = () => {
        if (served === undefined) return;
        const { healthy, jobs } = served;
        void send({ kind: 'beat', memoryBytes: process.memoryUsage.rss(), healthy, jobs });
      };
      beat();
      setInterval(beat, beatMs).unref();
      setInterval(() => void report(), reportMs).unref();
    },
    failed: (code, message) => send({ kind: 'failed', code, message }),
    close: () => report(),
  };
}
