import { setImmediate as turn } from 'node:timers/promises';

/** Long enough to be worth a turn of the event loop, short enough that nobody waits: ms. */
const sliceMs = 8;

/** For loops that compute: call it at each step, and the process's other work has its turn every few milliseconds. */
export function createBreather(): () => Promise<void> | undefined {
  let began = performance.now();
  return () => {
    if (performance.now() - began < sliceMs) return undefined;
    return turn().then(() => {
      began = performance.now();
    });
  };
}
