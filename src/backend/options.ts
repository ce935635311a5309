import type { KeepJobs, WorkerOptions } from 'bullmq';
import type { WorkerSettings } from './port.ts';

/** BullMQ counts age in seconds. */
function keep({ ageMs, count }: { readonly ageMs?: number; readonly count?: number }): KeepJobs {
  if (ageMs === undefined) return { count: count ?? -1 };
  const age = Math.ceil(ageMs / 1_000);
  return count === undefined ? { age } : { age, count };
}

/** What all stores have in common in a worker's options. */
export function workerOptions(settings: WorkerSettings): Omit<WorkerOptions, 'connection'> {
  return {
    name: settings.name,
    concurrency: settings.concurrency,
    lockDuration: settings.lockDurationMs,
    // A dead worker's jobs are found after the lock has ended and at the next look for stalled ones.
    stalledInterval: settings.lockDurationMs,
    maxStalledCount: settings.maxStalls,
    removeOnComplete: keep(settings.keepCompleted),
    removeOnFail: keep(settings.keepFailed),
    // BullMQ's own 15 s would be added to every outage, however short.
    runRetryDelay: 1_000,
    autorun: false,
    ...(settings.limit === undefined
      ? {}
      : { limiter: { max: settings.limit.max, duration: settings.limit.durationMs } }),
  };
}
