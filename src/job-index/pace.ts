import { setTimeout as passing } from 'node:timers/promises';

/** A process that is at work for this share of its time has jobs that wait for it. */
export const busyLoad = 0.5;
/** Other processes have jobs that wait for them while any of them has put something off so lately. */
export const lateMs = 5_000;
/** In busy times what was put off waits for so long; then it goes the faster the longer it waits, and after the last as in quiet times. */
export const deferredMs = 60_000;
const patienceMs = 10 * 60_000;
/** Of the time that a batch takes, so many times as much is left to the jobs before the next. */
export const quietPause = 1;
const busyPause = 49;
const longestPauseMs = 30_000;

/** How many times as long as a batch took is left to the jobs after it, when what was put off waits for `waitedMs`. */
export function pauseAfter(busy: boolean, waitedMs: number): number {
  return busy ? Math.max(quietPause, busyPause * (1 - waitedMs / patienceMs)) : quietPause;
}

/** Waits `share` times as long as what began then (`performance.now()`) has taken, or until the signal. */
export async function pause(share: number, began: number, signal: AbortSignal): Promise<void> {
  const ms = Math.min(longestPauseMs, share * (performance.now() - began));
  await passing(ms, undefined, { signal, ref: false }).catch(() => undefined);
}
