import { performance } from 'node:perf_hooks';

/** The share of the last moments in which this process was at work, 0 to 1. */
export type Load = () => number;

/** Shorter stretches say little: one job may fill them. */
const leastMs = 200;

/** Measures from one question to the next. */
export function measureLoad(): Load {
  let from = performance.eventLoopUtilization();
  let at = performance.now();
  let load = 0;
  return () => {
    if (performance.now() - at < leastMs) return load;
    const until = performance.eventLoopUtilization();
    load = performance.eventLoopUtilization(until, from).utilization;
    from = until;
    at = performance.now();
    return load;
  };
}
