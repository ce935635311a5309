/**
 * Loaded into a worker process before its own code (`--import`): answers its parent with what it has cost. Plain JavaScript,
 * so that the process need not load what reads TypeScript.
 */
import { monitorEventLoopDelay } from 'node:perf_hooks';

const delay = monitorEventLoopDelay({ resolution: 1 });
process.on('message', (question) => {
  if (question === 'begin') {
    delay.reset();
    delay.enable();
  } else delay.disable();
  process.send?.({
    peakMb: Math.round(process.resourceUsage().maxRSS / 1_024),
    loopP99Ms: Math.round(delay.percentile(99) / 1e5) / 10,
    loopMaxMs: Math.round(delay.max / 1e6),
  });
});
// Whoever listens keeps a process alive; this one ends when its work does.
process.channel?.unref();
