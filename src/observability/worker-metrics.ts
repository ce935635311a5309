import { Counter, Gauge, type Registry } from 'prom-client';
import type { Events } from './events.ts';

/** A worker process as its supervisor sees it; one that runs alone is worker 1. */
interface WorkerMemory {
  readonly worker: number;
  readonly memoryBytes?: number | undefined;
}

/** What is told of worker processes by whoever answers for them: their supervisor, or the one that runs alone. */
export function watchWorkers(
  events: Events,
  workers: () => readonly WorkerMemory[],
  memoryLimitBytes: number,
  registry: Registry,
): void {
  const registers = [registry];
  new Gauge({
    name: 'worker_memory_limit_bytes',
    help: 'Resident memory above which a worker process drains and is replaced',
    registers,
    // It is the same for all processes whose metrics are summed up.
    aggregator: 'max',
  }).set(memoryLimitBytes);
  new Gauge({
    name: 'worker_process_memory_bytes',
    help: 'Resident memory of each worker process',
    labelNames: ['worker'],
    registers,
    collect() {
      this.reset();
      for (const { worker, memoryBytes } of workers())
        if (memoryBytes !== undefined) this.set({ worker: `${worker}` }, memoryBytes);
    },
  });
  const ends = new Counter({
    name: 'worker_process_ends_total',
    help: 'Ends of worker processes that led to another start, by reason',
    labelNames: ['reason'],
    registers,
  });
  events.on('worker.ended', ({ reason }) => ends.inc({ reason }));
}
