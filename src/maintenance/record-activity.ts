import type { Activity, ProcessReport } from '../integrations/database/port.ts';
import { createLoop } from '../lifecycle/loop.ts';
import type { Service } from '../lifecycle/service.ts';
import type { ActivityCounter } from '../observability/activity.ts';

export interface ActivityRecorderOptions {
  readonly counter: ActivityCounter;
  readonly activity: Activity;
  /** What this process has to say of itself now. */
  report(): ProcessReport;
  onError(error: unknown): void;
  /** How often it reports, in ms; every ten seconds when absent. */
  readonly intervalMs?: number;
}

const defaultIntervalMs = 10_000;

/**
 * Tells the database that this process is there and what it has done since it last told. Counts that were not written
 * when a process is killed are lost: at most those of one interval, and they are for people only.
 */
export function createActivityRecorder(options: ActivityRecorderOptions): Service {
  const { counter, activity, onError } = options;
  const report = async () => {
    const minutes = counter.drain();
    try {
      await activity.record(options.report(), minutes);
    } catch (error) {
      counter.restore(minutes);
      throw error;
    }
  };
  const loop = createLoop({
    name: 'activity',
    intervalMs: options.intervalMs ?? defaultIntervalMs,
    runOnce: report,
    onError,
  });
  let started = false;
  return {
    name: 'activity',
    async start() {
      if (started) return;
      started = true;
      // At once, so that a process is seen from its start. A database that is away now may be back at the next round.
      await report().catch(onError);
      await loop.start();
    },
    async stop() {
      await loop.stop();
      if (!started) return;
      started = false;
      await report().catch(onError);
      await activity.forget(options.report().instance).catch(onError);
    },
  };
}
