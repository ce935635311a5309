import type { Service } from './service.ts';

export interface LoopOptions {
  readonly name: string;
  readonly intervalMs: number;
  /** Does the duty once; a failure is reported and the next round comes all the same. */
  runOnce(): Promise<unknown>;
  onError(error: unknown): void;
}

/** Runs a duty again and again, each round after the last has ended, with up to a tenth of jitter in between. */
export function createLoop({ name, intervalMs, runOnce, onError }: LoopOptions): Service {
  let timer: NodeJS.Timeout | undefined;
  let running: Promise<unknown> | undefined;
  let started = false;

  const round = () => {
    running = runOnce()
      .catch(onError)
      .finally(() => {
        running = undefined;
        if (started) plan();
      });
  };
  const plan = () => {
    clearTimeout(timer);
    timer = setTimeout(round, intervalMs * (0.95 + Math.random() * 0.1));
    // A duty must not keep a process alive that has nothing else to do.
    timer.unref();
  };

  return {
    name,
    async start() {
      if (started) return;
      started = true;
      plan();
    },
    async stop() {
      started = false;
      clearTimeout(timer);
      await running;
    },
  };
}
