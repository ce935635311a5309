import { setTimeout as pause } from 'node:timers/promises';

/**
 * Keeps requests at least `intervalMs` apart, in the order in which they asked.
 * @returns a function that resolves when the caller's turn has come, and rejects with the signal's reason.
 */
export function createPace(intervalMs: number): (signal: AbortSignal) => Promise<void> {
  let nextTurn = 0;
  return async (signal) => {
    signal.throwIfAborted();
    const now = performance.now();
    const turn = Math.max(now, nextTurn);
    nextTurn = turn + intervalMs;
    if (turn === now) return;
    try {
      await pause(turn - now, undefined, { signal });
    } catch (error) {
      signal.throwIfAborted();
      throw error;
    }
  };
}
